"""Flags of rows: what qualifies a number, as a name in the store and in words for people.

A reader that meets something legal but suspicious warns with a `p3mbench.errors.DataWarning` that
carries one of these names; metrics add their own (docs/metrics.md). A row keeps the names, joined
by commas; every output shows the words.
"""

from __future__ import annotations

from collections.abc import Iterable

IMPORTED = "imported"  # of rows that were not measured here

WORDS: dict[str, str] = {
    # of metrics
    "no_unknown": "the trimap has no unknown pixel, so metrics of the unknown region are undefined",
    "no_foreground": "the trimap has no foreground, so its means are undefined",
    "no_background": "the trimap has no background, so its means are undefined",
    "no_face": "the face area is empty, so metrics of the face are undefined",
    "no_boundary": "the ground truth has no boundary, so metrics of the boundary are undefined",
    "conn_empty_level": "a level that no pixel reaches in both mattes: CONN follows the convention",
    "conn_tie": "CONN had to choose between equally large components",
    "conn_background": "CONN took the background for the largest component",
    "empty_prediction": "the predicted matte is all 0; CONN may look perfect",
    "empty_alpha": "the ground truth is all 0",
    "known_not_binary": "the ground truth is neither 0 nor 1 in some known pixels of the trimap",
    "quantised": "the float prediction was reduced to 8 bits, as the convention's code does",
    "clipped": "values up to 1e-6 outside [0, 1] were clipped",
    # of rows
    "seen_in_training": "the checkpoint was trained on these test images",
    IMPORTED: "the score was imported, not measured here",
}

# These explain a value and leave it as good as any other. Every other flag, one of a plugin
# included, qualifies the number: reports name it first and mark the line of its method.
HARMLESS = frozenset({
    "no_unknown", "no_foreground", "no_background", "no_face", "no_boundary", "conn_empty_level",
    "conn_tie", "conn_background", "known_not_binary", "quantised", "clipped",
})  # fmt: skip


def words(flag: str) -> str:
    """A flag in words; a name that this version does not know, as it is."""
    return WORDS.get(flag, flag)


def qualifies(flag: str) -> bool:
    """Whether a flag changes how far a number can be believed."""
    return flag not in HARMLESS


def in_words(text: str) -> str:
    """The flags of a row's text in words, joined by semicolons."""
    return "; ".join(words(flag) for flag in split(text))


def joined(flags: Iterable[str]) -> str:
    """Flags as a row keeps them: each once, in order, joined by commas."""
    return ",".join(dict.fromkeys(flag for flag in flags if flag))


def split(text: str) -> tuple[str, ...]:
    """The flags of a row's text."""
    return tuple(flag for flag in text.split(",") if flag)

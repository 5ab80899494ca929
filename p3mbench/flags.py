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
    # of files
    "matte_0_1": "the greatest value of a matte's file is 1 of 255: a mask stored as 0 and 1?",
    "matte_range": "no pixel of a matte's file is half opaque, or it misses white: another range?",
    "trimap_values": "trimap values other than 0, 128 and 255 were taken as unknown",
    "trimap_class": "the trimap has no foreground or no background",
    "trimap_contrary": "the trimap calls many pixels the contrary of the alpha",
    "full_alpha": "the ground truth is all 1: there is no background",
    "dark_picture": "no pixel of the picture is brighter than 100 of 255: another range?",
    "exif_orientation": "the EXIF orientation is not 1; pixels are taken as stored",
    "large_face": "the face mask covers more than half of the picture",
    "small_face": "the face mask covers less than a pixel in two thousand of the picture",
    "face_outside": "most of the face mask lies outside the opaque person and stays visible",
    "same_variants": "the blurred and the unblurred picture are the same",
    "swapped_variants": "the blurred picture is sharper than the unblurred one: swapped?",
    # of rows
    "seen_in_training": "the checkpoint was trained on these test images",
    IMPORTED: "the score was imported, not measured here",
    "odd_scores": "the imported scores do not fit each other or the benchmark's image sizes",
    "stale": "the score is of other code or libraries than today's and was kept (--keep-stale)",
    "code_unknown": "an older version of p3mbench stored the score; its code was not recorded",
}

# These explain a value and leave it as good as any other. Every other flag, one of a plugin
# included, qualifies the number: reports name it first and mark the line of its method.
HARMLESS = frozenset({
    "no_unknown", "no_foreground", "no_background", "no_face", "no_boundary", "conn_empty_level",
    "conn_tie", "conn_background", "known_not_binary", "quantised", "clipped",
})  # fmt: skip


EMPTY = "no_"  # begins the flag of a region without a pixel; its name follows


def words(flag: str) -> str:
    """A flag in words; a name that this version does not know, as it is.

    >>> words("no_ring"), words("mine")
    ('the region ring has no pixel, so its metrics are undefined', 'mine')
    """
    if flag.startswith(EMPTY) and flag not in WORDS:
        return f"the region {flag.removeprefix(EMPTY)} has no pixel, so its metrics are undefined"
    return WORDS.get(flag, flag)


def qualifies(flag: str) -> bool:
    """Whether a flag changes how far a number can be believed."""
    return flag not in HARMLESS and not flag.startswith(EMPTY)


def in_words(text: str) -> str:
    """The flags of a row's text in words, joined by semicolons."""
    return "; ".join(words(flag) for flag in split(text))


def joined(flags: Iterable[str]) -> str:
    """Flags as a row keeps them: each once, in order, joined by commas."""
    return ",".join(dict.fromkeys(flag for flag in flags if flag))


def split(text: str) -> tuple[str, ...]:
    """The flags of a row's text."""
    return tuple(flag for flag in text.split(",") if flag)

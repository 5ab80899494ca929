"""Flags of rows in sentences, for notes of tables, captions of pictures and the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from p3mbench.report.analysis.comparison import Comparison
from p3mbench.report.analysis.flagging import FlagUse, Tally, sources, uses_shown
from p3mbench.report.wording.numbers import count

MOST_NAMES = 8  # methods that a note lists


def with_notes(notes: Sequence[str], uses: Sequence[FlagUse]) -> tuple[str, ...]:
    """Add the notes on flags that qualify numbers, first.

    Harmless flags have one line in the table of provenance (`harmless_note`).
    """
    first = [f"[{use.mark}] {_sentence(use)}: {extent(use)}." for use in uses if use.mark]
    return (*first, *dict.fromkeys(notes))


def qualifying_notes(uses: Sequence[FlagUse]) -> list[str]:
    """Write a sentence per flag that qualifies numbers, without its letter."""
    return [f"{_sentence(use)}: {extent(use)}." for use in uses if use.mark]


def harmless_note(uses: Sequence[FlagUse]) -> list[str]:
    """Write one note that explains every flag that leaves a score as it is."""
    harmless = [use for use in uses if not use.mark]
    if not harmless:
        return []
    parts = [
        f"{use.flag} ({use.words}; {extent(use)})" if use.words != use.flag
        else f"{use.flag} ({extent(use)})"
        for use in harmless
    ]  # fmt: skip
    return [f"Flags that leave a score as it is: {'; '.join(parts)}."]


def warnings_of(comparison: Comparison, subsets: Iterable[str] = ()) -> str:
    """Write one paragraph for the caption of a picture: what qualifies the numbers in it.

    Args:
        comparison: of the picture.
        subsets: of the picture; the main one if empty.
    """
    return " ".join(qualifying_notes(uses_shown(comparison, subsets)))


def extent(use: FlagUse) -> str:
    """Say which rows a flag concerns: "all methods, 96 of 96 rows", "MODNet, 12 of 96 rows"."""
    rows = f"{use.rows:,} of {count(use.of, 'row')}"
    if use.everyone:
        return f"{'all methods' if len(use.methods) > 1 else use.methods[0]}, {rows}"
    names = list(use.methods[:MOST_NAMES])
    more = len(use.methods) - len(names)
    return f"{', '.join(names)}{f' and {more} more' if more else ''}, {rows}"


def origin_sentence(found: Iterable[Tally]) -> str:
    """Say that all or some of the scores were imported; "" if none were."""
    imported, rows = sources(found)
    if not imported:
        return ""
    if imported == rows:
        return "All scores are imported, not measured here."
    return f"Of {count(rows, 'score')}, {imported:,} are imported, not measured here."


def _sentence(use: FlagUse) -> str:
    """Write the flag in words, with its name unless the words contain it."""
    if use.words == use.flag:
        return f"Flag {use.flag}"
    return f"{use.words[0].upper()}{use.words[1:]} (flag {use.flag})"

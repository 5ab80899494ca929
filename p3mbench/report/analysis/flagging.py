"""Counts of flags: how many of the rows behind a line, a table or a picture have each flag."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from p3mbench import flags
from p3mbench.flags import IMPORTED
from p3mbench.report.analysis.comparison import Comparison
from p3mbench.report.analysis.entries import Entry
from p3mbench.report.analysis.grouping import as_text
from p3mbench.settings import Setting

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How often each flag occurs among the stored rows of one entry in one place.

    Attributes:
        of: the entry's label, then the place; equal for the same stored rows.
        rows: their number. flags: (name, number of rows that have it).
    """

    of: tuple[str, ...]
    rows: int
    flags: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class FlagUse:
    """A flag among the rows behind a line, a table or a picture.

    Attributes:
        flag, words: its name and its meaning.
        mark: the letter at the lines that it qualifies; "" for a flag that leaves scores as good.
        rows, of: number of stored rows that have it, and of all stored rows behind the display.
        methods: labels of the entries with such rows. everyone: whether all entries have some.
    """

    flag: str
    words: str
    mark: str
    rows: int
    of: int
    methods: tuple[str, ...]
    everyone: bool


def tallies(entry: Entry, places: Iterable[tuple[str, Setting]]) -> tuple[Tally, ...]:
    """Count the flags of an entry's rows, one tally per (subset, setting) that has rows."""
    found = []
    for subset, setting in dict.fromkeys(places):
        scores = entry.scores.get((subset, setting))
        if scores is not None:
            of = (entry.label, subset, setting.train, setting.test)
            found.append(Tally(of=of, rows=len(scores.images), flags=tuple(scores.flags.items())))
    return tuple(found)


def flag_uses(found: Iterable[Tally]) -> tuple[FlagUse, ...]:
    """Return each flag once, with its rows: those that qualify a number first, with a letter."""
    each = list({tally.of: tally for tally in found}.values())
    methods = dict.fromkeys(tally.of[0] for tally in each)
    total = sum(tally.rows for tally in each)
    counts: dict[str, dict[str, int]] = {}
    for tally in each:
        for flag, n in tally.flags:
            of = counts.setdefault(flag, {})
            of[tally.of[0]] = of.get(tally.of[0], 0) + n
    order = sorted(counts, key=lambda flag: (not flags.qualifies(flag), flag))
    return tuple(
        FlagUse(
            flag=flag,
            words=flags.words(flag),
            mark=_letter(i) if flags.qualifies(flag) else "",
            rows=sum(counts[flag].values()),
            of=total,
            methods=tuple(counts[flag]),
            everyone=len(counts[flag]) == len(methods),
        )
        for i, flag in enumerate(order)
    )


def uses_shown(comparison: Comparison, subsets: Iterable[str] = ()) -> tuple[FlagUse, ...]:
    """Return the flags behind a picture of some subsets (by default the main), in all settings."""
    shown = tuple(subsets) or (comparison.subset,)
    places = [(subset, setting) for subset in shown for setting in comparison.settings(subset)]
    return flag_uses(tally for entry in comparison.entries for tally in tallies(entry, places))


def uses_in_rows(frame: pd.DataFrame) -> tuple[FlagUse, ...]:
    """Return the flags of all rows of a store, by the title of the method."""
    columns = (frame[name].map(as_text) for name in ("title", "method", "flags"))
    groups = Counter((title or method, text) for title, method, text in zip(*columns, strict=True))
    return flag_uses(
        Tally(of=(label, text), rows=n, flags=tuple((flag, n) for flag in flags.split(text)))
        for (label, text), n in groups.items()
    )


def sources(found: Iterable[Tally]) -> tuple[int, int]:
    """Return the number of imported rows, and of all rows, behind some tallies."""
    each = {tally.of: tally for tally in found}.values()
    imported = sum(dict(tally.flags).get(IMPORTED, 0) for tally in each)
    return imported, sum(tally.rows for tally in each)


def _letter(i: int) -> str:
    """Return a, b, ... z, aa, ab, ..."""
    head, tail = divmod(i, 26)
    return (_letter(head - 1) if head else "") + chr(ord("a") + tail)

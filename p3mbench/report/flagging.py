"""Flags of rows on their way into tables: marks at methods, notes in words, counts for machines.

Every table says of each line which stored rows stand behind it (a `Tally` per place); `flag_uses`
makes the rest of that. A flag that qualifies a number gets a letter at each line that it concerns
and a note before all others. A single note at the end explains the harmless ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from p3mbench import flags
from p3mbench.flags import IMPORTED
from p3mbench.report.display import count
from p3mbench.report.entries import Entry, EntrySet
from p3mbench.report.gaps import Setting
from p3mbench.report.grouping import as_text
from p3mbench.report.model import FlagUse, Row, Tally

if TYPE_CHECKING:
    import pandas as pd

MOST_NAMES = 8  # methods that a note lists


def tallies(entry: Entry, places: Iterable[tuple[str, Setting]]) -> tuple[Tally, ...]:
    """What the rows of an entry are flagged with, one tally per (subset, setting) that has rows."""
    found = []
    for subset, setting in dict.fromkeys(places):
        scores = entry.scores.get((subset, setting))
        if scores is not None:
            of = (entry.label, subset, setting.train, setting.test)
            found.append(Tally(of=of, rows=len(scores.images), flags=tuple(scores.flags.items())))
    return tuple(found)


def flag_uses(found: Iterable[Tally]) -> tuple[FlagUse, ...]:
    """Each flag once, with what it concerns: those that qualify a number first, with a letter."""
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


def marked(rows: Iterable[Row], uses: Sequence[FlagUse]) -> tuple[Row, ...]:
    """Rows with the letters of the flags that qualify them."""
    letters = {use.flag: use.mark for use in uses if use.mark}
    return tuple(
        replace(row, marks=tuple(letter for flag, letter in letters.items() if flag in row.flags))
        for row in rows
    )


def with_notes(notes: Sequence[str], uses: Sequence[FlagUse]) -> tuple[str, ...]:
    """Notes with those of the flags: what qualifies numbers first, what is harmless last."""
    first = [f"[{use.mark}] {_sentence(use)}: {extent(use)}." for use in uses if use.mark]
    return (*first, *dict.fromkeys(notes), *harmless_note(uses))


def qualifying_notes(uses: Sequence[FlagUse]) -> list[str]:
    """A sentence per flag that qualifies numbers, without its letter."""
    return [f"{_sentence(use)}: {extent(use)}." for use in uses if use.mark]


def notes_of_rows(frame: pd.DataFrame) -> list[str]:
    """`qualifying_notes` over all rows of a store, by the title of the method."""
    columns = (frame[name].map(as_text) for name in ("title", "method", "flags"))
    groups = Counter((title or method, text) for title, method, text in zip(*columns, strict=True))
    return qualifying_notes(
        flag_uses(
            Tally(of=(label, text), rows=n, flags=tuple((flag, n) for flag in flags.split(text)))
            for (label, text), n in groups.items()
        )
    )


def harmless_note(uses: Sequence[FlagUse]) -> list[str]:
    """One note that explains every flag that leaves a score as it is."""
    harmless = [use for use in uses if not use.mark]
    if not harmless:
        return []
    parts = [
        f"{use.flag} ({use.words}; {extent(use)})" if use.words != use.flag
        else f"{use.flag} ({extent(use)})"
        for use in harmless
    ]  # fmt: skip
    return [f"Flags that leave a score as it is: {'; '.join(parts)}."]


def warnings_of(entries: EntrySet, subsets: Sequence[str] = ()) -> str:
    """One paragraph for the caption of a picture: what qualifies the numbers that it shows.

    Args:
        entries: whose rows.
        subsets: of the picture; the main one if empty.
    """
    shown = subsets or (entries.subset,)
    places = [(subset, setting) for subset in shown for setting in entries.settings(subset)]
    uses = flag_uses(tally for entry in entries.entries for tally in tallies(entry, places))
    return " ".join([*qualifying_notes(uses), *harmless_note(uses)])


def extent(use: FlagUse) -> str:
    """What a flag concerns: "all methods, 96 of 96 rows", "MODNet, 12 of 96 rows"."""
    rows = f"{use.rows:,} of {count(use.of, 'row')}"
    if use.everyone:
        return f"{'all methods' if len(use.methods) > 1 else use.methods[0]}, {rows}"
    names = list(use.methods[:MOST_NAMES])
    more = len(use.methods) - len(names)
    return f"{', '.join(names)}{f' and {more} more' if more else ''}, {rows}"


def sources(found: Iterable[Tally]) -> tuple[int, int]:
    """(rows that were imported, all rows) behind some tallies."""
    each = {tally.of: tally for tally in found}.values()
    imported = sum(dict(tally.flags).get(IMPORTED, 0) for tally in each)
    return imported, sum(tally.rows for tally in each)


def origin_sentence(found: Iterable[Tally]) -> str:
    """Says that scores were imported: of all rows, of some, or "" of none."""
    imported, rows = sources(found)
    if not imported:
        return ""
    if imported == rows:
        return "All scores are imported, not measured here."
    return f"Of {count(rows, 'score')}, {imported:,} are imported, not measured here."


def _sentence(use: FlagUse) -> str:
    """The flag in words, with its name where the words do not hold it."""
    if use.words == use.flag:
        return f"Flag {use.flag}"
    return f"{use.words[0].upper()}{use.words[1:]} (flag {use.flag})"


def _letter(i: int) -> str:
    """a, b, ... z, aa, ab, ..."""
    head, tail = divmod(i, 26)
    return (_letter(head - 1) if head else "") + chr(ord("a") + tail)

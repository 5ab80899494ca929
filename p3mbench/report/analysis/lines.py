"""Entries as lines of a table for people: those that differ only in their seed share a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from p3mbench import stats
from p3mbench.report.analysis.comparison import (
    Comparison,
    ContrastGaps,
    EntryGap,
    MeanAt,
    MeanScore,
)
from p3mbench.report.analysis.entries import Entry
from p3mbench.stats import SeedSpread


@dataclass(frozen=True, eq=False)
class EntryLine:
    """One entry, or entries that differ only in their training seed.

    Attributes:
        label: of the line; it names no seed if there are several.
        entries: at least one.
    """

    label: str
    entries: tuple[Entry, ...]

    @property
    def first(self) -> Entry:
        """The first entry, which stands for the method."""
        return self.entries[0]

    def means(self, comparison: Comparison, at: MeanAt) -> list[MeanScore]:
        """Return the means of the entries in a place, without those that were not run there."""
        found = (comparison.mean(entry, at) for entry in self.entries)
        return [mean for mean in found if mean is not None]

    def gaps(self, found: ContrastGaps) -> list[EntryGap]:
        """Return the one gap of all seeds in a contrast, else the gaps of the entries."""
        for family in found.families:
            if set(family.members) == set(self.entries):
                return [family]
        each = (found.of(entry) for entry in self.entries)
        return [gap for gap in each if gap is not None]


def lines_of(comparison: Comparison) -> tuple[EntryLine, ...]:
    """Return every entry of a comparison in one line, in the order of the entries."""
    groups: dict[tuple[str, ...], list[Entry]] = {}
    for entry in comparison.entries:
        alone = () if entry.seed else (entry.label,)
        groups.setdefault((entry.method, entry.title, entry.strategy, entry.options, *alone), [])
        groups[entry.method, entry.title, entry.strategy, entry.options, *alone].append(entry)
    several = Counter(members[0].name for members in groups.values())
    each = [part for members in groups.values() for part in _of_distinct_seeds(members)]
    return tuple(EntryLine(_label(part, several[part[0].name]), tuple(part)) for part in each)


def spread(values: Sequence[float]) -> SeedSpread | None:
    """Return how values of several seeds spread; None for fewer than two numbers."""
    known = [value for value in values if value == value]
    return stats.seed_spread(known) if len(known) > 1 else None


def _of_distinct_seeds(members: list[Entry]) -> list[list[Entry]]:
    """Keep entries together only if each has a seed of its own."""
    seeds = {entry.seed for entry in members}
    return [members] if len(seeds) == len(members) else [[entry] for entry in members]


def _label(members: Sequence[Entry], same_name: int) -> str:
    """Label a line: the name if it is alone with it, else as the entry is labelled."""
    first = members[0]
    if len(members) == 1:
        return first.label
    return first.name if same_name == 1 else f"{first.name}, {first.strategy}"

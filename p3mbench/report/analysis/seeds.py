"""Entries that differ only in their training seed, and how far their means spread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from p3mbench import stats
from p3mbench.report.analysis.answers import MeanScore
from p3mbench.report.analysis.comparison import MeanAt, SeedFamily
from p3mbench.report.analysis.entries import Entry, EntrySet

Means = Mapping[tuple[Entry, MeanAt], MeanScore]


def seed_groups(entries: Iterable[Entry]) -> tuple[tuple[Entry, ...], ...]:
    """Group the entries that differ only in their training seed: one method, trained again.

    Entries whose seed is unknown, alone or not unique are in no group.
    """
    found: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in entries:
        if entry.seed:
            found.setdefault((entry.title, entry.strategy, entry.options), []).append(entry)
    groups = (tuple(group) for group in found.values())
    return tuple(g for g in groups if 1 < len(g) == len({entry.seed for entry in g}))


def families_of(entries: EntrySet, means: Means, places: Iterable[MeanAt]) -> Iterator[SeedFamily]:
    """Yield each family in each of ``places`` where at least two seeds scored every image."""
    places = tuple(places)
    for members in seed_groups(entries):
        for at in places:
            found = {e.seed: means[e, at] for e in members if (e, at) in means}
            whole = [mean.value for mean in found.values() if mean.complete and mean.n]
            if len(whole) > 1:
                yield SeedFamily(
                    label=family_label(members[0], entries),
                    members=members,
                    at=at,
                    spread=stats.seed_spread(whole),
                )


def family_label(entry: Entry, entries: EntrySet) -> str:
    """Label an entry's seeds together: the title, with the strategy if there are several."""
    same = {e.strategy for e in entries if e.name == entry.name}
    return entry.name if len(same) == 1 else f"{entry.name}, {entry.strategy}"

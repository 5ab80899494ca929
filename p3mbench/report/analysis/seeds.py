"""Entries that differ only in their training seed, and how far their means spread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from p3mbench import stats
from p3mbench.report.analysis.comparison import MeanAt, MeanScore, SeedFamily
from p3mbench.report.analysis.entries import Entry, EntrySet

Means = Mapping[tuple[Entry, MeanAt], MeanScore]


def families_of(entries: EntrySet, means: Means, places: Iterable[MeanAt]) -> Iterator[SeedFamily]:
    """Yield each family in each of ``places`` where at least two seeds scored every image."""
    families: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in entries:
        if entry.seed:
            families.setdefault((entry.title, entry.strategy, entry.options), []).append(entry)
    places = tuple(places)
    for members in families.values():
        for at in places:
            found = {e.seed: means[e, at] for e in members if (e, at) in means}
            whole = [mean.value for mean in found.values() if mean.complete and mean.n]
            if len(whole) > 1:
                yield SeedFamily(
                    label=_label(members[0], entries),
                    members=tuple(members),
                    at=at,
                    spread=stats.seed_spread(whole),
                )


def _label(entry: Entry, entries: EntrySet) -> str:
    """Label an entry's seeds together: the title, with the strategy if there are several."""
    same = {e.strategy for e in entries if e.name == entry.name}
    return entry.name if len(same) == 1 else f"{entry.name}, {entry.strategy}"

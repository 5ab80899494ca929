"""One metric in detail: intervals of means, the weight of the worst images, and ranks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from p3mbench import stats
from p3mbench.metrics.table import METRICS
from p3mbench.report.analysis.comparison import Detail, MeanAt, MeanScore
from p3mbench.report.analysis.entries import Entry
from p3mbench.report.analysis.seeds import seed_groups
from p3mbench.stats import Bootstrap, RankRange

Means = Mapping[tuple[Entry, MeanAt], MeanScore]


def details_of(
    entries: Iterable[Entry], means: Means, places: Iterable[MeanAt], how: Bootstrap
) -> Iterator[Detail]:
    """Describe each entry in each of ``places``, place by place."""
    entries = tuple(entries)
    for at in places:
        present = [entry for entry in entries if (entry, at) in means]
        ranks = _ranks(present, means, at, how)
        for entry in present:
            values = list(entry.values(at.subset, at.setting, at.metric).values())
            interval = stats.mean_interval(values, how)
            yield Detail(
                entry=entry,
                at=at,
                mean=means[entry, at],
                low=interval.low,
                high=interval.high,
                share=stats.worst_share(values) if values else float("nan"),
                rank=ranks.get(entry),
            )


def _ranks(
    present: Sequence[Entry], means: Means, at: MeanAt, how: Bootstrap
) -> dict[Entry, RankRange]:
    """Rank the methods of complete entries, if there are several and the metric may rank alone.

    Seeds of a method are averaged image by image, and share its rank.
    """
    known = METRICS.get(at.metric)
    whole = [e for e in present if means[e, at].complete and means[e, at].n]
    groups = seed_groups(whole)
    together = {entry for group in groups for entry in group}
    methods = [(e,) for e in whole if e not in together] + list(groups)
    if len(methods) < 2 or not (known is None or known.ranks_alone):
        return {}
    scores = [
        np.mean([list(e.values(at.subset, at.setting, at.metric).values()) for e in group], axis=0)
        for group in methods
    ]
    ranks = stats.rank_ranges(np.array(scores), how)
    return {e: rank for group, rank in zip(methods, ranks, strict=True) for e in group}

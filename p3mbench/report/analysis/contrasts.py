"""Gaps of entries: every contrast that their settings allow, with its interval and test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from p3mbench import stats
from p3mbench.report.analysis.comparison import ContrastGaps, EntryGap, MeanAt, MeanScore
from p3mbench.report.analysis.entries import Entry, EntrySet
from p3mbench.settings import Contrast, Setting, contrasts, subset_contrast

Means = Mapping[tuple[Entry, MeanAt], MeanScore]


def gaps_of(
    entries: EntrySet,
    means: Means,
    settings: Sequence[Setting],
    metrics: Iterable[str],
    how: stats.Bootstrap,
) -> Iterator[ContrastGaps]:
    """Yield every gap that some entry has: paired ones by metric and contrast, then NP minus P.

    Args:
        entries: the set. means: its means.
        settings: the chosen ones of the main subset; they include both sides of a paired contrast.
        metrics: of the gaps. how: resamples, level and seed of the intervals.
    """
    trains = dict.fromkeys(setting.train for setting in settings)
    every = contrasts(tuple(trains), {setting.test for setting in settings})
    paired = [c for c in every if c.test in settings and c.reference in settings]
    unpaired = [subset_contrast(train, settings) for train in trains]
    metrics = tuple(metrics)
    for possible in (paired, unpaired):
        for metric in metrics:
            for contrast in possible:
                gaps = [
                    gap for entry in entries
                    if (gap := _gap(entries, means, entry, (contrast, metric), how))
                ]  # fmt: skip
                if gaps:
                    yield ContrastGaps(contrast, metric, _holm(gaps))


def _gap(
    entries: EntrySet,
    means: Means,
    entry: Entry,
    of: tuple[Contrast, str],
    how: stats.Bootstrap,
) -> EntryGap | None:
    """Compute the gap of an entry in a contrast and a metric; None if it lacks a side."""
    contrast, metric = of
    sides = (
        MeanAt(contrast.test_subset or entries.subset, contrast.test, metric),
        MeanAt(contrast.reference_subset or entries.subset, contrast.reference, metric),
    )
    if any((entry, side) not in means for side in sides):
        return None
    test, reference = (entry.values(side.subset, side.setting, metric) for side in sides)
    wanted = [entries.images(side.subset, side.setting.test, metric) for side in sides]
    if contrast.paired:
        both = sorted(test.keys() & reference.keys())
        values = (np.array([side[image] for image in both]) for side in (test, reference))
        gap = stats.paired_gap(next(values), next(values), how)
        n, total = gap.n, len(wanted[0] & wanted[1])
    else:
        gap = stats.unpaired_gap(list(test.values()), list(reference.values()), how)
        n, total = gap.n + gap.n_reference, sum(map(len, wanted))
    return EntryGap(
        entry=entry,
        test=means[entry, sides[0]],
        reference=means[entry, sides[1]],
        value=gap.estimate,
        low=gap.low,
        high=gap.high,
        median=gap.median,
        share=gap.worst_share,
        p_value=gap.p_value,
        n=n,
        total=total,
    )


def _holm(gaps: list[EntryGap]) -> tuple[EntryGap, ...]:
    """Correct the p-values of the gaps over all of them."""
    adjusted = stats.holm([gap.p_value for gap in gaps])
    return tuple(replace(gap, p_holm=float(p)) for gap, p in zip(gaps, adjusted, strict=True))

"""Means of entries over images, with the counts a reader needs to trust them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from p3mbench import stats
from p3mbench.report.analysis.comparison import MeanAt, MeanScore
from p3mbench.report.analysis.entries import Entry, EntryScores, EntrySet


def means_of(entries: EntrySet, metrics: Iterable[str]) -> dict[tuple[Entry, MeanAt], MeanScore]:
    """Return the mean of every entry in every place that it was run in, in each of ``metrics``."""
    metrics = tuple(metrics)
    return {
        (entry, at): _mean(scores, at.metric, len(images))
        for entry in entries
        for (subset, setting), scores in entry.scores.items()
        for at in (MeanAt(subset, setting, metric) for metric in metrics)
        for images in (entries.images(subset, setting.test, at.metric),)
    }


def _mean(scores: EntryScores, metric: str, total: int) -> MeanScore:
    values = scores.values[metric]
    summary = stats.summarise(values[np.isfinite(values)])
    return MeanScore(
        value=summary.mean,
        median=summary.median,
        n=summary.n,
        total=total,
        failed=scores.failed,
        undefined=int(scores.ok.sum()) - summary.n,
    )

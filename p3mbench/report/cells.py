"""Cells from scores: means and gaps, with the counts a reader needs to trust them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from p3mbench import stats
from p3mbench.report.entries import Entry, EntrySet, FloatArray
from p3mbench.report.gaps import Contrast, Place
from p3mbench.report.model import EMPTY, Cell


def images_of(entries: EntrySet, subset: str, variant: str, metric: str) -> set[str]:
    """Images that a complete entry has this metric for."""
    return entries.reference(subset, variant) - entries.undefined(subset, variant, metric)


def values_at(entry: Entry, place: Place) -> dict[str, float]:
    """Image -> score of an entry; empty if it was not run there."""
    scores = entry.scores.get((place.subset, place.setting))
    return scores.scored(place.metric) if scores else {}


def mean_cell(entries: EntrySet, entry: Entry, place: Place) -> Cell:
    """The mean over an entry's ok rows, with its median and counts."""
    scores = entry.scores.get((place.subset, place.setting))
    if scores is None:
        return EMPTY
    summary = stats.summarise(list(scores.scored(place.metric).values()))
    total = images_of(entries, place.subset, place.setting.test, place.metric)
    return Cell(
        value=summary.mean,
        median=summary.median,
        n=summary.n,
        total=len(total),
        failed=scores.failed,
        undefined=int(scores.ok.sum()) - summary.n,
    )


def as_arrays(values: Mapping[str, float], other: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """Two (n,) arrays over the images both have, in order of image id."""
    both = sorted(values.keys() & other.keys())
    return np.array([values[i] for i in both]), np.array([other[i] for i in both])


def paired_cell(
    entries: EntrySet, entry: Entry, contrast: Contrast, metric: str, how: stats.Bootstrap
) -> Cell:
    """A gap over the images of the main subset that both settings have scores for."""
    places = contrast.places(entries.subset, metric)
    if any((place.subset, place.setting) not in entry.scores for place in places):
        return EMPTY
    test, reference = as_arrays(*(values_at(entry, place) for place in places))
    totals = [images_of(entries, p.subset, p.setting.test, metric) for p in places]
    gap = stats.paired_gap(test, reference, how)
    return gap_cell(gap, total=len(totals[0] & totals[1]))


def gap_cell(gap: stats.Gap, total: int) -> Cell:
    """A gap as a cell."""
    return Cell(
        value=gap.estimate,
        low=gap.low,
        high=gap.high,
        n=gap.n,
        total=total,
        median=gap.median,
        p_value=gap.p_value,
        share=gap.worst_share,
    )

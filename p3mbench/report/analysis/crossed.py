"""Train by test: the errors of one method under every train setting and every test variant."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from p3mbench.report.analysis.comparison import Comparison, MeanAt, MeanScore
from p3mbench.report.analysis.entries import Entry
from p3mbench.settings import (
    COPY_PASTE,
    OTHER,
    PAPER_VARIANTS,
    UNTRAINED,
    Setting,
    ordered,
    seen_in_training,
    train_order,
)


@dataclass(frozen=True, eq=False)
class Crossed:
    """One entry's means in the first metric on the main subset, by training and test.

    Attributes:
        trains: at least two train settings, in the order of tables.
        tests: at least two test variants, in the order of tables.
        means: (train setting, test variant) -> mean; pairs that were not run are missing.
    """

    entry: Entry
    trains: tuple[str, ...]
    tests: tuple[str, ...]
    means: Mapping[tuple[str, str], MeanScore]

    def own(self, train: str, test: str) -> bool:
        """Return whether the training had seen the faces of this test."""
        return seen_in_training(train) == test

    def change(self, train: str, test: str) -> float:
        """Return how much larger the error is than on the faces of the training.

        Returns:
            The difference as a share of that error; NaN if one of them is missing or incomplete.
        """
        mean, own = (self.means.get((train, of)) for of in (test, seen_in_training(train)))
        if mean is None or own is None or not (mean.complete and own.complete and own.value > 0):
            return math.nan
        return mean.value / own.value - 1


def crossed(comparison: Comparison) -> list[Crossed]:
    """Return the entries with several train settings and test variants, in their order.

    With blurred and normal faces only, the settings of the paper say the same, so there are none.
    """
    usual = {*PAPER_VARIANTS, COPY_PASTE, OTHER, UNTRAINED}
    shown = comparison.chosen()
    if {s.train for s in shown} | {s.test for s in shown} <= usual:
        return []
    found = (_crossed(comparison, entry, shown) for entry in comparison.entries)
    return [one for one in found if min(len(one.trains), len(one.tests)) > 1]


def _crossed(comparison: Comparison, entry: Entry, shown: list[Setting]) -> Crossed:
    means = {}
    for setting in shown:
        mean = comparison.mean(entry, MeanAt(comparison.subset, setting, comparison.metric))
        if mean is not None and setting.train not in (OTHER, UNTRAINED):
            means[setting.train, setting.test] = mean
    trains = sorted({train for train, _ in means}, key=train_order)
    return Crossed(entry, tuple(trains), ordered(test for _, test in means), means)

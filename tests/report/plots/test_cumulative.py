"""The whole distribution of the errors of each method."""

from __future__ import annotations

import numpy as np

from p3mbench.report.analysis import Comparison
from p3mbench.report.plots.cumulative import curves_of
from p3mbench.settings import Setting


def test_curves_are_sorted_errors_with_the_best_mean_first(free: Comparison) -> None:
    found = curves_of(free, Setting("B", "N"))
    assert {label: len(errors) for label, errors in found} == {"P3M-Net (R34)": 8, "MODNet": 5}
    assert all(errors == sorted(errors) for _, errors in found)
    means = [float(np.mean(errors)) for _, errors in found]
    assert means == sorted(means)
    assert curves_of(free, Setting("other", "N")) == []

"""The gap on a typical image against all pairs, counted out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as sps

from p3mbench import stats

VALUES = st.lists(st.integers(-9, 9).map(float), min_size=1, max_size=20)
FEW = settings(max_examples=25, deadline=None)


def walsh(d: np.ndarray) -> np.ndarray:
    first, second = np.triu_indices(d.size)
    return np.sort((d[first] + d[second]) / 2)


@FEW
@given(VALUES)
def test_the_estimate_is_the_median_of_the_walsh_averages(values: list[float]) -> None:
    d = np.array(values)
    found = stats.typical_gap(d)
    assert found.estimate == pytest.approx(np.median(walsh(d)), abs=1e-9)
    back = stats.typical_gap(-d[::-1])
    assert back.estimate == pytest.approx(-found.estimate, abs=1e-9)
    assert back.p_value == pytest.approx(found.p_value)


@pytest.mark.parametrize("n", [6, 20, 90])
def test_the_interval_holds_the_gaps_that_the_test_does_not_reject(n: int) -> None:
    d = np.random.default_rng(n).gamma(2, 1, n)
    found = stats.typical_gap(d)
    inside, outside = 1e-3 * (found.high - found.low), -1e-3 * (found.high - found.low)
    for bound, sign in ((found.low, 1), (found.high, -1)):
        within = sps.wilcoxon(d - (bound + sign * inside)).pvalue
        beyond = sps.wilcoxon(d - (bound + sign * outside)).pvalue
        assert within > 0.05 - (n > 50) * 0.005
        assert beyond <= 0.05 + (n > 50) * 0.005


@FEW
@given(VALUES, VALUES)
def test_two_samples_take_the_median_of_all_differences(a: list[float], b: list[float]) -> None:
    found = stats.typical_gap_unpaired(a, b)
    pairs = np.subtract.outer(np.array(a), np.array(b))
    assert found.estimate == pytest.approx(np.median(pairs), abs=1e-9)
    assert np.isnan(found.low) or found.low <= found.estimate <= found.high


def test_edges() -> None:
    few = stats.typical_gap([1.0, 2.0, 3.0, 4.0, 5.0])
    assert few.estimate == 3.0 and np.isnan(few.low)  # no 95 % interval from five images
    same = stats.typical_gap([2.0] * 10)
    assert same.low == same.estimate == same.high == 2.0
    assert stats.typical_gap([0.0] * 10).p_value == 1.0
    assert np.isnan(stats.typical_gap([]).estimate)
    assert np.isnan(stats.typical_gap_unpaired([], [1.0]).p_value)


@pytest.mark.parametrize(
    "d", [[1.0, 1.0, -2.0, 3.0, 3.0, 0.0], [0.5, -1.5, 2.5, 3.5, 9.0, 7.0, 2.0]]
)
def test_few_images_are_tested_as_scipy_does(d: list[float]) -> None:
    kept = [v for v in d if v]
    assert stats.wilcoxon_p(d) == pytest.approx(sps.wilcoxon(kept).pvalue)


def test_wilcoxon_drops_zeros() -> None:
    assert stats.wilcoxon_p([0.0, 0.0, 1.0, 2.0, 3.0, 4.0]) == pytest.approx(2 / 2**4)
    assert stats.wilcoxon_p([0.0, 0.0]) == 1.0
    assert np.isnan(stats.wilcoxon_p([]))

"""Intervals of means: what they must do for any values, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats as sps

from p3mbench import stats
from p3mbench.stats import Bootstrap
from p3mbench.stats.means import difference_bounds

QUICK = Bootstrap(resamples=199)
VALUES = st.lists(st.integers(-50, 50).map(lambda k: k / 4), min_size=2, max_size=25)
FEW = settings(max_examples=25, deadline=None)


def bounds(values: list[float] | np.ndarray) -> np.ndarray:
    found = stats.mean_interval(values, QUICK)
    return np.array([found.low, found.estimate, found.high])


@FEW
@given(VALUES, st.integers(-100, 100), st.sampled_from([0.25, 2.0, 64.0]))
def test_shift_scale_and_sign_move_the_interval_alike(
    values: list[float], shift: int, scale: float
) -> None:
    x = np.array(values)
    assert bounds(x * scale + shift) == pytest.approx(bounds(x) * scale + shift, rel=1e-6, abs=1e-6)
    u = x - x.mean()
    assume(abs((u**3).sum()) > 1e-6 * (np.abs(u) ** 3).sum())  # a symmetric sample has no long tail
    assert bounds(-x) == pytest.approx(-bounds(x)[::-1], rel=1e-6, abs=1e-6)


@FEW
@given(VALUES, st.randoms(use_true_random=False))
def test_the_order_of_images_does_not_matter(values: list[float], random: object) -> None:
    shuffled = values.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert (bounds(values) == bounds(shuffled)).all()


@FEW
@given(VALUES)
def test_the_interval_is_never_narrower_than_student(values: list[float]) -> None:
    low, mean, high = bounds(values)
    x = np.array(values)
    half = sps.t.ppf(0.975, x.size - 1) * x.std(ddof=1) / np.sqrt(x.size)
    assert low <= mean - half + 1e-9 and high >= mean + half - 1e-9


@FEW
@given(st.floats(-1e6, 1e6), st.integers(2, 40))
def test_equal_values_are_a_point(value: float, n: int) -> None:
    found = stats.mean_interval([value] * n, QUICK)
    assert found.low == found.high == value
    assert found.estimate == pytest.approx(value)


def test_few_values() -> None:
    assert np.isnan(stats.mean_interval([]).estimate)
    one = stats.mean_interval([3.0])
    assert one.estimate == 3.0 and np.isnan(one.low) and np.isnan(one.high)
    two = stats.mean_interval([1.0, 3.0])
    assert np.isfinite([two.low, two.high]).all() and two.low < 1 and two.high > 3
    low, high = stats.mean_intervals(np.empty((0, 5)))
    assert low.size == high.size == 0


def test_rare_images_widen_their_own_side() -> None:
    x = np.concatenate([np.linspace(-1, 1, 99), [40.0]])
    found = stats.mean_interval(x)
    assert found.high - found.estimate > (found.estimate - found.low) + 1


def test_values_that_are_nearly_all_zero_have_a_finite_interval() -> None:
    x = np.zeros(100)
    x[:2] = 5.0
    found = stats.mean_interval(x)
    assert np.isfinite([found.low, found.high]).all() and found.high < 5


def test_normal_values_have_nearly_students_interval() -> None:
    x = np.random.default_rng(0).normal(size=(50, 100))
    low, high = stats.mean_intervals(x, QUICK)
    widths = 2 * sps.t.ppf(0.975, 99) * x.std(axis=1, ddof=1) / 10
    assert 1.0 <= np.median((high - low) / widths) < 1.2


def test_two_samples_are_about_welch_if_tails_are_light() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 2, 90), rng.uniform(0, 1, 60)
    low, high = difference_bounds(np.sort(x), np.sort(y), Bootstrap())
    welch = sps.ttest_ind(x, y, equal_var=False).confidence_interval()
    assert (low, high) == pytest.approx((welch.low, welch.high), abs=0.03)
    there, back = difference_bounds(x, y, Bootstrap()), difference_bounds(y, x, Bootstrap())
    assert there == pytest.approx((-back[1], -back[0]), abs=0.02)


def held(samples: np.ndarray, mean: float) -> float:
    low, high = stats.mean_intervals(samples, Bootstrap(resamples=499))
    return float(((low <= mean) & (mean <= high)).mean())


@pytest.mark.slow
@pytest.mark.parametrize("n", [24, 100])
def test_intervals_hold_the_mean_of_heavy_tails(n: int) -> None:
    rng = np.random.default_rng(n)
    gamma = rng.gamma(0.5, 1.0, (1500, n))
    assert held(gamma, 0.5) >= 0.93
    usual = rng.lognormal(0, 1, (1500, n)) - rng.lognormal(0, 1, (1500, n))
    rare = np.where(rng.random((1500, n)) < 0.02, rng.lognormal(3, 0.7, (1500, n)), 0)
    assert held(usual + rare, 0.02 * float(np.exp(3.245))) >= 0.93
    assert held(rng.normal(size=(1500, n)), 0.0) <= 0.99


@pytest.mark.slow
def test_unpaired_intervals_hold_a_known_gap() -> None:
    rng, how = np.random.default_rng(2), Bootstrap(resamples=199)
    found = [
        difference_bounds(np.sort(rng.gamma(0.5, 4, 60)), np.sort(rng.gamma(0.5, 2, 90)), how)
        for _ in range(400)
    ]
    assert np.mean([low <= 1.0 <= high for low, high in found]) >= 0.93

"""Gaps against hand-computed cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as sps

from p3mbench import stats
from p3mbench.stats import Bootstrap


def test_paired_gap_by_hand() -> None:
    gap = stats.paired_gap([2.0, 4.0, 7.0, 11.0, 16.0], [1.0, 2.0, 4.0, 7.0, 11.0])
    assert gap.estimate == pytest.approx(3.0)  # differences 1..5
    assert gap.median == 3.0
    assert gap.n == gap.n_reference == 5 and gap.paired
    assert gap.p_value == pytest.approx(2 / 2**5)  # all positive: both extreme sign patterns
    assert gap.worst_share == 1.0
    half = sps.t.ppf(0.975, 4) * np.std([1, 2, 3, 4, 5], ddof=1) / np.sqrt(5)
    assert gap.low <= 3.0 - half and gap.high >= 3.0 + half
    assert gap.low > 0 and gap.high < 6.0
    assert gap.excludes_zero


def test_gap_sign_is_test_minus_reference() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.random(30) + 1, rng.random(30)
    for make in (stats.paired_gap, stats.unpaired_gap):
        there, back = make(x, y), make(y, x)
        assert there.low > 0 > back.high
        assert there.estimate == pytest.approx(-back.estimate)


def test_equal_differences_give_a_point() -> None:
    gap = stats.paired_gap([3.0, 4.0, 5.0], [1.0, 2.0, 3.0])
    assert gap.low == gap.estimate == gap.high == 2.0
    same = stats.paired_gap([3.0, 4.0], [3.0, 4.0])
    assert same.low == same.high == 0.0 and same.p_value == 1.0 and not same.excludes_zero
    assert np.isnan(same.worst_share)
    flat = stats.unpaired_gap([2.0, 2.0], [1.0, 1.0, 1.0])
    assert flat.low == flat.estimate == flat.high == 1.0


def test_one_or_no_image_has_no_interval() -> None:
    one = stats.paired_gap([3.0], [1.0])
    assert one.estimate == 2.0 and np.isnan(one.low) and np.isnan(one.high)
    assert not one.excludes_zero
    none = stats.paired_gap([], [])
    assert none.n == 0 and np.isnan(none.estimate) and np.isnan(none.p_value)
    lone = stats.unpaired_gap([3.0], [1.0, 2.0])
    assert lone.estimate == 1.5 and np.isnan(lone.low)
    assert stats.unpaired_gap([], [1.0]).n_reference == 1


def test_unpaired_gap_by_hand() -> None:
    gap = stats.unpaired_gap([4.0, 5.0, 6.0], [1.0, 2.0, 3.0, 2.0])
    assert gap.estimate == pytest.approx(3.0) and gap.median == pytest.approx(3.0)
    assert (gap.n, gap.n_reference, gap.paired) == (3, 4, False)
    assert gap.p_value == pytest.approx(1 / 35)  # one of the 35 labellings is as extreme
    u = sps.mannwhitneyu([4.0, 5.0, 6.0], [1.0, 2.0, 3.0, 2.0])
    assert gap.typical.p_value == pytest.approx(u.pvalue)


def test_same_seed_same_numbers_and_other_seed_other() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.random(50), rng.random(50)
    assert stats.paired_gap(x, y) == stats.paired_gap(x, y)
    other = stats.paired_gap(x, y, Bootstrap(seed=1))
    assert other.low != stats.paired_gap(x, y).low


def test_gaps_together_are_those_alone() -> None:
    rng = np.random.default_rng(3)
    d = [rng.gamma(1.0, 2.0, n) - 1 for n in (12, 30, 12, 30, 0, 1)]
    together = stats.paired_gaps(d)
    for values, gap in zip(d, together, strict=True):
        alone = stats.paired_gap(values, np.zeros(values.size))
        assert (gap.estimate, gap.low, gap.high, gap.p_value) == pytest.approx(
            (alone.estimate, alone.low, alone.high, alone.p_value), rel=1e-12, nan_ok=True
        )
        assert gap.n == values.size


def test_a_significant_gap_needs_test_and_interval() -> None:
    sure = stats.OnAverage(estimate=1.0, low=0.5, high=1.5, p_value=0.01, p_holm=0.02)
    assert sure.significant and sure.detectable == pytest.approx(0.5 * 2.8 / 1.96)
    assert not stats.OnAverage(
        estimate=1.0, low=-0.1, high=2.1, p_value=0.0, p_holm=0.0
    ).significant
    assert not stats.OnAverage(
        estimate=1.0, low=0.5, high=1.5, p_value=0.01, p_holm=0.2
    ).significant
    assert not stats.OnAverage(estimate=1.0, low=0.5, high=1.5, p_value=0.01).significant


def test_rare_losses_are_no_typical_gap() -> None:
    d = np.full(100, -0.1) + np.linspace(-0.01, 0.01, 100)
    d[:2] = 60.0
    gap = stats.paired_gap(d, np.zeros(100))
    assert gap.estimate > 1 and gap.typical.high < 0 and gap.typical.p_value < 0.001
    assert not gap.excludes_zero  # two images carry the mean: the interval says so


def test_seeds_are_a_level_of_their_own() -> None:
    rng = np.random.default_rng(5)
    d = rng.normal(0.0, 1.0, (4, 60)) + np.array([3.0, -2.5, 2.0, -2.4])[:, None]
    average = stats.paired_gap(d.mean(axis=0), np.zeros(60)).average
    spread = stats.seed_spread(d.mean(axis=1))
    both = stats.over_seeds(average, spread, 60)
    half = sps.t.ppf(0.975, 3) * d.mean(axis=1).std(ddof=1) / 2
    assert both.high - both.estimate == pytest.approx(
        np.hypot(average.high - average.estimate, half), rel=1e-9
    )
    assert both.p_value >= average.p_value and not both.excludes_zero
    one = stats.over_seeds(average, stats.seed_spread([1.0]), 60)
    assert one is average
    same = stats.over_seeds(average, stats.seed_spread([0.5, 0.5, 0.5]), 60)
    assert (same.low, same.high) == pytest.approx((average.low, average.high))


def test_ten_seeds_without_a_common_gap_are_not_significant() -> None:
    rng = np.random.default_rng(11)
    seeds = rng.normal(0.0, 3.0, 10)
    seeds -= seeds.mean() - 0.5
    d = rng.normal(0.0, 1.0, (10, 96)) + seeds[:, None]
    single = stats.holm([gap.p_value for gap in stats.paired_gaps(list(d))])
    assert (single < 0.05).sum() > 5  # what counting seeds as methods says
    average = stats.paired_gap(d.mean(axis=0), np.zeros(96)).average
    both = stats.over_seeds(average, stats.seed_spread(d.mean(axis=1)), 96)
    assert both.p_value > 0.3 and both.low < 0 < both.high


@pytest.mark.parametrize("bad", [[[1.0]], [np.nan], [np.inf]])
def test_bad_arrays_are_named(bad: list[object]) -> None:
    with pytest.raises(ValueError, match="test must be"):
        stats.paired_gap(bad, [1.0])


def test_other_bad_input() -> None:
    with pytest.raises(ValueError, match="paired"):
        stats.paired_gap([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="level"):
        Bootstrap(level=1.0)

"""Holm's correction and ranks, by hand and where all methods are equal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p3mbench import stats
from p3mbench.stats import Bootstrap, RankRange

QUICK = Bootstrap(resamples=499)
FEW = settings(max_examples=25, deadline=None)


def test_holm_by_hand() -> None:
    # Sorted .01 .02 .03 .04 -> times 4 3 2 1 = .04 .06 .06 .04 -> running maximum.
    adjusted = stats.holm([0.03, 0.01, 0.04, 0.02])
    assert adjusted == pytest.approx([0.06, 0.04, 0.06, 0.06])
    with_nan = stats.holm([0.5, np.nan, 0.9])
    assert with_nan[0] == 1.0 and np.isnan(with_nan[1]) and with_nan[2] == 1.0
    assert stats.holm([]).size == 0
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        stats.holm([1.5])


@FEW
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_between_the_p_value_and_bonferroni(p: list[float]) -> None:
    adjusted = stats.holm(p)
    assert (adjusted >= p).all()
    assert (adjusted <= np.minimum(1, np.array(p) * len(p)) + 1e-12).all()


def test_rank_ranges_leave_ties_tied() -> None:
    rng = np.random.default_rng(4)
    base = rng.gamma(3.0, 2.0, 60)
    a, b = base + rng.normal(0, 0.5, 60), base + rng.normal(0, 0.5, 60)
    b += a.mean() - b.mean() + 1e-3
    worst = base + 5 + rng.normal(0, 0.5, 60)
    ranks = stats.rank_ranges([a, worst, b])
    assert [(r.best, r.worst) for r in ranks] == [(1, 2), (3, 3), (1, 2)]
    assert stats.rank_ranges([[1.0], [2.0]])[0].worst == 2
    assert stats.rank_ranges([a])[0] == RankRange(best=1, worst=1)
    assert stats.rank_ranges([a, a]) == (RankRange(best=1, worst=2),) * 2


def test_too_few_images_separate_nothing() -> None:
    few = [[1.0, 1.1, 1.2, 1.3, 1.4], [9.0, 9.1, 9.2, 9.5, 9.4]]
    assert stats.rank_ranges(few) == (RankRange(best=1, worst=2),) * 2
    enough = [[*few[0], 1.5, 1.2], [*few[1], 9.3, 9.2]]
    assert stats.rank_ranges(enough)[1] == RankRange(best=2, worst=2)


def test_the_order_of_images_does_not_matter() -> None:
    rng = np.random.default_rng(8)
    x = rng.gamma(2, 3, 40) + rng.normal(0, 1, (4, 40)) + np.array([0, 0.4, 0.8, 2])[:, None]
    assert stats.rank_ranges(x, QUICK) == stats.rank_ranges(x[:, rng.permutation(40)], QUICK)


def test_bad_scores_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        stats.rank_ranges([1.0, 2.0])


@pytest.mark.slow
def test_equal_methods_separate_in_few_tables() -> None:
    rng = np.random.default_rng(9)
    separated = 0
    for _ in range(300):
        noise = rng.lognormal(0, 1, (8, 40)) * np.where(rng.random((8, 40)) < 0.02, 20, 1)
        ranks = stats.rank_ranges(rng.gamma(2, 3, 40) + noise, QUICK)
        separated += any((r.best, r.worst) != (1, 8) for r in ranks)
    assert separated / 300 <= 0.05 + 3 * 0.0126

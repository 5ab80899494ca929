"""Permutation tests against SciPy and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as sps

from p3mbench import stats
from p3mbench.stats import Bootstrap

VALUES = st.lists(st.integers(-8, 8).map(float), min_size=1, max_size=9)
FEW = settings(max_examples=25, deadline=None)


def flipped_by_scipy(d: np.ndarray, resamples: float) -> float:
    found = sps.permutation_test(
        (d,), np.mean, permutation_type="samples", n_resamples=resamples, vectorized=True, rng=3
    )
    return float(found.pvalue)


@FEW
@given(VALUES)
def test_few_images_use_all_signs_as_scipy_does(values: list[float]) -> None:
    d = np.array(values)
    p = stats.sign_flip_p(d)
    if not d.any():
        assert p == 1.0
    elif d.size > 1:
        assert p == pytest.approx(flipped_by_scipy(d, np.inf))


def test_many_images_agree_with_scipy() -> None:
    d = np.random.default_rng(0).gamma(1.0, 2.0, 60) - 1.6
    assert stats.sign_flip_p(d, Bootstrap(resamples=19_999)) == pytest.approx(
        flipped_by_scipy(d, 19_999), abs=0.015
    )


@FEW
@given(VALUES, st.sampled_from([0.5, 1.0, 1e6, -1.0]))
def test_scale_sign_and_order_do_not_matter(values: list[float], scale: float) -> None:
    d = np.array(values)
    assert stats.sign_flip_p(d[::-1] * scale) == stats.sign_flip_p(d)


def test_edges() -> None:
    assert np.isnan(stats.sign_flip_p([]))
    assert stats.sign_flip_p([0.0, 0.0]) == 1.0
    assert stats.sign_flip_p([3.0]) == 1.0
    assert stats.sign_flip_p(np.ones(50)) == pytest.approx(1 / 5000)
    assert np.isnan(stats.permutation_p([1.0], [1.0, 2.0]))
    assert stats.permutation_p([1.0, 1.0], [1.0, 1.0]) == 1.0
    assert stats.permutation_p([2.0, 2.0], [1.0, 1.0]) == pytest.approx(2 / 6)


def welch(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
    return sps.ttest_ind(x, y, equal_var=False, axis=axis).statistic


def test_relabelling_agrees_with_scipy() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.gamma(2, 3, 6), rng.gamma(2, 2, 5)
    exact = sps.permutation_test((x, y), welch, n_resamples=np.inf, vectorized=True)
    absolute = np.mean(np.abs(exact.null_distribution) >= abs(exact.statistic) * (1 - 1e-9))
    assert stats.permutation_p(x, y) == pytest.approx(absolute)
    x, y = rng.gamma(2, 3, 40), rng.gamma(2, 2.2, 60)
    drawn = sps.permutation_test((x, y), welch, n_resamples=4999, vectorized=True, rng=1)
    absolute = np.mean(np.abs(drawn.null_distribution) >= abs(drawn.statistic))
    assert stats.permutation_p(x, y) == pytest.approx(absolute, abs=0.02)
    assert stats.permutation_p(x + 9, y + 9) == stats.permutation_p(x[::-1], y)


def test_least_images_are_the_first_that_can_be_significant() -> None:
    for methods in (1, 2, 5):
        n = stats.least_images(0.05, methods)
        p = [stats.sign_flip_p(np.arange(1.0, k + 1)) * methods for k in (n - 1, n)]
        assert p[0] >= 0.05 > p[1]
    assert stats.least_unpaired_p(2, 3) == 1 / 10


def test_the_level_is_kept_if_signs_are_random() -> None:
    rng = np.random.default_rng(6)
    d = rng.lognormal(0, 1.5, (800, 30)) * rng.choice([-1.0, 1.0], (800, 30))
    rate = (stats.sign_flip_ps(d, Bootstrap(resamples=499)) < 0.05).mean()
    assert rate <= 0.05 + 3 * 0.0077

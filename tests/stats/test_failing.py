"""Shares of failing images against SciPy's exact tests and intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as sps

from p3mbench import stats

VALUES = st.lists(st.integers(-9, 9).map(float), min_size=1, max_size=30)
FEW = settings(max_examples=25, deadline=None)


@FEW
@given(VALUES, st.sampled_from([0.5, 1.0, 4.0]))
def test_share_interval_and_sign_test_are_scipys(values: list[float], amount: float) -> None:
    found = stats.failure_share(values, amount)
    d = np.array(values)
    losing, gaining = int((d > amount).sum()), int((d < -amount).sum())
    assert (found.losing, found.gaining, found.n) == (losing, gaining, d.size)
    interval = sps.binomtest(losing, d.size).proportion_ci(method="exact")
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=1e-9)
    wanted = sps.binomtest(losing, losing + gaining).pvalue if losing + gaining else 1.0
    assert found.p_value == pytest.approx(wanted)
    assert found.share == pytest.approx(losing / d.size)


def test_two_samples_use_fishers_test() -> None:
    found = stats.failure_share_unpaired([1.0, 9.0, 9.0, 9.0], [1.0, 1.0, 9.0, 2.0, 3.0], 5.0)
    assert (found.losing, found.gaining, found.n, found.n_reference) == (3, 1, 4, 5)
    assert found.p_value == pytest.approx(sps.fisher_exact([[3, 1], [1, 4]]).pvalue)


def test_edges() -> None:
    none = stats.failure_share([], 1.0)
    assert np.isnan([none.share, none.low, none.p_value]).all()
    assert stats.failure_share([5.0] * 4, 1.0).high == 1.0
    assert stats.failure_share([0.0] * 4, 1.0).low == 0.0
    with pytest.raises(ValueError, match="positive"):
        stats.failure_share([1.0], 0.0)


def test_amounts_are_round() -> None:
    assert stats.round_amount([8.9, 12.0, 7.0]) == 10.0
    assert stats.round_amount([0.0026]) == 0.002
    assert stats.round_amount([4.4]) == 5.0
    assert stats.round_amount([]) == stats.round_amount([0.0, float("nan")]) == 1.0

"""Summaries of one sample, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from p3mbench import stats


def test_summary_by_hand() -> None:
    s = stats.summarise([1.0, 2.0, 3.0, 10.0, 4.0, 0.0], worst=2)
    assert s == stats.Summary(mean=20 / 6, median=2.5, worst_share=14 / 20, n=6)
    assert np.isnan(stats.summarise([]).mean)


def test_worst_share_edges() -> None:
    assert stats.worst_share([1.0, 1.0], k=5) == 1.0
    assert np.isnan(stats.worst_share([0.0, 0.0]))
    with pytest.raises(ValueError, match="negative"):
        stats.worst_share([-1.0, 2.0])
    with pytest.raises(ValueError, match="at least 1"):
        stats.worst_share([1.0], k=0)


def test_seed_spread_by_hand() -> None:
    s = stats.seed_spread([1.0, 2.0, 3.0])
    assert s == stats.SeedSpread(mean=2.0, std=1.0, low=1.0, high=3.0, seeds=3)
    assert np.isnan(stats.seed_spread([1.0]).std)
    with pytest.raises(ValueError, match="at least one"):
        stats.seed_spread([])

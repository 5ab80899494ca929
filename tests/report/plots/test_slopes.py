"""Slopes hold complete pairs with their means, for each variant of hidden faces."""

from __future__ import annotations

import pandas as pd
import pytest

from p3mbench.report.analysis import Comparison
from p3mbench.report.plots.slopes import slopes_of


def test_slopes_hold_complete_pairs_with_their_means(frame: pd.DataFrame, free: Comparison) -> None:
    found = slopes_of(free)
    assert set(found) == {"B", "N", "-"}
    assert [label for label, *_ in found["B"]] == ["P3M-Net (R34)"]  # MODNet failed on three
    (_, b, n) = found["B"][0]
    mine = frame[(frame["checkpoint"] == "b.pth") & (frame["subset"] == "P")]
    assert b == pytest.approx(mine[mine["variant"] == "B"]["sad"].mean())
    assert n == pytest.approx(mine[mine["variant"] == "N"]["sad"].mean())


def test_another_variant_has_slopes_of_its_own(many: Comparison, many_frame: pd.DataFrame) -> None:
    blurred, mosaic = slopes_of(many, "B"), slopes_of(many, "mosaic-0.10")
    assert set(blurred) == set(mosaic) == {"B", "N", "mosaic-0.10"}
    mine = many_frame[(many_frame["checkpoint"] == "n.pth") & (many_frame["subset"] == "P")]
    (_, hidden, normal) = mosaic["N"][0]
    assert hidden == pytest.approx(mine[mine["variant"] == "mosaic-0.10"]["sad"].mean())
    assert hidden > 1.5 * blurred["N"][0][1] and normal == blurred["N"][0][2]

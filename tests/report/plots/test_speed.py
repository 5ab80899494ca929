"""Costs are medians in the setting that is usual for a method."""

from __future__ import annotations

import pytest
from fake import DEFAULT, rows

from p3mbench.report.analysis import analyse
from p3mbench.report.plots.speed import costs_of, preferred


def test_costs_are_medians_in_the_preferred_setting() -> None:
    frame = rows(DEFAULT[:2], images=4)
    frame["parameters"] = 7
    (cost,) = costs_of(analyse(frame).comparisons[0])
    assert (cost.setting, cost.parameters, cost.device) == ("N:N", 7, "cpu")
    assert cost.seconds == pytest.approx(0.25 * 2.5)


def test_the_usual_settings_come_first() -> None:
    found = [f"{s.train}:{s.test}" for s in preferred(("B", "N"))]
    assert found == ["N:N", "-:N", "other:N", "B:B", "B:N", "-:B"]
    assert "mosaic-0.10:N" in [f"{s.train}:{s.test}" for s in preferred(("mosaic-0.10", "N"))]

"""The table of details shows NP where P against NP is the only gap."""

from __future__ import annotations

import pytest
from looking import QUICK, logs

from p3mbench.report import Role, build


def test_the_detail_table_has_np() -> None:
    detail = next(t for t in build(logs(), how=QUICK).tables if t.role is Role.DETAIL)
    assert [row.block for row in detail.rows] == ["P B:B"] * 2 + ["NP B:N"] * 2
    assert "subsets P and NP" in detail.title
    frame = logs()
    mean = frame[(frame["subset"] == "NP") & (frame["method"] == "two")]["sad"].mean()
    assert detail.rows[3].cells[0].value == pytest.approx(mean)

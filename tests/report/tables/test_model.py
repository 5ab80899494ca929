"""Best and second, and what a table is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake import DEFAULT, Fake, rows
from looking import (
    MEAN,
    MODNET_B,
    NET_B,
    QUICK,
    cell,
    same_scores,
    table,
)

from p3mbench.report import Role, build
from p3mbench.report.request import Decimals
from p3mbench.report.tables.model import TableRow


def test_incomplete_methods_are_never_ranked() -> None:
    frame = rows([NET_B, replace(MODNET_B, level=0.1), replace(NET_B, title="Third", method="t")])
    shown = table(build(frame, how=QUICK), Role.SETTINGS)
    assert cell(shown, "MODNet", "P/B:B/sad").value < cell(shown, "Third", "P/B:B/sad").value
    assert cell(shown, "MODNet", "P/B:B/sad").rank == 0
    assert {cell(shown, n, "P/B:B/sad").rank for n in ("Third", "P3M-Net (R34)")} == {1, 2}


def test_values_that_print_alike_are_tied() -> None:
    shown = table(build(same_scores(1.001, 1.004, 2.0, 2.001, 3.0), how=QUICK), Role.SETTINGS)
    assert [row.cells[0].rank for row in shown.rows] == [1, 1, 2, 2, 0]
    assert [row.cells[1].rank for row in shown.rows] == [1, 2, 0, 0, 0]  # MSE: four decimals
    finer = shown.with_precision(Decimals(3))
    assert [row.cells[0].rank for row in finer.rows] == [1, 2, 0, 0, 0]


def test_one_method_is_not_called_best() -> None:
    report = build(rows([NET_B]), how=QUICK)
    assert not any(t.marked for t in report.tables if t.role in (Role.SETTINGS, Role.DETAIL))


def test_everything_is_hashable_and_frozen() -> None:
    shown = table(build(rows([NET_B, MEAN]), how=QUICK), Role.SETTINGS)
    assert isinstance(hash(shown), int)
    with pytest.raises(AttributeError):
        shown.title = "x"  # type: ignore[misc]
    assert isinstance(shown.rows[0], TableRow) and isinstance(DEFAULT[0], Fake)

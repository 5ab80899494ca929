"""Both kinds of methods under one header."""

from __future__ import annotations

from fake import rows
from looking import QUICK

from p3mbench.report import Role, build
from p3mbench.report.request import ReportRequest


def test_kinds_are_blocks_of_one_table() -> None:
    request = ReportRequest(one_table=True, tables=("settings",))
    (shown,) = build(rows(), request, how=QUICK).tables
    assert shown.kind == "" and shown.label == "p3mbench-mini-p3m-gaussian-21-settings"
    assert [block for block, _ in shown.blocks()] == [
        "Trimap-free methods", "Trimap-based methods (trimaps: dataset)",
    ]  # fmt: skip
    assert len({c.key for c in shown.columns}) == len(shown.columns)
    assert {c.metric for c in shown.columns} == {"sad", "mse"}
    apart = build(rows(), ReportRequest(metrics=("sad", "mse")), how=QUICK).tables
    free = next(t for t in apart if t.role is Role.SETTINGS and t.kind == "trimap-free")
    for row in free.rows:  # every number is that of the table of its kind
        mine = next(r for r in shown.rows if r.label == row.label)
        for column, cell in zip(free.columns, row.cells, strict=True):
            j = [c.key for c in shown.columns].index(column.key)
            assert mine.cells[j].value == cell.value or not cell.attempted


def test_other_tables_stay_apart() -> None:
    request = ReportRequest(one_table=True, tables=("detail",))
    assert len(build(rows(), request, how=QUICK).tables) == 2

"""What every table has: ranked columns, and marks at the methods that flags concern."""

from __future__ import annotations

from dataclasses import replace

from looking import QUICK, A, B, cell, made, same_scores, table

from p3mbench.report import Role, build
from p3mbench.report.request import ReportRequest


def test_conn_alone_never_ranks() -> None:
    frame = same_scores(1.0, 2.0)
    alone = build(frame, ReportRequest(metrics=("conn",)), how=QUICK)
    assert not any(t.marked for t in alone.tables)
    detail = table(alone, Role.DETAIL)
    assert all(cell(detail, r.label, "rank", r.block).text == "" for r in detail.rows)
    both = build(frame, ReportRequest(metrics=("sad", "conn")), how=QUICK)
    assert table(both, Role.SETTINGS).marked


def test_marks_stand_at_the_methods_they_concern_only() -> None:
    report = build(made(replace(A, flags="imported"), B), how=QUICK)
    for shown in report.tables:
        for row in shown.rows:
            assert row.marks == (("a",) if row.label == "A" else ()), shown.role
            assert bool(row.flags) == (row.label == "A")

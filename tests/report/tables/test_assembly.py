"""Which columns are ranked."""

from __future__ import annotations

from looking import (
    QUICK,
    cell,
    same_scores,
    table,
)

from p3mbench.report import Role, build


def test_conn_alone_never_ranks() -> None:
    frame = same_scores(1.0, 2.0)
    alone = build(frame, metrics=["conn"], how=QUICK)
    assert not any(t.marked for t in alone.tables)
    detail = table(alone, Role.DETAIL)
    assert all(cell(detail, r.label, "rank", r.block).text == "" for r in detail.rows)
    assert table(build(frame, metrics=["sad", "conn"], how=QUICK), Role.SETTINGS).marked

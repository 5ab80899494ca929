"""Ranks of one metric in detail."""

from __future__ import annotations

from dataclasses import replace

from fake import rows
from looking import (
    NET_B,
    cell,
    table,
)

from p3mbench.report import Role, build


def test_detail_shares_ranks_among_ties() -> None:
    fakes = [
        replace(NET_B, method="a", title="A"),
        replace(NET_B, method="b", title="B", level=9.001),
        replace(NET_B, method="c", title="C", level=19.0),
    ]
    detail = table(build(rows(fakes, seed=1)), Role.DETAIL)
    assert [cell(detail, t, "rank", "B:B").text for t in "ABC"] == ["1–2", "1–2", "3"]

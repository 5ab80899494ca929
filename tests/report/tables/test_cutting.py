"""Tables are cut to what was asked for."""

from __future__ import annotations

from typing import Any

import pytest
from fake import rows
from looking import QUICK, labels, table, usual

from p3mbench.report import build
from p3mbench.report.request import ReportRequest
from p3mbench.report.tables.cutting import check_roles, cut
from p3mbench.report.tables.model import Role, Table


def cut_to(**options: Any) -> tuple[Table, ...]:
    return cut(usual().tables, ReportRequest(**options))


def test_tables_by_role() -> None:
    assert {t.role for t in cut_to(tables=("gaps", "Detail"))} == {Role.GAPS, Role.DETAIL}
    with pytest.raises(ValueError, match="no table setings: did you mean settings"):
        check_roles(["setings"])


def test_columns_in_the_given_order() -> None:
    shown = cut_to(tables=("settings",), columns=("N:N/sad", "b:b", "PPT gap"))
    (free,) = (t for t in shown if t.kind == "trimap-free")
    assert [c.key for c in free.columns] == [
        "P/N:N/sad", "P/B:B/sad", "P/B:B/mse", "P/B:N-B:B/sad",
    ]  # fmt: skip
    assert "Mean alpha" not in labels(free)  # it has none of these columns
    with pytest.raises(ValueError, match="no column PTT gap: did you mean PPT gap"):
        cut_to(columns=("PTT gap",))


def test_notes_speak_of_the_gaps_that_are_shown() -> None:
    request = ReportRequest(tables=("settings",), kind="trimap-free", columns=("B:N", "PPT gap"))
    (shown,) = build(rows(images=6), request, how=QUICK).tables
    said = " ".join(shown.notes)
    assert "PPT gap = " in said and "Privacy cost" not in said


def test_one_metric_needs_no_header_groups() -> None:
    (free,) = cut_to(tables=("settings",), columns=("?:?/sad", "PPT gap"))
    assert [c.title for c in free.columns][-1] == "PPT gap [interval]"
    assert not any(c.group for c in free.columns)


@pytest.mark.parametrize(
    ("order", "first"), [("B:B", "P3M-Net (R34)"), ("-B:B", "MODNet"), ("gap", "P3M-Net (R34)")]
)
def test_lines_by_a_column(order: str, first: str) -> None:
    free = next(t for t in cut_to(tables=("settings",), order=order) if t.kind == "trimap-free")
    assert labels(free)[0] == first and labels(free)[-1] == "Mean alpha"


def test_lines_as_the_methods_are_given() -> None:
    free = next(t for t in cut_to(order="given", methods=("m*", "p3m*")) if t.kind == "trimap-free")
    assert labels(free) == ["Mean alpha", "MODNet", "P3M-Net (R34)"]


def test_a_caption_is_for_one_table() -> None:
    request = ReportRequest(caption="Mine.", label="tab:x")
    (one,) = cut([table(usual(), Role.SETTINGS)], request)
    assert (one.title, one.caption, one.label) == ("", "Mine.", "tab:x")
    with pytest.raises(ValueError, match="a caption or label is for one table, and there are"):
        cut_to(caption="Mine.")


def test_without_notes_only_doubts_are_left() -> None:
    assert not any(t.notes for t in cut_to(notes=False))

"""A report of no rows."""

from __future__ import annotations

from fake import rows

from p3mbench.report import build


def test_no_rows_is_a_report_that_says_so() -> None:
    report = build(rows().iloc[:0])
    assert report.tables == () and report.notes == ("There are no results yet.",)

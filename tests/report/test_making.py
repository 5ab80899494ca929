"""A report is made whole before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake import Fake, rows, stored

from p3mbench import report
from p3mbench.report.making import answer, make_report, shows_notes
from p3mbench.report.request import Decimals, ReportRequest
from p3mbench.report.stored import StoredRows, read_stored


@pytest.fixture
def two(tmp_path: Path) -> StoredRows:
    frame = rows([Fake("a", "A", 9.0), Fake("b", "B", 12.0)], images=4)
    return read_stored(stored(frame, tmp_path / "two"))


def test_the_text_is_that_of_the_renderers(two: StoredRows) -> None:
    made = make_report(two, ReportRequest("markdown", precision=Decimals(3)))
    built = report.build(two.frame, expected=two.expected).noted(two.notes)
    assert made.text == report.render(built, "markdown", precision=3) and made.gap is None
    each = make_report(two, ReportRequest("csv", per_image=True))
    assert each.text == report.per_image(two.frame, "csv")


def test_the_gap_plot_is_drawn_with_the_text(two: StoredRows) -> None:
    made = make_report(two, ReportRequest(plot=Path("gap.svg")))
    assert made.gap is not None and made.gap.startswith(b"<?xml")
    with pytest.raises(ValueError):
        make_report(two, ReportRequest(plot=Path("gap.bmp")))


def test_what_does_not_go_together_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="the page has its own image viewer"):
        ReportRequest("html", per_image=True)


@pytest.mark.parametrize(
    ("request_", "shows"),
    [
        (ReportRequest("html"), True),
        (ReportRequest("markdown"), True),
        (ReportRequest("csv"), False),
        (ReportRequest("markdown", per_image=True), False),
    ],
)
def test_whether_notes_are_shown(request_: ReportRequest, shows: bool) -> None:
    assert shows_notes(request_) is shows


def test_a_setting_or_metric_that_there_is_not(two: StoredRows) -> None:
    with pytest.raises(ValueError, match="setting"):
        make_report(two, ReportRequest(settings=("B",)))
    with pytest.raises(ValueError):
        make_report(two, ReportRequest(metrics=("none",)))


def test_a_terminal_shows_the_summary_after_a_run(two: StoredRows) -> None:
    text = answer(two)
    assert "Obfuscation shift" in text and "\x1b" not in text
    assert "The rest: p3mbench report --results" in text and len(text.splitlines()) <= 24

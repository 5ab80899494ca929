"""Published lines stand below measured ones, marked, and are never merged or ranked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake import DEFAULT, rows
from looking import QUICK, table

from p3mbench.published import BENCHMARK
from p3mbench.report import Report, Role, build, render
from p3mbench.report.request import ReportRequest


def report(benchmark: str, *patterns: str) -> Report:
    fakes = [replace(fake, benchmark=benchmark) for fake in DEFAULT[:4]]
    return build(rows(fakes, images=6), ReportRequest(published_rows=patterns), how=QUICK)


def test_they_are_marked_with_their_source_and_compete_for_no_rank() -> None:
    shown = table(report(BENCHMARK, "p3mnet-r34", "hatt"), Role.SETTINGS)
    lines = [row for row in shown.rows if row.source]
    assert {row.method for row in lines} == {"p3mnet-r34", "hatt"}
    assert all("published [" in row.label for row in lines)
    assert {row.block for row in lines} == {"Published, not measured here"}
    assert all(cell.rank == 0 for row in lines for cell in row.cells)
    plain = table(report(BENCHMARK), Role.SETTINGS)
    assert [r.cells for r in shown.rows if not r.source] == [r.cells for r in plain.rows]
    assert any(note.startswith("Published lines were not measured") for note in shown.notes)
    assert any(note.startswith("p3m: Li et al.") for note in shown.notes)


def test_another_benchmark_is_not_compared() -> None:
    shown = table(report("mini", "GFM*"), Role.SETTINGS)
    assert any("on p3m500" in row.block for row in shown.rows)
    assert any("not on mini: do not compare" in note for note in shown.notes)


@pytest.mark.parametrize("format", ["table", "markdown", "latex", "csv", "json"])
def test_every_format_says_so(format: str) -> None:
    text = render(report(BENCHMARK, "hatt"), format)
    assert "published" in text.replace("\\", "")


def test_a_method_that_nobody_published() -> None:
    with pytest.raises(ValueError, match="no published method hat: did you mean hatt"):
        report(BENCHMARK, "hat")

"""Text for a screen fits, is aligned, and steers no terminal."""

from __future__ import annotations

from fake import rows
from nasty_report import QUICK, nasty

from p3mbench.report import Report, Role, build, render
from p3mbench.report.render.layout import text_width
from p3mbench.report.render.terminal import BOLD, UNDERLINE
from p3mbench.report.tables.model import (
    ColumnType,
    Table,
    TableCell,
    TableColumn,
    TableRow,
)


def test_terminal_fits_and_is_safe() -> None:
    text = render(nasty(), "table")
    assert "\x1b" not in text and "\t" not in text
    assert (
        max(text_width(line) for line in render(build(rows(), how=QUICK), "table").split("\n"))
        <= 100
    )


def test_terminal_lines_of_a_part_are_aligned(report: Report) -> None:
    for part in render(report, "table").split("\n\n"):
        lines = part.split("\n")
        rules = [i for i, line in enumerate(lines) if line.startswith("─")]
        if rules:
            body = [line for line in lines[rules[0] : rules[-1] + 1] if "  " in line]
            assert all(text_width(line) <= text_width(lines[rules[0]]) for line in body)


def test_ansi_only_on_request(report: Report) -> None:
    styled, plain = render(report, "table", ansi=True), render(report, "table")
    assert BOLD in styled and UNDERLINE in styled and "\x1b" not in plain
    assert "* best, + second." in plain and "* best" not in styled
    best = next(c for t in report.tables for r in t.rows for c in r.cells if c.rank == 1)
    assert f"{BOLD}{best.value:.2f}" in styled and f"{best.value:.2f}*" in plain


def test_long_remarks_are_wrapped_on_a_terminal() -> None:
    column = TableColumn(key="note", title="Note", type=ColumnType.TEXT)
    lead = TableColumn(key="setting", title="Setting", type=ColumnType.TEXT)
    number = TableColumn(key="n", title="n", type=ColumnType.NUMBER)
    row = TableRow(
        label="A",
        method="a",
        cells=(TableCell(text="P B:B"), TableCell(value=1.0), TableCell(text="word " * 60)),
    )
    table = Table(
        role=Role.PUBLISHED, label="t", title="T", caption="C.", columns=(lead, number, column),
        rows=(row,),
    )  # fmt: skip
    lines = render(Report(tables=(table,)), "table").splitlines()
    assert max(len(line) for line in lines) <= 100
    assert any(line.startswith("- A, P B:B: word word") for line in lines)

"""Markdown holds the columns of the model, and escapes every name."""

from __future__ import annotations

import re

from nasty_report import nasty

from p3mbench.report import Report, render
from p3mbench.report.tables.model import (
    cell_text,
)


def test_markdown_rows_have_the_columns_of_the_model(report: Report) -> None:
    tables = re.findall(r"(?:^\|.*\n)+", render(report, "markdown"), re.M)
    assert report.answer is not None
    models = (*report.answer.tables, *report.tables)
    assert len(tables) == len(models)
    for text, table in zip(tables, models, strict=True):
        lines = text.splitlines()
        extra = 2 if any(row.block for row in table.rows) else 1
        assert len(lines) == len(table.rows) + 2
        for line, row in zip(lines[2:], table.rows, strict=True):
            cells = re.split(r"(?<!\\)\|", line)[1:-1]
            assert len(cells) == len(table.columns) + extra
            for text_cell, cell, column in zip(
                cells[extra:], row.cells, table.columns, strict=True
            ):
                bare = cell_text(cell, column).replace("[", r"\[").replace("]", r"\]")
                bare = bare.replace("*", r"\*").replace("_", r"\_")
                wanted = {1: f"**{bare}**", 2: f"<ins>{bare}</ins>"}.get(cell.rank, bare)
                assert text_cell.strip() == wanted.strip().replace("<0", r"\<0")


def test_markdown_escapes_names() -> None:
    text = render(nasty(), "markdown")
    assert "<script>" not in text and "\x1b" not in text
    for line in text.splitlines():
        if line.startswith("|"):
            assert "\\<script\\>" in line or "A" not in line.split("|")[1].replace("SAD", "")

"""The five formats: they agree, they escape, they are the same bytes for the same rows."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pytest
from fake import DEFAULT, METRICS, rows

from p3mbench.report import Report, Role, build, formats, per_image, render
from p3mbench.report.render.layout import text_width
from p3mbench.report.render.terminal import BOLD, UNDERLINE
from p3mbench.report.tables.model import (
    ColumnType,
    Table,
    TableCell,
    TableColumn,
    TableRow,
    cell_text,
)
from p3mbench.stats import Bootstrap

QUICK = Bootstrap(resamples=199)
NASTY = "A_&%$#{}~^\\|<script>*`[x](y)\n\x1b[31m\tß 名"


@pytest.fixture(scope="module")
def report() -> Report:
    return build(rows(), how=QUICK)


def nasty() -> Report:
    fakes = [replace(f, title=f"{NASTY} {f.title}", obfuscation=NASTY) for f in DEFAULT]
    return build(rows([replace(f, checkpoint=f"{f.checkpoint}_&|<b>") for f in fakes]), how=QUICK)


@pytest.mark.parametrize("format", list(formats()))
def test_same_rows_same_bytes_in_any_order(format: str) -> None:
    frame = rows(DEFAULT[:5])
    shuffled = frame.sample(frac=1, random_state=3)
    assert render(build(frame, how=QUICK), format) == render(build(shuffled, how=QUICK), format)
    assert per_image(frame, format) == per_image(shuffled, format)


@pytest.mark.parametrize("format", list(formats()))
def test_every_format_ends_with_a_newline(format: str, report: Report) -> None:
    text = render(report, format)
    assert text.endswith("\n") and not text.endswith("\n\n")
    assert render(Report(tables=(), notes=("Nothing.",)), format).endswith("\n")


def test_csv_json_and_the_model_agree(report: Report) -> None:
    lines = list(csv.DictReader(io.StringIO(render(report, "csv"))))
    read = json.loads(render(report, "json"))
    at = iter(lines)
    for table, shown in zip(report.tables, read["tables"], strict=True):
        for row, shown_row in zip(table.rows, shown["rows"], strict=True):
            for column, cell, value in zip(
                table.columns, row.cells, shown_row["cells"], strict=True
            ):
                if not cell.attempted:
                    assert value is None
                    continue
                line = next(at)
                assert (line["table"], line["label"]) == (table.label, row.label)
                assert line["column"] == column.key and int(line["n"]) == cell.n
                if column.type == "text":
                    assert line["text"] == value["text"] == cell.text
                elif math.isnan(cell.value):
                    assert line["value"] == "" and value["value"] is None
                else:
                    assert float(line["value"]) == value["value"] == cell.value
                    assert value["rank"] == cell.rank == int(line["rank"])
    assert next(at, None) is None


def test_laid_out_formats_hold_every_cell_text(report: Report) -> None:
    terminal, markdown = render(report, "table"), render(report, "markdown")
    plain = markdown.replace("\\", "")
    for table in report.tables:
        for row in table.rows:
            for column, cell in zip(table.columns, row.cells, strict=True):
                text = cell_text(cell, column)
                assert text in terminal and text in plain


def test_markdown_rows_have_the_columns_of_the_model(report: Report) -> None:
    tables = re.findall(r"(?:^\|.*\n)+", render(report, "markdown"), re.M)
    assert len(tables) == len(report.tables)
    for text, table in zip(tables, report.tables, strict=True):
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
                wanted = {1: f"**{bare}**", 2: f"<ins>{bare}</ins>"}.get(cell.rank, bare)
                assert text_cell.strip() == wanted.replace("<0", r"\<0")


def test_markdown_escapes_names() -> None:
    text = render(nasty(), "markdown")
    assert "<script>" not in text and "\x1b" not in text
    for line in text.splitlines():
        if line.startswith("|"):
            assert "\\<script\\>" in line or "A" not in line.split("|")[1]


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


def test_precision_applies_to_every_format(report: Report) -> None:
    terminal = render(report.select(Role.SETTINGS), "table", precision=1)
    assert re.search(r"\d\.\d\b", terminal) and not re.search(r"\d\.\d\d", terminal)
    read = json.loads(render(report, "json", precision=1))
    value = read["tables"][0]["rows"][0]["cells"][0]["value"]
    assert value == round(value, 1)


def test_bad_format_and_precision_are_named(report: Report) -> None:
    with pytest.raises(ValueError, match="format must be one of"):
        render(report, "html")
    with pytest.raises(ValueError, match="precision"):
        render(report, "table", precision=-1)
    with pytest.raises(ValueError, match="format must be one of"):
        per_image(rows(), "html")


def test_select_by_role(report: Report) -> None:
    assert {t.role for t in report.select("settings", Role.GAPS).tables} == {"settings", "gaps"}


def test_per_image_exports_every_row_and_column() -> None:
    frame = rows()
    read = pd.read_csv(io.StringIO(per_image(frame, "csv")), keep_default_na=False)
    assert len(read) == len(frame) and set(read.columns) == {*frame.columns, "flag_words"}
    records = json.loads(per_image(frame, "json"))
    assert len(records) == len(frame)
    wanted = {
        (r.method, r.train_setting, r.subset, r.variant, r.image): r for r in frame.itertuples()
    }
    for record in records:
        key = tuple(record[k] for k in ("method", "train_setting", "subset", "variant", "image"))
        for metric in METRICS:
            stored = getattr(wanted[key], metric)
            assert record[metric] == (None if math.isnan(stored) else stored)


def test_per_image_shows_failures_and_their_reason() -> None:
    text = per_image(rows([DEFAULT[2]], images=4), "table")
    assert text.count("failed: returned NaN") == 12
    assert per_image(rows(), "markdown", metrics=["grad"]).count("GRAD") == 1
    with pytest.raises(ValueError, match="no metric psnr"):
        per_image(rows(), "table", metrics=["psnr"])


def test_importing_the_report_needs_neither_pandas_nor_matplotlib() -> None:
    code = (
        "import sys, p3mbench.report, p3mbench.report.plots; "
        "sys.exit(bool({'matplotlib', 'pandas', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


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

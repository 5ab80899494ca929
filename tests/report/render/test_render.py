"""The five formats: they agree, they escape, they are the same bytes for the same rows."""

from __future__ import annotations

import io
import json
import math
import re
import subprocess
import sys

import pandas as pd
import pytest
from fake import DEFAULT, METRICS, rows
from nasty_report import QUICK

from p3mbench.report import Report, Role, build, formats, per_image, render
from p3mbench.report.tables.model import (
    cell_text,
)


@pytest.fixture(scope="module")
def both_orders() -> list[tuple[pd.DataFrame, Report]]:
    """The same rows in two orders, with their reports."""
    frame = rows(DEFAULT[:5])
    frames = (frame, frame.sample(frac=1, random_state=3))
    return [(one, build(one, how=QUICK)) for one in frames]


@pytest.mark.parametrize("format", list(formats()))
def test_same_rows_same_bytes_in_any_order(
    format: str, both_orders: list[tuple[pd.DataFrame, Report]]
) -> None:
    (frame, report), (shuffled, other) = both_orders
    assert render(report, format) == render(other, format)
    assert per_image(frame, format) == per_image(shuffled, format)


@pytest.mark.parametrize("format", list(formats()))
def test_every_format_ends_with_a_newline(format: str, report: Report) -> None:
    text = render(report, format)
    assert text.endswith("\n") and not text.endswith("\n\n")
    assert render(Report(tables=(), notes=("Nothing.",)), format).endswith("\n")


def test_laid_out_formats_hold_every_cell_text(report: Report) -> None:
    terminal, markdown = render(report, "table"), render(report, "markdown")
    plain = markdown.replace("\\", "")
    for table in report.tables:
        for row in table.rows:
            for column, cell in zip(table.columns, row.cells, strict=True):
                text = cell_text(cell, column)
                assert text in terminal and text in plain


def test_precision_applies_to_every_format(report: Report) -> None:
    terminal = render(report.select(Role.SETTINGS), "table", precision=1)
    assert re.search(r"\d\.\d\b", terminal)  # MSE keeps its own four decimals
    assert not re.search(r"\d\.\d\d(?!\d\d)", terminal)
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

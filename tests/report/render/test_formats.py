"""Formats are found, describe themselves, and one more is one file."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from fake import DEFAULT, rows, stored

from p3mbench.cli import main
from p3mbench.report import Report, formats
from p3mbench.report.render import find, suffixes
from p3mbench.report.render.format import Data, Export, Layout, Look

package = sys.modules["p3mbench.report.render"]

TSV = '''
"""Tab-separated values."""

from p3mbench.report.render.csv import csv_cell
from p3mbench.report.render.format import Export

def write(data):
    lines = [data.columns, *([line.get(c) for c in data.columns] for line in data.lines)]
    return "".join("\\t".join(str(csv_cell(cell)) for cell in line) + "\\n" for line in lines)

FORMAT = Export(name="tsv", purpose="for pasting", suffixes=(".tsv",), write=write)
'''

RST = '''
"""Tables as reStructuredText."""

from p3mbench.names import plain
from p3mbench.report.render.format import Layout

def lay_out(report, look):
    lines = []
    for table in report.tables:
        lines += [f".. list-table:: {plain(table.title)}", "   :header-rows: 1", ""]
        lines += [f"   * - {cell}" for cell in (table.head, *(c.title for c in table.columns))]
        lines += [f"   * - {plain(row.label)}" for row in table.rows]
    return "\\n".join([*lines, *map(plain, report.notes)]) + "\\n"

FORMAT = Layout(name="rst", purpose="for Sphinx", suffixes=(".rst", ".rest"), lay_out=lay_out)
'''


def run(*arguments: object, ok: int = 0) -> str:
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    assert result.exit_code == ok, result.output
    return result.output


@pytest.fixture
def more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two formats more, each of them a file of the package and nothing else."""
    folder = tmp_path / "more"
    folder.mkdir()
    for name, text in (("tsv", TSV), ("rst", RST)):
        (folder / f"{name}.py").write_text(text)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    yield
    for name in ("tsv", "rst"):
        sys.modules.pop(f"{package.__name__}.{name}", None)
        vars(package).pop(name, None)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return stored(rows(DEFAULT[:2], images=4), tmp_path / "store")


def test_formats_are_listed_in_the_order_that_they_state() -> None:
    assert list(formats()) == ["table", "markdown", "latex", "csv", "json"]
    assert suffixes() == {
        ".txt": "table", ".md": "markdown", ".markdown": "markdown", ".tex": "latex",
        ".csv": "csv", ".json": "json",
    }  # fmt: skip
    assert all(one.purpose for one in formats().values())
    with pytest.raises(ValueError, match="must be one of table, markdown, latex, csv, json, not"):
        find("tsv")


@pytest.mark.usefixtures("more")
def test_a_new_format_is_one_file_for_every_command(store: Path, tmp_path: Path) -> None:
    assert list(formats())[-2:] == ["rst", "tsv"]
    assert "rst for Sphinx; tsv for" in " ".join(run("report", "--help").split())
    out = tmp_path / "out.tsv"
    run("report", "--results", store, "--out", out)
    with out.open() as file:
        lines = list(csv.DictReader(file, delimiter="\t"))
    assert {line["label"] for line in lines} == {"P3M-Net (R34)"}
    run("report", "--results", store, "--per-image", "--out", out)
    assert out.read_text().count("\n") == 1 + 2 * 2 * 2 * 4
    assert run("compare", store, store, "--format", "tsv").startswith("table\trole")
    assert ".. list-table:: Trimap-free" in run("report", "--results", store, "--format", "rst")
    assert "* - Method" in run("report", "--results", store, "--per-image", "--format", "rst")
    run("report", "--results", store, "--out", tmp_path / "x.REST")
    assert (tmp_path / "x.REST").read_text().startswith(".. list-table::")
    assert "writes no html; it has table, markdown, latex, csv, json, rst, tsv" in run(
        "compare", store, store, "--out", tmp_path / "x.html", ok=2
    )


@pytest.mark.usefixtures("more")
def test_evaluate_writes_a_new_format(tmp_path: Path) -> None:
    for name in ("pred", "gt"):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / "a.png"), np.zeros((8, 8), np.uint8))
    for suffix, start in ((".tsv", "image\tsad"), (".rst", ".. list-table::")):
        out = tmp_path / f"scores{suffix}"
        run("evaluate", tmp_path / "pred", tmp_path / "gt", "--jobs", 1, "--out", out)
        assert out.read_text().startswith(start)


@pytest.mark.usefixtures("more", "undrawn")
def test_a_gallery_has_a_file_of_a_new_format(store: Path, tmp_path: Path) -> None:
    more = ("--no-page", "--dpi", 30, "--tables", "tsv", "--tables", "rst")
    run("gallery", "--results", store, "--out", tmp_path / "gallery", *more)
    assert {p.name for p in (tmp_path / "gallery").glob("tables.*")} == {"tables.tsv", "tables.rst"}
    index = (tmp_path / "gallery" / "README.md").read_text()
    assert "[rst](tables.rst), [tsv](tables.tsv)" in index


def test_a_format_calls_only_what_it_needs() -> None:
    def unwanted() -> Any:
        raise AssertionError("not asked for")

    layout = Layout(name="x", purpose="", suffixes=(".x",), lay_out=lambda report, look: f"{look}")
    export = Export(name="y", purpose="", suffixes=(".y",), write=lambda data: f"{data.whole}")
    report, look = Report(tables=()), Look(ansi=True, standalone=True)
    assert layout.text(lambda: report, unwanted, look) == str(look)
    assert export.text(unwanted, lambda: Data((), (), "whole"), look) == "whole"

"""The report's command line: formats by suffix, metrics in any case, nothing half written."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest
from calls import call, finished
from click.testing import CliRunner, Result

from p3mbench.cli import main

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from fake import Fake, rows, stored

CODES = ("\x1b", "\x9b", "\u202e")


def run(*arguments: object, ok: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    assert result.exit_code == ok, result.output
    return result


@pytest.fixture
def two(tmp_path: Path) -> Path:
    return stored(rows([Fake("a", "A", 9.0), Fake("b", "B", 12.0)], images=4), tmp_path / "two")


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """Foreign text that a terminal or a spreadsheet would obey."""
    frame = rows([Fake("a", "=1+1\x1b[31m\x9b2J\u202e", 9.0, failed=1)], images=4)
    frame["reason"] = ["@cmd\x1b]0;title\x07" if s == "failed" else "" for s in frame["status"]]
    return stored(frame, tmp_path / "odd")


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("t.csv", "table,role,"), ("t.json", "{"), ("t.md", "mini: 2 "), ("t.tex", "% Needs"),
        ("t.HTML", "<!doctype html>"), ("t.txt", "mini: 2 "), ("t", "mini: 2 "),
    ],
)  # fmt: skip
def test_the_suffix_decides_the_format(two: Path, tmp_path: Path, name: str, begins: str) -> None:
    run("report", "--results", two, "--out", tmp_path / name)
    assert (tmp_path / name).read_text().startswith(begins)


def test_a_format_that_is_asked_for_wins(two: Path, tmp_path: Path) -> None:
    run("report", "--results", two, "--format", "json", "--out", tmp_path / "t.csv")
    assert json.loads((tmp_path / "t.csv").read_text())["tables"]


def test_a_suffix_of_a_format_that_a_command_lacks_is_refused(two: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.html"
    text = run("compare", two, two, "--out", out, ok=2).output
    assert "writes no html" in text and not out.exists()


@pytest.mark.parametrize("names", ["SAD", "sad,Mse", "SAD-T", "sad_t", " sad , MAD-t "])
def test_metrics_are_taken_in_any_case(two: Path, names: str) -> None:
    run("report", "--results", two, "--metrics", names)
    run("compare", two, two, "--metrics", names)


@pytest.mark.parametrize(
    ("names", "says"), [("sda", "did you mean sad"), ("zzzzzz", "there are"), (",", "names no")]
)
def test_other_metrics_are_named_with_the_nearest(two: Path, names: str, says: str) -> None:
    assert says in run("report", "--results", two, "--metrics", names, ok=2).output
    assert says in run("compare", two, two, "--metrics", names, ok=2).output


def test_without_a_gap_nothing_is_written(tmp_path: Path) -> None:
    one = rows([Fake("a", "A", 9.0, subsets=("P",), variants=("N",))], images=4)
    store, out, plot = stored(one, tmp_path / "s"), tmp_path / "t.md", tmp_path / "gap.png"
    result = run("report", "--results", store, "--out", out, "--plot", plot, ok=2)
    assert result.output.splitlines()[-1].startswith("Error: nothing to draw: no method has")
    assert not out.exists() and not plot.exists()


def test_p_against_np_alone_is_drawn(tmp_path: Path) -> None:
    logs = pd.concat(
        rows([Fake("a", "A", 9.0, "B", subsets=(s,), variants=(v,))], images=4)
        for s, v in (("P", "B"), ("NP", "N"))
    )
    plot = tmp_path / "gap.svg"
    run("report", "--results", stored(logs, tmp_path / "s"), "--plot", plot)
    assert "subset NP" in plot.read_text() or plot.stat().st_size > 1000


@pytest.mark.parametrize("per_image", [(), ("--per-image",)])
@pytest.mark.parametrize("format", ["table", "markdown", "latex", "csv", "json"])
def test_no_code_reaches_a_screen(odd: Path, format: str, per_image: tuple[str, ...]) -> None:
    text = run("report", "--results", odd, "--format", format, *per_image).stdout
    assert not any(code in text for code in CODES)


@pytest.mark.usefixtures("undrawn")  # a picture is in base64: no code could be seen in it
def test_no_code_reaches_a_page(odd: Path, tmp_path: Path) -> None:
    run("report", "--results", odd, "--out", tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    assert not any(code in text for code in CODES)


@pytest.mark.parametrize("per_image", [(), ("--per-image",)])
def test_no_formula_reaches_a_spreadsheet(odd: Path, per_image: tuple[str, ...]) -> None:
    text = run("report", "--results", odd, "--format", "csv", *per_image).stdout
    cells = {cell for line in csv.reader(io.StringIO(text)) for cell in line}
    assert any("1+1" in cell for cell in cells)
    for cell in cells - {"-"}:
        if cell[:1] in ("=", "+", "-", "@"):
            float(cell)


def test_json_keeps_the_exact_text(odd: Path) -> None:
    text = run("report", "--results", odd, "--format", "json", "--per-image").stdout
    assert json.loads(text)[0]["title"] == "=1+1\x1b[31m\x9b2J\u202e"


def test_a_store_of_failures_shows_their_reasons(tmp_path: Path) -> None:
    store = stored(rows([Fake("a", "A", 9.0, failed=4)], images=4), tmp_path / "s")
    text = run("report", "--results", store).output
    assert "None of the 16 rows has a score." in text and "16 rows failed (A): returned NaN" in text
    assert "0 images" not in text


def test_how_a_method_ran_stands_beside_its_name(tmp_path: Path) -> None:
    fakes = [
        Fake("a", "A", 9.0, options='{"precision": "bf16", "compiled": true}'),
        Fake("b", "B", 9.0, options='{"threads": 2}'),
        Fake("c", "C", 9.0, options='{"precision": "fp32", "size": 3}'),
    ]
    store = stored(rows(fakes, images=4), tmp_path / "s")
    for more in ((), ("--per-image",)):
        for format in ("table", "markdown", "latex"):
            text = run("report", "--results", store, "--format", format, *more).output
            assert "A, bf16, compiled" in text and "B, 2 threads" in text
            assert "fp32" not in text and "C, " not in text
    text = run("report", "--results", store, "--format", "csv").output
    labels = {line["label"] for line in csv.DictReader(io.StringIO(text))}
    assert labels == {"A, bf16, compiled", "B, 2 threads", "C"}


@pytest.mark.parametrize("format_", ["table", "markdown", "latex", "csv", "json"])
def test_report_in_every_format(stored, tmp_path, format_):
    out = tmp_path / f"table.{format_}"
    assert call("report", "--results", stored, "--format", format_, "--out", out).exit_code == 0
    printed = call("report", "--results", stored, "--format", format_).stdout
    assert printed.strip() == out.read_text().strip()
    assert "Coarse" in printed
    each = call("report", "--results", stored, "--format", format_, "--per-image").stdout
    assert "p_2" in each.replace("\\", "")


def test_per_image_rows_are_raw(stored):
    text = call("report", "--results", stored, "--per-image", "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 10
    sads = {float(row["sad"]) for row in rows}
    assert any(len(repr(sad)) > 12 for sad in sads)


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_gap_plot(tmp_path, both_variants, suffix):
    path = tmp_path / f"gap.{suffix}"
    assert call("report", "--results", both_variants, "--plot", path).exit_code == 0
    magic = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix]
    assert path.read_bytes().startswith(magic)


def test_without_both_variants_p_and_np_are_plotted(stored, tmp_path):
    result = call("report", "--results", stored, "--plot", tmp_path / "gap.png")
    assert result.exit_code == 0
    assert (tmp_path / "gap.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("undrawn")
def test_the_page_holds_the_images_and_mattes_of_the_run(both_variants, tmp_path):
    page = tmp_path / "page.html"
    result = call("report", "--results", both_variants, "--format", "html", "--out", page)
    assert result.exit_code == 0 and "note:" not in result.stderr
    text = page.read_text()
    data = json.loads(text.split('id="data">')[1].split("</script>")[0])["viewer"]
    assert {image["id"] for image in data["images"]} == {"p_1", "p_2", "p_3"}
    assert all({"B", "N", "alpha"} <= set(image) for image in data["images"])
    assert all("matte" in view[v] for view in data["views"].values() for v in "BN")
    call("report", "--results", both_variants, "--format", "html")
    assert (both_variants / "report.html").read_text() == text


@pytest.mark.usefixtures("undrawn")
def test_images_that_have_moved_are_a_note_and_the_page_is_made(tmp_path, p3m_folder):
    out = finished(tmp_path / "out", p3m_folder, "--methods", "coarse")
    shutil.rmtree(p3m_folder)
    result = call("report", "--results", out, "--format", "html")
    assert result.exit_code == 0
    assert "note: the images of p3m500 cannot be shown" in result.stderr


@pytest.mark.slow
def test_every_plot_is_written(both_variants, tmp_path):
    folder = tmp_path / "plots"
    call("report", "--results", both_variants, "--plots", folder, "--plot-format", "svg")
    names = {path.name.split("-")[0].split(".")[0] for path in folder.iterdir()}
    assert {"gap", "slopes", "scatter", "cumulative", "where", "panels"} <= names


def test_the_screen_has_the_answer_and_all_has_every_table(two: Path) -> None:
    short = run("report", "--results", two).output
    assert len(short.splitlines()) <= 24
    assert f"p3mbench report --results {two} --all" in squeezed(short)
    whole = run("report", "--results", two, "--all").output
    assert "Gaps in SAD" in whole and "Provenance of the scores" in whole
    some = run("report", "--results", two, "--tables", "detail,Seeds").output
    assert "in detail" in some and "Gaps in" not in some and "The rest" not in some


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--methods", "aa"), "no method aa: did you mean a?"),
        (("--methods", ","), "--methods names nothing"),
        (("--tables", "gap"), "no table gap: did you mean gaps?"),
        (("--columns", "X:Y"), "no column X:Y"),
        (("--order", "grid"), "no column to order by grid"),
        (("--published", "hat"), "no published method hat: did you mean hatt"),
        (("--precision", "x"), "precision takes N or METRIC=N"),
        (("--caption", "Mine."), "a caption or label is for one table"),
        (("--order", "given"), "name them"),
    ],
)
def test_wrong_names_end_in_one_line(two: Path, options: tuple[str, ...], says: str) -> None:
    result = run("report", "--results", two, *options, ok=2)
    assert says in result.output.splitlines()[-1]


def test_a_methods_table_as_a_paper_prints_it(two: Path) -> None:
    text = run(
        "report", "--results", two, "--format", "latex", "--tables", "settings", "--methods", "A",
        "--columns", "-:N,gap", "--metrics", "SAD", "--precision", "sad=1", "--caption", "Mine.",
        "--label", "tab:mine", "--no-notes",
    ).output  # fmt: skip
    assert r"\caption{Mine.}" in text and r"\label{tab:mine}" in text and "minipage" not in text
    assert re.search(r"^A & \d\.\d & \S+\d\.\d \[", text, re.M) and "\nB & " not in text


def test_one_file_makes_a_papers_tables(two: Path, tmp_path: Path) -> None:
    config = tmp_path / "report.toml"
    config.write_text('results = "two"\n[[output]]\nfile = "t.tex"\ntables = ["gaps"]\n')
    run("report", "--config", config)
    assert r"\begin{table*}" in (tmp_path / "t.tex").read_text()
    both = run("report", "--config", config, "--methods", "a", ok=2).output
    assert "write --methods into" in squeezed(both)
    config.write_text("[[output]]\nfil = 3\n")
    assert "report.toml" in run("report", "--config", config, ok=2).output

"""The LaTeX table: every number recomputed from the rows, every name escaped, and it compiles."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fake import DEFAULT, rows

from p3mbench.report import Role, build, render
from p3mbench.report.render import Look
from p3mbench.report.render.latex import SEPARATION, SIZES, document, fitting, widths_of
from p3mbench.report.render.typesetting import escape
from p3mbench.report.request import ReportRequest
from p3mbench.stats import Bootstrap

QUICK = Bootstrap(resamples=499)
DECIMALS = {"SAD": 2, "MSE": 4, "SAD-T": 2, "MSE-T": 4}
COLUMNS = {"SAD": "sad", "MSE": "mse", "SAD-T": "sad_t", "MSE-T": "mse_t"}


def bare(cell: str) -> str:
    """A cell without emphasis, count and typesetting."""
    cell = re.sub(r"\\,\{\(\d+/\d+\)\}", "", cell)
    cell = re.sub(r"\\(?:textbf|underline)\{(.*?)\}", r"\1", cell)
    return cell.replace(r"\ensuremath{-}", "-").replace(r"\textendash{}", "").strip()


def tabulars(text: str) -> list[tuple[list[str], list[str], list[list[str]]]]:
    """Every part of the tables in ``text``, parsed."""
    return [parsed(part) for part in re.findall(r"\\toprule.*?\\bottomrule", text, re.S)]


def parsed(body: str) -> tuple[list[str], list[str], list[list[str]]]:
    """Group of each column, title of each column, and body cells of one LaTeX tabular."""
    lines = [line.removesuffix(r" \\") for line in body.split("\n") if line.endswith(r"\\")]
    groups: list[str] = []
    if not lines[0].startswith(" &"):
        lines.insert(0, "")
    for size, title in re.findall(r"\\multicolumn\{(\d)\}\{c\}\{(.*?)\}(?: &|$)", lines[0]):
        groups += [title.replace(r"\textendash{}", "-")] * int(size)
    return groups, lines[1].split(" & ")[1:], [line.split(" & ") for line in lines[2:]]


def ok_scores(frame: pd.DataFrame, title: str, train: str, variant: str) -> pd.DataFrame:
    chosen = frame[
        (frame.title == title)
        & (frame.train_setting == train)
        & (frame.variant == variant)
        & (frame.subset == "P")
        & (frame.status == "ok")
    ]
    return chosen.set_index("image")


def shown(value: float, decimals: int, sign: bool = False) -> str:
    text = f"{value:+.{decimals}f}" if sign else f"{value:.{decimals}f}"
    return text.lstrip("+-") if float(text) == 0 else text


@pytest.mark.parametrize("kind", ["trimap-free", "trimap-based"])
def test_every_number_is_recomputed_from_the_rows(kind: str) -> None:
    frame = rows()
    text = render(build(frame, ReportRequest(kind=kind), how=QUICK).select(Role.SETTINGS), "latex")
    seen = 0
    lines = [
        (label, group, title, cell)
        for groups, titles, body in tabulars(text)
        for label, *cells in body
        for group, title, cell in zip(groups, titles, cells, strict=True)
    ]
    for label, group, title, cell in lines:
        value = bare(cell)
        if group.startswith("Gap in "):
            metric = group.split()[2]
            wanted = recomputed_gap(frame, label, title, metric)
            value = value.split(" [")[0]
        else:
            scores = ok_scores(frame, label, *group.split(":"))[COLUMNS[title]].dropna()
            wanted = shown(scores.mean(), DECIMALS[title]) if len(scores) else ""
            done = len(ok_scores(frame, label, *group.split(":")).dropna())
            assert (r"\,{(" in cell) == (0 < done < 24)
        assert value == wanted, (label, group, title)
        seen += bool(wanted)
    assert seen == {"trimap-free": 2 * 11 + 5, "trimap-based": 3 * 5}[kind]


def recomputed_gap(frame: pd.DataFrame, label: str, title: str, metric: str) -> str:
    train = "-" if "textendash" in title else "N" if "(N)" in title else ""
    train = train or ("-" if title == "Obfuscation shift" else "B")
    test, reference = {
        "PPT gap": (("B", "N"), ("B", "B")),
        "Privacy cost": (("B", "N"), ("N", "N")),
    }.get(title, ((train, "B"), (train, "N")))
    pairs = [ok_scores(frame, label, *s)[COLUMNS[metric]] for s in (test, reference)]
    both = pairs[0].dropna().index.intersection(pairs[1].dropna().index)
    if not len(both):
        return ""
    difference = np.mean([pairs[0][i] - pairs[1][i] for i in both])
    return shown(difference, DECIMALS[metric], sign=True)


def test_best_is_bold_and_second_underlined() -> None:
    text = render(build(rows(DEFAULT[:2]), how=QUICK).select(Role.SUBSETS), "latex")
    [(_, titles, body)] = tabulars(text)
    blocks = [line for line in body if len(line) == len(titles) + 1]
    for column in range(2, len(titles) + 1):
        for pair in (blocks[:2], blocks[2:]):
            values = [float(bare(line[column])) for line in pair]
            if values[0] == values[1]:
                continue
            best = int(np.argmin(values))
            assert pair[best][column].startswith(r"\textbf{")
            assert pair[1 - best][column].startswith(r"\underline{")


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("a_b", r"a\_b"),
        ("R&D 5% $1 #2", r"R\&D 5\% \$1 \#2"),
        ("{x}", r"\{x\}"),
        ("~^\\", r"\textasciitilde{}\textasciicircum{}\textbackslash{}"),
        ("<a|b>", r"\textless{}a\textbar{}b\textgreater{}"),
        ("a--b ''", r"a-{}-b '{}'"),
        ("Müller Çelik ñ é", r"M\"{u}ller \c{C}elik \~{n} \'{e}"),
        ("ßøÅł", r"\ss{}\o{}\AA{}\l{}"),
        ("α-matte Ω", r"\ensuremath{\alpha}-matte \ensuremath{\Omega}"),
        ("抠图", "U+62A0U+56FE"),
        ("x\ny\x1b", r"x y\textbackslash{}x1b"),
        ("−1 – 2", r"\ensuremath{-}1 \textendash{} 2"),
    ],
)
def test_escaping(name: str, source: str) -> None:
    assert escape(name) == source


def test_output_is_ascii_and_has_caption_and_label() -> None:
    text = render(nasty_report(), "latex")
    assert text.isascii()
    tables = text.count(r"\begin{table*}") + text.count(r"\endfirsthead")
    assert text.count(r"\caption{") == text.count(r"\label{tab:") == tables
    assert len(set(re.findall(r"\\label\{(.*?)\}", text))) == text.count(r"\label{")
    assert r"\toprule" in text and r"\midrule" in text and r"\bottomrule" in text


def test_no_row_begins_like_an_argument_of_the_line_break() -> None:
    titles = ("[2pt] x", "[2pt] x", "*y", "*y")
    fakes = [replace(f, title=t) for f, t in zip(DEFAULT[:4], titles, strict=True)]
    text = render(build(rows(fakes), how=QUICK), "latex")
    assert not re.search(r"\\\\\s*[\[*]", text)


def nasty_report():
    names = (
        "_&%$#{}~^\\",
        "Ünïcode α 抠图 [x] *y*",
        "\"quoted\" `tick` ''",
        "[2pt] --- |<script>\x1b[31m\u202e\x00",
    )
    fakes = [
        replace(f, title=f"{names[i % 4]} {f.title}", obfuscation="100% _&#", checkpoint="c_%$.pth")
        for i, f in enumerate(DEFAULT)
    ]
    return build(rows(fakes), how=QUICK)


def wide_report():
    """Many long names, settings and metrics: more than a page, and wider than one."""
    fakes = [
        replace(
            f, method=f"{f.method}{i}", title=f"{f.title} with a long name {i}", level=f.level + i,
            checkpoint=f"{f.method}--{f.train.lower()}-s{i}",
        )
        for i in range(12) for f in DEFAULT[:7]
    ]  # fmt: skip
    return build(rows(fakes, images=8), how=Bootstrap(resamples=99))


@pytest.mark.parametrize("text_width", [347.0, 480.0])
def test_every_part_of_a_table_fits_the_text_by_its_estimate(text_width: float) -> None:
    """No LaTeX needed: labels and columns, with the space between them, at the chosen size."""
    for table in (*build(rows(), how=QUICK).tables, *wide_report().tables):
        label, widths = widths_of(table)
        size, parts = fitting(table, text_width)
        assert size in ("small", "footnotesize")
        assert sorted({j for part in parts for j in part}) == list(range(len(table.columns)))
        for part in parts:
            columns = [min(dict(SIZES)[size] * widths[j], 0.4 * text_width) for j in part]
            room = dict(SIZES)[size] * label + sum(columns) + 2 * SEPARATION * len(part)
            assert room <= text_width or len(part) == 1


def test_a_table_longer_than_a_page_breaks_over_pages() -> None:
    text = render(wide_report(), "latex")
    assert r"\begin{longtable}" in text and r"\resizebox" not in text
    assert r"\begin{longtable}" not in render(build(rows(DEFAULT[:2]), how=QUICK), "latex")


def test_siunitx_aligns_single_numbers() -> None:
    report = build(rows(DEFAULT[:4]), how=QUICK).select(Role.SETTINGS)
    text = render(report, "latex", look=Look(siunitx=True))
    assert "S[table-format=2.2]" in text and r"\usepackage{siunitx}" in text
    assert r"\bfseries " in text and "{SAD}" in text


def _has_latex(*packages: str) -> bool:
    """Whether LaTeX is here, with the packages that the tables use."""
    if shutil.which("pdflatex") is None or shutil.which("kpsewhich") is None:
        return False
    found = [
        subprocess.run(["kpsewhich", f"{name}.sty"], capture_output=True, check=False).returncode
        for name in ("booktabs", "longtable", *packages)
    ]
    return not any(found)


def compiled(folder: Path, name: str, source: str) -> str:
    """Compile a document, and return its log as one line per message."""
    (folder / f"{name}.tex").write_text(source)
    done = subprocess.run(
        ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", f"{name}.tex"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    assert (folder / f"{name}.pdf").stat().st_size > 10_000
    return (folder / f"{name}.log").read_text(errors="replace")


def too_wide(log: str, most: float = 2.0) -> list[str]:
    """Return the boxes that stick out of the text by more than some points."""
    found = re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide\)[^\n]*", log)
    return [points for points in found if float(points) > most]


NO_LATEX = pytest.mark.skipif(
    not _has_latex(), reason="pdflatex, or its package booktabs or longtable, is not installed"
)


@NO_LATEX
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["plain", "nasty", "wide"])
def test_it_compiles_and_nothing_sticks_out(tmp_path: Path, kind: str) -> None:
    makers = {"plain": lambda: build(rows(), how=QUICK), "nasty": nasty_report, "wide": wide_report}
    log = compiled(tmp_path, kind, document(render(makers[kind](), "latex")))
    assert too_wide(log) == [] and "Float too large" not in log


@pytest.mark.skipif(not _has_latex("siunitx"), reason="LaTeX with siunitx is not installed")
@pytest.mark.slow
def test_siunitx_compiles(tmp_path: Path) -> None:
    look = Look(siunitx=True, standalone=True)
    log = compiled(tmp_path, "s", render(build(rows(DEFAULT[:4]), how=QUICK), "latex", look=look))
    assert too_wide(log) == []

"""Published figures: the file is sound, and the table beside measured means never mixes them."""

from __future__ import annotations

import json

import pytest
from fake import Fake, rows

from p3mbench.benchmark import get
from p3mbench.metrics.table import METRICS
from p3mbench.published import BENCHMARK, figures, sources
from p3mbench.registry import find
from p3mbench.report import build, render

FAKES = (
    Fake(
        "p3mnet-r34", "P3M-Net (R34)", 8.0, "B", gap=0.5, strategy="resize", checkpoint="b.pth",
        benchmark=BENCHMARK,
    ),
    Fake(
        "p3mnet-r34", "P3M-Net (R34)", 9.0, "N", strategy="resize", checkpoint="n.pth",
        benchmark=BENCHMARK, variants=("N",), limit=20,
    ),
    Fake("mean", "Mean alpha", 60.0, benchmark=BENCHMARK),
)  # fmt: skip


def test_every_figure_is_well_formed() -> None:
    names = {entry.name for entry in find()}
    assert len(figures()) > 250
    for figure in figures():
        assert figure.method == "" or figure.method in names
        assert figure.kind in ("trimap-free", "trimap-based", "interactive")
        assert figure.train in ("B", "N", "B+CP", "other")
        assert figure.subset in ("P", "NP") and figure.test in ("B", "N")
        assert figure.origin in ("authors", "copied", "compared", "rerun", "retrained")
        assert figure.source in sources()
        assert figure.value > 0 and figure.scale in (1, 1000)
        assert figure.metric in METRICS or figure.metric in ("s_measure", "wf_measure")
    assert {f.source for f in figures()} == set(sources())


def test_known_figures_of_the_paper() -> None:
    """P3M's Table 2: SAD of P3M-Net in the four settings."""
    paper = {
        f.setting: f.value for f in figures("p3mnet-r34") if f.source == "p3m" and f.metric == "sad"
    }
    assert paper == {"B:B": 8.73, "B:N": 9.22, "N:B": 11.22, "N:N": 9.06}


def test_conflicts_are_named_on_every_side() -> None:
    disputed = [f for f in figures("p3mnet-r34") if f.conflict and f.metric == "conn"]
    assert {f.source for f in disputed} == {"rechannel", "stylematte"}
    assert all(
        "13.88" in f.conflict for f in disputed if f.source == "stylematte" and f.subset == "P"
    )


def test_the_table_puts_each_figure_beside_its_own_mean() -> None:
    frame = rows(FAKES)
    report = build(frame, published=True).select("published")
    table = next(t for t in report.tables if t.label.endswith("sad"))
    wanted = {f"{f.subset} {f.setting}" for f in figures("p3mnet-r34") if f.metric == "sad"}
    have = {row.cells[0].text for row in table.rows}
    assert {"P B:B", "P B:N", "NP B:N", "P N:N"} == have  # N:B was not measured
    assert have < wanted
    for row in table.rows:
        setting, published, measured, difference, source, _ = row.cells
        subset, _, pair = setting.text.partition(" ")
        train, test = pair.split(":")
        mine = frame[
            (frame["subset"] == subset)
            & (frame["variant"] == test)
            & (frame["train_setting"] == train)
            & (frame["method"] == "p3mnet-r34")
        ]
        assert measured.value == pytest.approx(mine["sad"].mean())
        assert difference.value == pytest.approx(measured.value - published.value)
        key, _, place = source.text.partition(", ")
        assert any(
            (f.value, f.source, f.where, f.setting, f.subset)
            == (published.value, key, place, pair, subset)
            for f in figures("p3mnet-r34")
        )
    assert all(not cell.rank for row in table.rows for cell in row.cells)


def test_remarks_say_what_cannot_be_compared() -> None:
    expected = {(BENCHMARK, subset): 500 for subset in ("P", "NP")}
    report = build(rows(FAKES), published=True, expected=expected).select("published")
    notes = [row.cells[-1].text for table in report.tables for row in table.rows]
    assert all("of 500 images: not comparable" in note for note in notes)
    assert any("published by hybrid, measured by resize" in note for note in notes)
    assert any("conflict: " in note for note in notes)


def test_other_tables_hold_no_published_figure() -> None:
    frame = rows(FAKES)
    plain, beside = (json.loads(render(build(frame, published=p), "json")) for p in (False, True))
    assert plain["tables"] == [t for t in beside["tables"] if t["role"] != "published"]


def test_on_another_benchmark_it_says_so() -> None:
    assert get("mini").name != BENCHMARK
    report = build(rows(), published=True)
    assert not report.select("published").tables
    assert "P3M-500" in " ".join(report.notes)


@pytest.mark.parametrize("format", ["table", "markdown", "latex", "csv"])
def test_every_format_lays_it_out(format: str) -> None:
    text = render(build(rows(FAKES), published=True).select("published"), format)
    assert "8.73" in text and "stylematte" in text

"""Published figures beside measured means are never mixed up with them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from fake import Fake, rows
from looking import QUICK, made

from p3mbench.benchmark import get
from p3mbench.published import BENCHMARK, figures
from p3mbench.report import Role, build, render
from p3mbench.report.request import ReportRequest

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


def test_the_table_puts_each_figure_beside_its_own_mean() -> None:
    frame = rows(FAKES)
    report = build(frame, ReportRequest(published=True)).select("published")
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
    report = build(rows(FAKES), ReportRequest(published=True), expected=expected).select(
        "published"
    )
    notes = [row.cells[-1].text for table in report.tables for row in table.rows]
    assert all("of 500 images: not comparable" in note for note in notes)
    assert any("published by hybrid, measured by resize" in note for note in notes)
    assert any("conflict: " in note for note in notes)


def test_other_tables_hold_no_published_figure() -> None:
    frame = rows(FAKES)
    requests = [ReportRequest(published=p) for p in (False, True)]
    plain, beside = (json.loads(render(build(frame, one), "json")) for one in requests)
    assert plain["tables"] == [t for t in beside["tables"] if t["role"] != "published"]


def test_on_another_benchmark_it_says_so() -> None:
    assert get("mini").name != BENCHMARK
    report = build(rows(), ReportRequest(published=True))
    assert not report.select("published").tables
    assert "P3M-500" in " ".join(report.notes)


@pytest.mark.parametrize("format", ["table", "markdown", "latex", "csv"])
def test_every_format_lays_it_out(format: str) -> None:
    text = render(build(rows(FAKES), ReportRequest(published=True)).select("published"), format)
    assert "8.73" in text and "stylematte" in text


def test_imported_scores_stand_beside_published_ones_without_a_difference() -> None:
    net = Fake("p3mnet-r34", "P3M-Net", 9.0, "B", benchmark="p3m500", flags="imported")
    measured = replace(net, options='{"x": 1}', flags="")
    for fakes, title in (((net,), "Imported"), ((net, measured), "Measured or imported")):
        report = build(made(*fakes), ReportRequest(published=True), how=QUICK)
        table = next(t for t in report.tables if t.role is Role.PUBLISHED)
        at = {column.key: j for j, column in enumerate(table.columns)}
        assert table.columns[at["measured"]].title == title
        for row in table.rows:
            assert row.cells[at["difference"]].attempted == ("imported" not in row.flags)
        assert "it may be the published result itself" in table.caption
        assert ("measured minus published" in table.caption) == (len(fakes) == 2)

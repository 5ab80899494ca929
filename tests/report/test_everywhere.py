"""Flags and subsets of any name reach every format, the page and the plots."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from fake import Fake, rows
from looking import IMPORTED_WORDS, QUICK, A, B, logs, made, usual

from p3mbench.report import build, per_image, render
from p3mbench.report.html import Page, render_html
from p3mbench.report.html.summary import statements
from p3mbench.report.plots import draw_all
from p3mbench.report.plots.gap import gap_picture, panels_of
from p3mbench.settings import SUBSET_GAP

TEXTS = ("table", "markdown", "latex", "csv", "json")


def squeezed(text: str) -> str:
    return " ".join(text.replace("\\", "").split())


@pytest.mark.parametrize("format", TEXTS)
def test_every_format_says_a_flag_in_words_and_an_unknown_one_by_name(format: str) -> None:
    frame = made(replace(A, flags="conn_tie,imported"), replace(B, flags="of_a_plugin"))
    text = squeezed(render(build(frame, how=QUICK), format))
    assert IMPORTED_WORDS in text
    assert "CONN had to choose between equally large components" in text
    assert "of_a_plugin" in text


def test_machines_read_names_and_counts() -> None:
    frame = made(replace(A, flags="imported,conn_tie"), B)
    report = build(frame, how=QUICK)
    lines = list(csv.DictReader(io.StringIO(render(report, "csv"))))
    mine = [line for line in lines if line["label"] == "A"]
    assert mine and {line["flags"] for line in mine} == {"conn_tie,imported"}
    assert all(IMPORTED_WORDS in line["flag_words"] for line in mine)
    assert all(line["flags"] == "" for line in lines if line["label"] == "B")
    first = json.loads(render(report, "json"))["tables"][0]
    assert [row["flags"] for row in first["rows"]] == [{"conn_tie": 16, "imported": 16}, {}]
    assert [(use["flag"], use["mark"], use["methods"]) for use in first["flags"]] == [
        ("imported", "a", ["A"]),
        ("conn_tie", "", ["A"]),
    ]
    single = pd.read_csv(io.StringIO(per_image(frame, "csv")), keep_default_na=False)
    assert set(single["flags"]) == {"imported,conn_tie", ""}


@pytest.mark.usefixtures("undrawn")
def test_the_page_says_them_at_the_method_in_the_summary_and_under_plots() -> None:
    frame = made(replace(A, flags="imported"), replace(B, flags="quantised"))
    page = render_html(Page(build(frame, how=QUICK)))
    assert "<sup>a</sup>" in page and "What qualifies the numbers" in page
    assert "64 scored predictions, 32 imported" in page
    captions = [text.split("</figcaption>")[0] for text in page.split("<figcaption>")[1:]]
    assert captions and all(IMPORTED_WORDS in caption for caption in captions)
    assert not any("quantised" in caption for caption in captions)  # harmless: in the appendix
    assert "the float prediction was reduced to 8 bits" in page


@pytest.mark.usefixtures("undrawn")
def test_the_caption_of_a_plot_counts_the_rows_it_shows() -> None:
    frame = made(replace(A, flags="imported"), B)
    drawn = list(draw_all(build(frame, how=QUICK).comparisons, ".svg"))
    assert {d.name.split("-")[0] for d in drawn} >= {"gap", "slopes", "scatter"}
    for one in drawn:  # subset P alone: 8 images in two variants, two methods
        assert "(flag imported): A, 16 of 32 rows." in one.caption


SUBSETS = ("in/out", "a:b", "B:N", "with space", "抠图/é", "/", "P/B:N/sad")


def of_subset(subset: str) -> pd.DataFrame:
    """Rows of two methods on a subset of that name."""
    fakes = [
        Fake("m", "M", 9.0, "B", gap=1.0, subsets=(subset,)),
        Fake("k", "K", 12.0, subsets=(subset,)),
    ]
    return rows(fakes, images=6)


@pytest.mark.parametrize("subset", SUBSETS)
def test_a_subset_of_any_name_has_tables_and_panels(subset: str) -> None:
    frame = of_subset(subset)
    report = build(frame, how=QUICK)
    assert subset in render(report, "table")
    panels = panels_of(report.comparisons)
    assert {p.contrast.test.train for p in panels} == {"B", "-"}
    for panel in panels:
        for line in panel.lines:
            of = frame[frame["title"] == line.label].groupby("variant")["sad"].mean()
            assert line.means == pytest.approx((of["B"], of["N"]))


@pytest.mark.slow
@pytest.mark.parametrize("subset", SUBSETS)
def test_a_subset_of_any_name_has_a_page_with_plots(subset: str) -> None:
    page = render_html(Page(build(of_subset(subset), how=QUICK)))
    assert page.count("data:image/svg+xml") >= 4


@pytest.mark.usefixtures("undrawn")
def test_the_summary_says_it_with_the_caution() -> None:
    frame = logs(extra=20.0)
    (found,) = statements(build(frame, how=QUICK))
    assert found.heading.startswith("P versus NP: NP B:N − P B:B")
    assert "2 have significantly larger errors on NP and 0 on P" in found.text
    assert "confounded" in found.text
    page = render_html(Page(build(frame, how=QUICK)))
    assert "a gap is NP minus P, which have no image in common" in page
    assert "two settings" not in page


def test_the_gap_plot_draws_it() -> None:
    panels = panels_of(build(logs(), how=QUICK).comparisons)
    assert [(p.contrast.name, [m.label for m in p.marks]) for p in panels] == [
        (SUBSET_GAP, ["subset P", "subset NP"])
    ]
    for line in panels[0].lines:
        assert line.gap.value == pytest.approx(line.means[1] - line.means[0])
    assert gap_picture(build(logs(), how=QUICK).comparisons, Path("x.svg")).startswith(b"<?xml")


def test_paired_gaps_leave_no_room_for_it_in_the_plot() -> None:
    assert SUBSET_GAP not in {p.contrast.name for p in panels_of(usual().comparisons)}


@pytest.mark.parametrize(("images", "methods", "least"), [(5, 1, 6), (6, 3, 7), (6, 10, 9)])
def test_too_few_images_are_called_too_few(images: int, methods: int, least: int) -> None:
    frame = rows([Fake(f"m{i}", f"M{i}", 9.0 + i) for i in range(methods)], images)
    text = statements(build(frame, how=QUICK))[0].text
    assert f"n = {images} is too small to tell" in text
    assert f"fewer than {least} images" in text and "0 lose" not in text


def test_enough_images_are_not_called_too_few() -> None:
    frame = rows([Fake("m", "M", 9.0)], images=6)
    text = statements(build(frame, how=QUICK))[0].text
    assert "too small" not in text and "Of 1 complete method" in text


def test_unpaired_sets_can_be_too_small_as_well() -> None:
    frame = logs(images=3)
    text = statements(build(frame, how=QUICK))[0].text
    assert "n = 3 against 3 is too small to tell" in text

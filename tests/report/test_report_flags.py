"""Flags of rows reach every format, in words; what is imported is called so."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pandas as pd
import pytest
from fake import Fake, rows

from p3mbench import flags
from p3mbench.report import build, per_image, render
from p3mbench.report.html import Page, render_html
from p3mbench.report.plots import draw_all
from p3mbench.report.tables.model import Role, Tally
from p3mbench.report.wording.flagging import flag_uses
from p3mbench.stats import Bootstrap

QUICK = Bootstrap(resamples=200)
A, B = Fake("a", "A", 9.0), Fake("b", "B", 12.0)
IMPORTED_WORDS = "score was imported, not measured here"
TEXTS = ("table", "markdown", "latex", "csv", "json")


def made(*fakes: Fake, **options: object) -> pd.DataFrame:
    return rows(fakes, images=8)


def squeezed(text: str) -> str:
    return " ".join(text.replace("\\", "").split())


@pytest.mark.parametrize("format", TEXTS)
def test_every_format_says_a_flag_in_words_and_an_unknown_one_by_name(format: str) -> None:
    frame = made(replace(A, flags="conn_tie,imported"), replace(B, flags="of_a_plugin"))
    text = squeezed(render(build(frame, how=QUICK), format))
    assert IMPORTED_WORDS in text
    assert "CONN had to choose between equally large components" in text
    assert "of_a_plugin" in text


@pytest.mark.parametrize("format", TEXTS)
def test_every_format_of_single_images_says_them_too(format: str) -> None:
    frame = made(A, B)
    frame.loc[3, "flags"] = "empty_prediction,mine"
    text = squeezed(per_image(frame, format))
    assert "the predicted matte is all 0" in text.replace("The", "the") and "mine" in text
    assert IMPORTED_WORDS not in text


def test_the_page_says_them_at_the_method_in_the_summary_and_under_plots() -> None:
    frame = made(replace(A, flags="imported"), replace(B, flags="quantised"))
    page = render_html(Page(build(frame, how=QUICK)))
    assert "<sup>a</sup>" in page and "What qualifies the numbers" in page
    assert "64 scored predictions, 32 imported" in page
    captions = page.split("<figcaption>")[1:]
    assert captions and all(IMPORTED_WORDS in caption for caption in captions)
    assert all("quantised" in caption for caption in captions)


def test_the_caption_of_a_plot_counts_the_rows_it_shows() -> None:
    frame = made(replace(A, flags="imported"), B)
    drawn = list(draw_all(build(frame, how=QUICK).comparisons, ".svg"))
    assert {d.name.split("-")[0] for d in drawn} >= {"gap", "slopes", "scatter"}
    for one in drawn:  # subset P alone: 8 images in two variants, two methods
        assert "(flag imported): A, 16 of 32 rows." in one.caption


def test_one_line_for_all_methods_and_names_only_where_it_is_some() -> None:
    many = [Fake(f"m{i}", f"M{i:02}", 9.0 + i, flags="clipped") for i in range(12)]
    many[0] = replace(many[0], flags="clipped,empty_alpha")
    notes = next(t for t in build(made(*many), how=QUICK).tables if t.role is Role.SETTINGS).notes
    assert notes[0] == "[a] The ground truth is all 0 (flag empty_alpha): M00, 16 of 192 rows."
    assert notes[-1] == (
        "Flags that leave a score as it is: clipped "
        "(values up to 1e-6 outside [0, 1] were clipped; all methods, 192 of 192 rows)."
    )
    assert sum("clipped" in note for note in notes) == 1


def test_marks_stand_at_the_methods_they_concern_only() -> None:
    report = build(made(replace(A, flags="imported"), B), how=QUICK)
    for table in report.tables:
        for row in table.rows:
            assert row.marks == (("a",) if row.label == "A" else ()), table.role
            assert bool(row.flags) == (row.label == "A")


def test_rows_behind_several_lines_are_counted_once() -> None:
    same = Tally(of=("A", "P", "-", "N"), rows=5, flags=(("imported", 2),))
    other = Tally(of=("B", "P", "-", "N"), rows=5)
    (use,) = flag_uses([same, same, other])
    assert (use.rows, use.of, use.methods, use.everyone) == (2, 10, ("A",), False)


def test_letters_go_on_after_z() -> None:
    names = tuple((f"flag{i:02}", 1) for i in range(28))
    uses = flag_uses([Tally(of=("A",), rows=1, flags=names)])
    assert [use.mark for use in uses][24:] == ["y", "z", "aa", "ab"]


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


def test_scores_that_are_all_imported_are_called_so_in_every_caption() -> None:
    every = build(made(replace(A, flags="imported"), replace(B, flags="imported")), how=QUICK)
    assert every.tables
    assert all("All scores are imported, not measured here." in t.caption for t in every.tables)
    some = build(made(replace(A, flags="imported"), B), how=QUICK)
    assert all(" are imported, not measured here." in t.caption for t in some.tables)
    none = build(made(A, B), how=QUICK)
    assert not any("imported" in t.caption for t in none.tables)


def test_imported_scores_stand_beside_published_ones_without_a_difference() -> None:
    net = Fake("p3mnet-r34", "P3M-Net", 9.0, "B", benchmark="p3m500", flags="imported")
    measured = replace(net, options='{"x": 1}', flags="")
    for fakes, title in (((net,), "Imported"), ((net, measured), "Measured or imported")):
        report = build(made(*fakes), how=QUICK, published=True)
        table = next(t for t in report.tables if t.role is Role.PUBLISHED)
        at = {column.key: j for j, column in enumerate(table.columns)}
        assert table.columns[at["measured"]].title == title
        for row in table.rows:
            assert row.cells[at["difference"]].attempted == ("imported" not in row.flags)
        assert "it may be the published result itself" in table.caption
        assert ("measured minus published" in table.caption) == (len(fakes) == 2)


def test_every_known_flag_has_words_and_the_harmless_ones_are_known() -> None:
    assert set(flags.WORDS) >= flags.HARMLESS
    assert not flags.qualifies("conn_empty_level")
    assert flags.qualifies("imported") and flags.qualifies("of_a_plugin")
    assert flags.in_words("conn_tie,mine") == f"{flags.WORDS['conn_tie']}; mine"

"""The price list: which lines get a colour, what is joined, what is said."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from fake import Fake, rows

from p3mbench.privacy.counting import OperatingPoint, Proportion
from p3mbench.privacy.record import DetectorUse, HiddenPlace, PrivacyRecord
from p3mbench.report import build
from p3mbench.report.analysis import Comparison
from p3mbench.report.analysis.pricing import price_lines
from p3mbench.report.plots import draw_all
from p3mbench.report.plots.plot import PlotView
from p3mbench.report.plots.price import FEW, PLOT, highlighted
from p3mbench.report.tables.model import Report, Role
from p3mbench.stats import Bootstrap

QUICK = Bootstrap(resamples=99)
FOUND = {"N": 24, "B": 2, "mosaic-0.10": 5, "zero": 0}


def scored(methods: int = 3) -> pd.DataFrame:
    """Methods on four variants, with a hash for each image."""
    fakes = [
        Fake(f"m{i}", f"Method {i}", 5.0 + i, train, gap=-0.2 * i, variants=(variant,),
             obfuscation="" if variant == "N" else f"{variant}-v1", checkpoint=f"{i}{train}.pth")
        for i in range(methods) for train in ("B", "N") for variant in FOUND
    ]  # fmt: skip
    made = rows(fakes, images=4)
    made["content"] = made["variant"] + "/" + made["image"]
    return made


def record(frame: pd.DataFrame) -> PrivacyRecord:
    """What was measured on the very images of ``frame``."""
    places = [
        HiddenPlace(
            subset="P",
            variant=variant,
            obfuscation="" if variant == "N" else f"{variant}-v1",
            contents={i: f"{variant}/{i}" for i in frame["image"].unique()},
            faces_from="face masks",
            found={"mtcnn": Proportion(hits, 24), "cascade": Proportion(0, 24)},
        )
        for variant, hits in FOUND.items()
    ]
    used = [
        DetectorUse(name, name.upper(), "a network", OperatingPoint(0.5, 0.1, 2, 24, 9))
        for name in ("mtcnn", "cascade")
    ]
    return PrivacyRecord("mini", "mini", tuple(used), tuple(places))


def priced_report(frame: pd.DataFrame, *records: PrivacyRecord) -> Report:
    return build(frame, how=QUICK, privacy=records)


def comparison_of(report: Report) -> Comparison:
    (found,) = report.comparisons
    return found


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return scored()


def test_a_line_goes_from_most_to_fewest_faces_found(frame: pd.DataFrame) -> None:
    report = priced_report(frame, record(frame))
    lines = price_lines(comparison_of(report))
    assert {(line.train, line.entry.label) for line in lines} == {
        (train, f"Method {i}") for train in "BN" for i in range(3)
    }
    for line in lines:
        assert [p.variant for p in line.points] == ["N", "mosaic-0.10", "B", "zero"]
    assert not report.notes or not any("Price list" in note for note in report.notes)
    (table,) = [t for t in report.tables if t.role is Role.PRICE]
    assert [c.title for c in table.columns] == ["N", "mosaic-0.10", "B", "zero"]
    assert [c.group for c in table.columns][:2] == ["100 % found", "21 % found"]
    assert len(table.rows) == 6


def test_only_the_images_that_were_measured_are_joined(frame: pd.DataFrame) -> None:
    whole = record(frame)
    other = whole.places[1]
    moved = replace(other, contents={i: "x" for i in other.contents})
    fewer = replace(whole.places[2], contents={})
    recipe = replace(whole.places[3], obfuscation="zero-v9")
    changed = replace(whole, places=(whole.places[0], moved, fewer, recipe))
    report = priced_report(frame, changed)
    said = "\n".join(report.notes)
    assert "without B: " in said and "is not the image whose faces were measured" in said
    assert "without mosaic-0.10: the faces of" in said
    assert "without zero: the faces were measured with zero-v9, and scored with zero-v1" in said
    assert [one.variant for one in comparison_of(report).still_found] == ["N"]
    assert not [t for t in report.tables if t.role is Role.PRICE]


def test_a_record_of_another_benchmark_is_not_used(frame: pd.DataFrame) -> None:
    report = priced_report(frame, replace(record(frame), benchmark="other"))
    assert not comparison_of(report).still_found
    (note,) = [n for n in report.notes if "was not measured" in n]
    assert "p3mbench privacy mini --variants B,mosaic-0.10,zero,N" in note


def test_two_variants_do_not_ask_for_a_price_list() -> None:
    notes = build(rows(images=3), how=QUICK).notes
    assert not any("privacy" in note for note in notes)


def test_imported_rows_are_not_joined(frame: pd.DataFrame) -> None:
    imported = frame.assign(content="")
    report = priced_report(imported, record(frame))
    assert any("imported rows do not say what was scored" in note for note in report.notes)


def test_of_many_lines_a_few_are_highlighted() -> None:
    frame = scored(10)
    lines = price_lines(comparison_of(priced_report(frame, record(frame))))
    chosen = highlighted(lines)
    mine = [line for line in lines if line.train == "B"]
    assert len(mine) == 10 and 3 <= len(chosen) <= FEW
    by_rise = sorted(mine, key=lambda line: line.rise)
    assert {by_rise[0].entry, by_rise[-1].entry} <= set(chosen)
    assert highlighted(lines[:3]) == [line.entry for line in lines[:3]]


@pytest.mark.slow
def test_the_plot_is_drawn_with_its_sentence(frame: pd.DataFrame) -> None:
    comparison = comparison_of(priced_report(frame, record(frame)))
    drawn = [one for one in draw_all([comparison], ".svg") if one.name.startswith("price")]
    (one,) = drawn
    assert b"mosaic-0.10" in one.content
    assert "Trained on N: from faces visible (100 % found, n = 24) to zero (0 % found)" in (
        one.caption
    )
    assert "not anonymous" in one.caption


def test_nothing_is_drawn_without_a_record(frame: pd.DataFrame) -> None:
    assert PLOT.draw(PlotView((comparison_of(build(frame, how=QUICK)),))) is None

"""P against NP where it is the only contrast, and subsets of any name."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from fake import Fake, rows

from p3mbench.report import build, render
from p3mbench.report.html import Page, render_html
from p3mbench.report.html.summary import statements
from p3mbench.report.plots.gap import gap_picture, panels_of
from p3mbench.report.tables.model import Report, Role, Table
from p3mbench.settings import SUBSET_GAP
from p3mbench.stats import Bootstrap

QUICK = Bootstrap(resamples=200)


def logs(images: int = 24, p_variant: str = "B", extra: float = 0.0) -> pd.DataFrame:
    """What most published logs hold: P blurred, NP normal."""
    p = [
        Fake(m, m.upper(), level, "B", subsets=("P",), variants=(p_variant,))
        for m, level in (("one", 9.0), ("two", 13.0))
    ]
    np = [
        Fake(m, m.upper(), level + extra, "B", subsets=("NP",), variants=("N",))
        for m, level in (("one", 9.5), ("two", 15.0))
    ]
    return pd.concat([rows(p, images), rows(np, images)], ignore_index=True)


def gaps(report: Report) -> Table:
    return next(table for table in report.tables if table.role is Role.GAPS)


def test_nothing_claims_common_images_or_a_paired_test() -> None:
    report = build(logs(), how=QUICK)
    for text in (" ".join((t.title, t.caption, *t.notes)) for t in report.tables):
        assert "common images" not in text and "Wilcoxon" not in text
        assert "harder than P" not in text
    shown = gaps(report)
    assert "have no image in common" in shown.caption
    notes = " ".join(shown.notes)
    assert "Mann-Whitney U test" in notes and "confounded" in notes
    assert [row.block for row in shown.rows] == [f"{SUBSET_GAP}: NP B:N − P B:B"] * 2


def test_with_both_kinds_of_gap_each_has_its_own_test() -> None:
    shown = gaps(build(rows(), how=QUICK))
    notes = " ".join(shown.notes)
    assert "Wilcoxon" in notes and "Mann-Whitney" in notes
    assert "over common images" in shown.caption and "no image in common" in shown.caption


@pytest.mark.parametrize(("variant", "confounded"), [("B", True), ("N", False)])
def test_people_and_blur_are_confounded_only_where_both_differ(
    variant: str, confounded: bool
) -> None:
    notes = " ".join(gaps(build(logs(p_variant=variant), how=QUICK)).notes)
    assert ("confounded" in notes) == confounded
    assert "different people" in notes


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
    assert SUBSET_GAP not in {
        p.contrast.name for p in panels_of(build(rows(), how=QUICK).comparisons)
    }


def test_the_detail_table_has_np() -> None:
    detail = next(t for t in build(logs(), how=QUICK).tables if t.role is Role.DETAIL)
    assert [row.block for row in detail.rows] == ["P B:B"] * 2 + ["NP B:N"] * 2
    assert "subsets P and NP" in detail.title
    frame = logs()
    mean = frame[(frame["subset"] == "NP") & (frame["method"] == "two")]["sad"].mean()
    assert detail.rows[3].cells[0].value == pytest.approx(mean)


@pytest.mark.parametrize(
    "subset", ["in/out", "a:b", "B:N", "with space", "抠图/é", "/", "P/B:N/sad"]
)
def test_a_subset_of_any_name_has_tables_and_plots(subset: str) -> None:
    fakes = [
        Fake("m", "M", 9.0, "B", gap=1.0, subsets=(subset,)),
        Fake("k", "K", 12.0, subsets=(subset,)),
    ]
    frame = rows(fakes, images=6)
    report = build(frame, how=QUICK)
    assert subset in render(report, "table")
    panels = panels_of(report.comparisons)
    assert {p.contrast.test.train for p in panels} == {"B", "-"}
    for panel in panels:
        for line in panel.lines:
            of = frame[frame["title"] == line.label].groupby("variant")["sad"].mean()
            assert line.means == pytest.approx((of["B"], of["N"]))
    assert render_html(Page(report))


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

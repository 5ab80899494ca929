"""Train by test: one heat map per method, from two trainings and tests on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from fake import DEFAULT, Fake, rows

from p3mbench.report import Role, build
from p3mbench.report.analysis import Comparison
from p3mbench.report.analysis.crossed import crossed
from p3mbench.report.plots import draw_all
from p3mbench.report.plots.crossed import heat_maps, remarks
from p3mbench.report.plots.plot import PlotView
from p3mbench.stats import Bootstrap

QUICK = Bootstrap(resamples=20)
SIX = ("B", "mosaic-0.10", "zero", "inpaint", "swap", "N")


def made(names: Sequence[str], methods: int = 2, **more: int) -> list[Fake]:
    """Every method under every training and test; the further apart, the worse."""
    return [
        replace(
            DEFAULT[0],
            method=f"m{m}",
            title=f"Method {m}",
            train=train,
            checkpoint=f"{m}-{train}.pth",
            variants=(test,),
            subsets=("P",),
            level=8.0 * (1 + abs(i - j)),
            gap=0.0,
            obfuscation="" if test == "N" else f"{test}-v1",
            **more,
        )
        for m in range(methods)
        for i, train in enumerate(names)
        for j, test in enumerate(names)
    ]


def compared(fakes: Sequence[Fake]) -> Comparison:
    (found,) = build(rows(fakes, images=6), how=QUICK).comparisons
    return found


@pytest.mark.parametrize("names", [("mosaic-0.10", "N"), SIX])
def test_every_training_meets_every_test(names: tuple[str, ...]) -> None:
    comparison = compared(made(names))
    found = crossed(comparison)
    assert [one.entry.label for one in found] == ["Method 0", "Method 1"]
    for one in found:
        assert set(one.trains) == set(one.tests) == set(names)
        assert len(one.means) == len(names) ** 2
        assert all(one.change(name, name) == 0 for name in names)
        assert one.change(names[0], names[1]) == pytest.approx(1, abs=0.2)
    figure = heat_maps(PlotView((comparison,)))
    assert figure is not None and len(figure.axes) == 2
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert len(texts) == len(names) ** 2
    assert sum("%" in text for text in texts) == len(names) * (len(names) - 1)
    said, largest, _ = remarks(PlotView((comparison,)))
    assert said.startswith("Mean SAD") and "%" in largest and "trained on" in largest


def test_the_table_has_a_block_per_method_and_a_line_per_training() -> None:
    report = build(rows(made(SIX), images=6), how=QUICK)
    (table,) = report.select(Role.CROSSED).tables
    assert [title for title, _ in table.blocks()] == ["Method 0", "Method 1"]
    assert [row.label for row in table.rows[:6]] == [
        "B", "inpaint", "mosaic-0.10", "swap", "zero", "N",
    ]  # fmt: skip
    assert [column.title for column in table.columns] == [row.label for row in table.rows[:6]]
    for i, row in enumerate(table.rows[:6]):
        assert row.cells[i].rank == 1  # its own faces are served best by it
    assert table.head == "Trained on"


def test_blurred_and_normal_faces_alone_need_no_heat_map() -> None:
    comparison = compared(made(("B", "N")))
    assert crossed(comparison) == [] and heat_maps(PlotView((comparison,))) is None
    untrained = [replace(one, train="-", checkpoint="") for one in made(SIX, 1)[:6]]
    assert crossed(compared(untrained)) == []


def test_missing_and_incomplete_pairs_have_no_change() -> None:
    fakes = [f for f in made(SIX[:3], 1) if (f.train, f.variants) != ("zero", ("B",))]
    fakes = [replace(f, failed=2) if f.variants == f.train == "zero" else f for f in fakes]
    fakes[0] = replace(fakes[0], failed=2)  # B on B
    (one,) = crossed(compared(fakes))
    assert ("zero", "B") not in one.means and math.isnan(one.change("zero", "B"))
    assert math.isnan(one.change("B", "mosaic-0.10")) and one.change("zero", "mosaic-0.10") > 0
    figure = heat_maps(PlotView((compared(fakes),)))
    assert figure is not None
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert len(texts) == 8 and any("(4/6)" in text for text in texts)


def test_copy_paste_is_compared_with_blurred_faces() -> None:
    fakes = [replace(f, train="B+CP") if f.train == "zero" else f for f in made(SIX[:3], 1)]
    (one,) = crossed(compared(fakes))
    assert one.own("B+CP", "B") and one.change("B+CP", "B") == 0
    assert not math.isnan(one.change("B+CP", "mosaic-0.10"))


def test_the_picture_is_one_of_the_report() -> None:
    names = [one.name for one in draw_all((compared(made(SIX[:2], 1)),), ".svg")]
    assert "train-by-test-trimap-free-sad" in names

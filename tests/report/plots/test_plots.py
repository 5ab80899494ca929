"""Plots are found, drawn for what they show, and one more is one file."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from fake import DEFAULT, rows, stored

from p3mbench.cli import main
from p3mbench.report.analysis import Comparison, analyse
from p3mbench.report.plots import Drawn, DrawnPer, Plot, draw_all, plots
from p3mbench.stats import Bootstrap

QUICK = Bootstrap(resamples=99)
package = sys.modules["p3mbench.report.plots"]

MEDIANS = '''
"""Medians of all methods."""

from p3mbench.report.plots.plot import Plot
from p3mbench.report.plots.style import new_figure

def draw(view):
    figure = new_figure(2)
    axes = figure.add_subplot()
    means = view.comparison.means.items()
    axes.plot([mean.median for (_, at), mean in means if at.metric == view.comparison.metric])
    return figure

PLOT = Plot(name="medians", title="Medians", caption="The median of every method.", draw=draw)
'''


@pytest.fixture
def medians(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A plot more, a file of the package and nothing else."""
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "medians.py").write_text(MEDIANS)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    yield
    sys.modules.pop("p3mbench.report.plots.medians", None)
    vars(package).pop("medians", None)


def test_plots_are_listed_in_the_order_that_they_state() -> None:
    assert list(plots()) == [
        "gap", "slopes", "price", "train-by-test", "scatter", "cumulative", "speed",
        "where", "width", "panels",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.usefixtures("medians")
def test_a_new_plot_is_one_file(tmp_path: Path) -> None:
    assert list(plots())[-1] == "medians"
    store, out = stored(rows(DEFAULT[:1], images=3), tmp_path / "store"), tmp_path / "plots"
    done = CliRunner().invoke(
        main,
        [
            *("report", "--results", str(store), "--plots", str(out), "--plot-format", "svg"),
            *("--format", "csv"),
        ],
    )
    assert done.exit_code == 0, done.output
    assert (out / "medians-trimap-free-sad.svg").read_text().startswith("<?xml")
    gallery = tmp_path / "gallery"
    more = ("--no-page", "--dpi", "30", "--tables", "csv")
    done = CliRunner().invoke(
        main, ["gallery", "--results", str(store), "--out", str(gallery), *more]
    )
    assert done.exit_code == 0, done.output
    assert "## Medians: SAD, trimap\\-free" in (gallery / "README.md").read_text() or (
        "## Medians: SAD, trimap-free" in (gallery / "README.md").read_text()
    )


@pytest.mark.slow
def test_every_plot_names_its_own_file(drawn: list[Drawn]) -> None:
    names = [one.name for one in drawn]
    assert len(names) == len(set(names))
    assert {name.split("-")[0] for name in names} == {
        "gap", "slopes", "scatter", "cumulative", "speed", "where",
    }  # fmt: skip
    assert names[0] == "gap" and "slopes-trimap-free-sad" in names
    assert {one.kind for one in drawn} == {"", "trimap-free", "trimap-based"}


@pytest.mark.slow
def test_every_plot_repeats(comparisons: Sequence[Comparison], drawn: list[Drawn]) -> None:
    again = list(draw_all(comparisons[:1], ".svg"))
    before = {one.name: one for one in drawn}
    assert [one for one in again if one.name != "gap"] == [
        before[one.name] for one in again if one.name != "gap"
    ]
    assert len(again) == 6  # that of the gap is of all comparisons, and has a test of its own


@pytest.mark.slow
def test_titles_and_captions_name_the_variant(many: Comparison) -> None:
    wanted = [plot for plot in plots().values() if plot.scope is DrawnPer.VARIANT]
    assert {plot.name for plot in wanted} == {"slopes", "scatter", "panels"}
    found = {one.name: one for one in draw_all([many], ".svg")}
    assert {name for name in found if name.startswith(("slopes", "scatter"))} == {
        f"{name}-trimap-free-sad-{variant}"
        for name in ("slopes", "scatter")
        for variant in ("b", "mosaic-0-10")
    }
    slopes = found["slopes-trimap-free-sad-mosaic-0-10"]
    assert slopes.title.startswith("From mosaic-0.10 to normal test faces: SAD")
    assert slopes.title.endswith(", faces hidden by mosaic-0.10")
    assert b"test mosaic-0.10" in slopes.content and b"test B" not in slopes.content
    assert "its blurred twin" in found["scatter-trimap-free-sad-b"].caption
    assert "its mosaic-0.10 twin" in found["scatter-trimap-free-sad-mosaic-0-10"].caption
    assert [name for name in found if "where" in name] == ["where-trimap-free-sad"]


@pytest.mark.slow
def test_subsets_of_other_names_have_plots_of_their_own() -> None:
    fakes = [replace(fake, subsets=("easy", "hard")) for fake in DEFAULT[:2]]
    compared = analyse(rows(fakes, images=4), how=QUICK).comparisons
    names = [one.name for one in draw_all(compared, ".svg")]
    assert len(set(names)) == len(names) >= 6
    assert any("easy" in name for name in names) and any("hard" in name for name in names)


def test_a_plot_says_what_it_is_of(free: Comparison, frame: pd.DataFrame) -> None:
    plot = Plot(name="x", title="{hidden}", caption="On {hidden}.", draw=lambda view: None)
    (view,) = package.views(plot, free)
    assert plot.title_of(view) == "blurred" and plot.caption_of(view).startswith("On blurred.")
    assert list(draw_all([], ".svg")) == []
    assert package.views(replace(plot, scope=DrawnPer.REPORT), free) == []

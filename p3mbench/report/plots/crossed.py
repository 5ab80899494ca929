"""Train by test as heat maps, one per method: what each training costs on each kind of faces."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from p3mbench.names import plain
from p3mbench.report.analysis import Comparison
from p3mbench.report.analysis.crossed import Crossed, crossed
from p3mbench.report.plots.plot import Plot, PlotView
from p3mbench.report.plots.style import BLUE, INK, VERMILION, WIDTH, bare, cut, new_figure
from p3mbench.report.wording.flagging import warnings_of
from p3mbench.report.wording.numbers import fitted_decimals, metric_display, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

FULL = 1.0  # the colour is full where the error has doubled or halved: a log2 of 1
STRONG = 0.7  # of the full colour; text on it is white
CELL = (0.46, 0.36)  # inches
MARGINS = (0.82, 0.95)  # of a panel, for its names
NARROW = 5.3  # inches; the key needs them


def heat_maps(view: PlotView) -> Figure | None:
    """Draw the heat maps; None without several trainings and tests."""
    comparison = view.comparison
    found = crossed(comparison)
    if not found:
        return None
    wide = MARGINS[0] + CELL[0] * max(len(one.tests) for one in found)
    high = MARGINS[1] + CELL[1] * max(len(one.trains) for one in found)
    across = min(len(found), max(1, int(WIDTH // wide)))
    down = -(-len(found) // across)
    figure = new_figure(high * down + 0.75, min(WIDTH, max(NARROW, wide * across)))
    colours = _colours()
    for i, one in enumerate(found):
        _panel(figure.add_subplot(down, across, i + 1), one, comparison, colours)
    _key(figure, colours)
    return figure


def _panel(axes: Axes, one: Crossed, comparison: Comparison, colours: Colormap) -> None:
    shades = np.array([[_shade(one, train, test) for test in one.tests] for train in one.trains])
    shown = np.ma.masked_invalid(shades)
    axes.imshow(shown, cmap=colours, vmin=-FULL, vmax=FULL, aspect="auto")
    decimals = fitted_decimals(comparison.metric, [mean.value for mean in one.means.values()])
    for y, train in enumerate(one.trains):
        for x, test in enumerate(one.tests):
            _cell(axes, one, (train, test), (x, y), decimals)
    axes.set_xticks(range(len(one.tests)), one.tests, rotation=45, ha="left")
    axes.set_yticks(range(len(one.trains)), one.trains)
    axes.tick_params(length=0, top=True, bottom=False, labeltop=True, labelbottom=False)
    axes.set_xlabel(cut(plain(one.entry.label)), fontweight="bold")
    bare(axes, "top", "right", "left", "bottom")


def _cell(
    axes: Axes, one: Crossed, of: tuple[str, str], at: tuple[int, int], decimals: int
) -> None:
    """Write a mean and its change into a cell; outline the faces of the training."""
    from matplotlib.patches import Rectangle

    mean = one.means.get(of)
    if mean is None or math.isnan(mean.value):
        return
    own, change = one.own(*of), one.change(*of)
    text = number(mean.value, decimals)
    if not mean.complete:
        text += f"\n({mean.n}/{mean.total})"
    elif not own and not math.isnan(change):
        text += f"\n{number(100 * change, 0, sign=True)} %"
    strong = abs(_shade(one, *of)) > STRONG * FULL  # NaN is not
    axes.text(*at, text, ha="center", va="center", fontsize=6.5, color="white" if strong else INK)
    if own:
        corner = (at[0] - 0.47, at[1] - 0.47)
        axes.add_patch(Rectangle(corner, 0.94, 0.94, fill=False, edgecolor=INK, linewidth=1.1))


def _shade(one: Crossed, train: str, test: str) -> float:
    """Return the log2 of the change as a factor, within the range of the colours; NaN if none."""
    factor = 1 + one.change(train, test)
    return min(max(math.log2(factor), -FULL), FULL) if factor > 0 else math.nan


def _colours() -> Colormap:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("change", [BLUE, "#FFFFFF", VERMILION])


def _key(figure: Figure, colours: Colormap) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=colours(0.0), label="half or less"),
        Patch(facecolor=colours(0.5), edgecolor=INK, label="same error as on its own faces"),
        Patch(facecolor=colours(1.0), label="twice or more"),
    ]
    figure.legend(
        handles=handles, loc="outside upper left", ncols=3, frameon=False,
        title="Lines: trained on. Columns: tested on.", alignment="left",
    )  # fmt: skip


def remarks(view: PlotView) -> list[str]:
    """Name the metric and the largest change, and what qualifies the numbers."""
    comparison = view.comparison
    title = metric_display(comparison.metric).title
    said = [
        f"Mean {title} on subset {comparison.subset} by training and test; the colour is the "
        "difference from the same weights' error on the faces of their training (outlined)."
    ]
    changes = [
        (one.change(train, test), one.entry.label, train, test)
        for one in crossed(comparison)
        for train, test in one.means
    ]
    known = [change for change in changes if not math.isnan(change[0])]
    if known:
        change, label, train, test = max(known)
        said.append(
            f"The largest: {label}, trained on {train} and tested on {test}, "
            f"{number(100 * change, 0, sign=True)} %."
        )
    return [*said, warnings_of(comparison)]


PLOT = Plot(
    name="train-by-test",
    title="Train by test",
    caption="",
    draw=heat_maps,
    remarks=remarks,
    order=25,
)

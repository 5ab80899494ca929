"""The price list of privacy: error against faces still found, a line per method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from p3mbench.names import plain
from p3mbench.report.analysis.comparison import StillFound
from p3mbench.report.analysis.entries import Entry
from p3mbench.report.analysis.pricing import PriceLine, price_lines
from p3mbench.report.plots.plot import Plot, PlotView
from p3mbench.report.plots.style import (
    GREY,
    GRID,
    INK,
    LINES,
    PALE,
    bare,
    cut,
    new_figure,
    spread,
)
from p3mbench.report.wording.flagging import warnings_of
from p3mbench.report.wording.numbers import metric_display
from p3mbench.report.wording.price import price_sentence
from p3mbench.settings import UNTRAINED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FEW = 6  # lines that all get a colour; of more, so many are highlighted
MARKERS = {"gaussian": "o", "mosaic": "s", "zero": "X", "N": "D", "B": "o"}


def highlighted(every: Sequence[PriceLine]) -> list[Entry]:
    """Return the methods that get a colour, the same in all panels: all of a few, else extremes.

    Of many, in the panel with most lines: the two with the smallest mean error, the two that rise
    most, the two that rise least. A line that is alone in its panel has a colour too.
    """
    entries = list(dict.fromkeys(line.entry for line in every))
    if len(entries) <= FEW:
        return entries
    trains = [line.train for line in every]
    lines = [line for line in every if line.train == max(sorted(set(trains)), key=trains.count)]
    by_error = sorted(lines, key=lambda one: float(np.mean([p.error for p in one.points])))
    by_rise = sorted((one for one in lines if one.rise == one.rise), key=lambda one: one.rise)
    alone = [line for line in every if trains.count(line.train) == 1]
    extremes = (*by_error[:2], *by_rise[-2:], *by_rise[:2], *alone)
    return list(dict.fromkeys(line.entry for line in extremes))


def price(view: PlotView) -> Figure | None:
    """Draw a panel per train setting; None if no faces were counted or no line has two points."""
    lines = price_lines(view.comparison)
    if not lines:
        return None
    trains = list(dict.fromkeys(line.train for line in lines))
    across = min(2, len(trains))
    down = -(-len(trains) // across)
    figure = new_figure(3.3 * down + 0.3)
    first: Axes | None = None
    named = highlighted(lines)
    for i, train in enumerate(trains):
        axes = figure.add_subplot(down, across, i + 1, sharey=first)
        first = first or axes
        mine = [line for line in lines if line.train == train]
        _panel(axes, mine, named)
        axes.set_title("Not trained" if train == UNTRAINED else f"Trained on {train}", loc="left")
    _limits(figure.axes, lines)
    for axes, train in zip(figure.axes, trains, strict=True):
        _name(axes, [line for line in lines if line.train == train], named)
        _variants(axes, view.comparison.still_found)
    detector = view.comparison.still_found[0].detector
    figure.supxlabel(f"faces that {detector} still finds, % (fewer to the right)", fontsize=8)
    title = metric_display(view.comparison.metric).title
    figure.supylabel(f"mean {title}, subset {view.comparison.subset} (lower = better)", fontsize=8)
    return figure


def _panel(axes: Axes, lines: Sequence[PriceLine], named: Sequence[Entry]) -> None:
    for line in lines:
        at = named.index(line.entry) if line.entry in named else -1
        colour, dashes = LINES[at % len(LINES)] if at >= 0 else (PALE, "-")
        xs, ys = [100 * p.found.value for p in line.points], [p.error for p in line.points]
        axes.plot(xs, ys, color=colour, linestyle=dashes, linewidth=1.2 if at >= 0 else 0.7,
                  zorder=2 + (at >= 0))  # fmt: skip
        for point, x, y in zip(line.points, xs, ys, strict=True):
            marker = MARKERS.get(point.variant.partition("-")[0], "^")
            axes.plot(x, y, marker, color=colour, markersize=3.5 if at >= 0 else 2.2,
                      zorder=2 + (at >= 0))  # fmt: skip
    axes.grid(axis="y", color=GRID, linewidth=0.5)
    axes.set_axisbelow(True)
    bare(axes, "top", "right")


def _limits(every: Sequence[Axes], lines: Sequence[PriceLine]) -> None:
    errors = [point.error for line in lines for point in line.points]
    low, high = min(errors), max(errors)
    room = 0.06 * (high - low or high or 1)
    for axes in every:
        axes.set_xlim(104, -78)  # names stand right of 0 %
        axes.set_xticks([100, 75, 50, 25, 0])
        axes.spines["bottom"].set_bounds(0, 100)
        axes.set_ylim(low - 2 * room, high + room)  # intervals stand below the lines


def _name(axes: Axes, every: Sequence[PriceLine], named: Sequence[Entry]) -> None:
    """Write the names of the coloured lines beside their right ends."""
    low, high = axes.get_ylim()
    lines = [line for line in every if line.entry in named]
    ends = [line.points[-1].error for line in lines]
    places = spread(ends, 0.05 * (high - low), low, high)
    for end, line, y in zip(ends, lines, places, strict=True):
        x = 100 * line.points[-1].found.value
        axes.plot([x - 1.5, -8], [end, y], color=GREY, linewidth=0.4, zorder=1)
        axes.text(-9, y, cut(plain(line.entry.label), 29), fontsize=6, va="center",
                  color=LINES[named.index(line.entry) % len(LINES)][0])  # fmt: skip


def _variants(axes: Axes, found: Sequence[StillFound]) -> None:
    """Name the variants above the panel, with the interval of each share."""
    shown = [one for one in found if one.share.n]
    across = axes.get_xaxis_transform()
    places = spread([100 * one.share.value for one in shown], 8.5, -70, 102)
    for i, (one, x) in enumerate(zip(shown, places, strict=True)):
        at = 100 * one.share.value
        axes.plot([at, at, x], [0, 0.97, 1.0], color=PALE, linewidth=0.5, zorder=0,
                  transform=across, clip_on=False)  # fmt: skip
        axes.plot([100 * one.share.low, 100 * one.share.high], [0.012 + 0.014 * i] * 2, color=INK,
                  linewidth=0.8, alpha=0.5, transform=across)  # fmt: skip
        axes.text(x, 1.01, one.variant, fontsize=5.5, rotation=90, ha="center", va="bottom",
                  transform=across)  # fmt: skip
    longest = max(len(one.variant) for one in shown)
    axes.set_title(axes.get_title(loc="left"), loc="left", pad=8 + 3 * longest)


def _remarks(view: PlotView) -> list[str]:
    return [*price_sentence(view.comparison), warnings_of(view.comparison)]


PLOT = Plot(
    name="price",
    title="The price list of privacy",
    caption="Mean error against the share of faces that a detector still finds, one point per "
    "variant. Bars at the bottom: 95 % intervals of the shares. Of many methods the best two and "
    "those that change most and least are named. A face that is not found is not anonymous: hair, "
    "clothes and place remain.",
    draw=price,
    remarks=_remarks,
    order=25,
)

"""Share of images below an error: the whole distribution instead of its mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from p3mbench.names import plain
from p3mbench.report.analysis import Comparison
from p3mbench.report.plots.plot import Plot, PlotView
from p3mbench.report.plots.style import GRID, LINES, PALE, bare, cut, log_axis, new_figure
from p3mbench.report.wording.numbers import metric_display
from p3mbench.settings import Setting

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 2
Curve = tuple[str, list[float]]  # label, errors sorted


def curves_of(comparison: Comparison, setting: Setting) -> list[Curve]:
    """Return the sorted errors of every method in one setting on the main subset, by mean."""
    found = []
    for entry in comparison.entries:
        values = entry.values(comparison.subset, setting, comparison.metric)
        if values:
            found.append((entry.label, sorted(values.values())))
    return sorted(found, key=lambda curve: (float(np.mean(curve[1])), curve[0]))


def cumulative(view: PlotView) -> Figure | None:
    """Draw a panel per setting, with the best few methods by name and the others in grey."""
    comparison = view.comparison
    curves = {s: curves_of(comparison, s) for s in comparison.settings()}
    curves = {s: found for s, found in curves.items() if found}
    if not curves:
        return None
    columns = min(COLUMNS, len(curves))
    rows = -(-len(curves) // columns)
    figure = new_figure(2.0 * rows)
    positive = [v for found in curves.values() for _, errors in found for v in errors if v > 0]
    wide = bool(positive) and max(positive) > 20 * min(positive)
    first: Axes | None = None
    for i, (setting, found) in enumerate(curves.items()):
        axes = figure.add_subplot(rows, columns, i + 1, sharex=first, sharey=first)
        first = first or axes
        _panel(axes, found)
        if wide:
            log_axis(axes, min(positive), max(positive))
        axes.set_title(f"{setting.title}, n = {max(len(v) for _, v in found)}", loc="left")
        if i % columns == 0:
            axes.set_ylabel("share of images (%)")
        if i + columns >= len(curves):
            axes.set_xlabel(f"{metric_display(comparison.metric).title} at most")
    return figure


def _panel(axes: Axes, curves: list[Curve]) -> None:
    others = curves[len(LINES) :]
    for _, values in others:
        axes.step(*_steps(values), where="post", color=PALE, linewidth=0.8)
    for (label, values), (colour, dashes) in zip(curves, LINES, strict=False):
        axes.step(
            *_steps(values),
            where="post",
            color=colour,
            linestyle=dashes,
            linewidth=1.2,
            label=cut(plain(label), 29),
        )
    if others:
        axes.plot([], [], color=PALE, label=f"{len(others)} others, with larger means")
    axes.set_ylim(0, 101)
    axes.grid(color=GRID, linewidth=0.5)
    axes.legend(
        fontsize=5.5, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.02), borderaxespad=0.2
    )
    bare(axes, "top", "right")


def _steps(values: list[float]) -> tuple[list[float], list[float]]:
    """Return where the curve of sorted errors rises, and to how many per cent."""
    n = len(values)
    return values, [100 * (i + 1) / n for i in range(n)]


PLOT = Plot(
    name="cumulative",
    title="The whole distribution",
    caption="Share of images with an error of at most so much; further up and left is better.",
    draw=cumulative,
    order=40,
)

"""Share of images below an error: the whole distribution instead of its mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from p3mbench.report.analysis.comparison import MeanAt
from p3mbench.report.analysis.entries import EntrySet
from p3mbench.report.analysis.means import values_at
from p3mbench.report.build import Subject
from p3mbench.report.layout import plain
from p3mbench.report.plots.style import GRID, LINES, PALE, bare, cut, log_axis, new_figure
from p3mbench.report.wording.numbers import metric_display
from p3mbench.settings import Setting

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 2
Curve = tuple[str, list[float]]  # label, errors sorted


def curves_of(entries: EntrySet, metric: str, setting: Setting) -> list[Curve]:
    """The sorted errors of every method in one setting of the main subset, best mean first."""
    found = []
    for entry in entries.entries:
        values = values_at(entry, MeanAt(entries.subset, setting, metric))
        if values:
            found.append((entry.label, sorted(values.values())))
    return sorted(found, key=lambda curve: (float(np.mean(curve[1])), curve[0]))


def cumulative(subject: Subject) -> Figure | None:
    """A panel per setting; the best few methods by name, the others in grey."""
    settings = subject.entries.settings(subject.entries.subset)
    curves = {s: curves_of(subject.entries, subject.metric, s) for s in settings}
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
            axes.set_xlabel(f"{metric_display(subject.metric).title} at most")
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
    """Where the curve of sorted errors rises, and to how many per cent."""
    n = len(values)
    return values, [100 * (i + 1) / n for i in range(n)]

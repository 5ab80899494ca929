"""The gap plot: both test variants of every method side by side, and the gap with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from p3mbench.report.build import build
from p3mbench.report.cells import Place
from p3mbench.report.display import metric_display
from p3mbench.report.gaps import Contrast, Setting
from p3mbench.report.layout import plain
from p3mbench.report.model import Cell, Column, Report, Role, Table, cell_text
from p3mbench.report.plots.style import (
    GREY,
    GRID,
    INK,
    LABEL,
    MARKS,
    METADATA,
    TITLE,
    bare,
    cut,
    new_figure,
    rendered,
)
from p3mbench.report.tables import mean_key
from p3mbench.writing import write_bytes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Line:
    """One method in one panel: its label, its mean per test variant, its gap."""

    label: str
    b: float
    n: float
    gap: Cell


@dataclass(frozen=True)
class Panel:
    """One train setting of one table."""

    title: str
    column: Column
    contrast: Contrast
    lines: tuple[Line, ...]


def gap_plot(source: Report | pd.DataFrame, path: Path | str, *, dpi: int = 200) -> Path:
    """Draw both test variants and the gap of every method, one panel per train setting.

    Args:
        source: a report of `build`, or rows to build one from. The metric is that of the gap
            columns of its settings tables.
        path: file to write; PNG, SVG or PDF by its suffix.
        dpi: of a PNG.

    Returns:
        The path written.

    Raises:
        ValueError: unknown suffix, or no method has results for both test variants.
    """
    path = Path(path)
    if path.suffix.lower() not in METADATA:
        known = ", ".join(METADATA)
        raise ValueError(f"cannot draw {path.name}: the suffix must be one of {known}")
    report = source if isinstance(source, Report) else build(source)
    panels = panels_of_report(report)
    if not panels:
        raise ValueError("nothing to draw: no method has results for both test variants B and N")
    write_bytes(path, rendered(lambda: drawn(panels), path.suffix.lower(), dpi))
    return path


def panels_of_report(report: Report) -> list[Panel]:
    """The panels of all its tables."""
    return [panel for table in report.tables for panel in panels_of(table)]


def panels_of(table: Table) -> list[Panel]:
    """A panel for each gap column between the two variants of one train setting."""
    if table.role is not Role.SETTINGS:
        return []
    at = {column.key: j for j, column in enumerate(table.columns)}
    panels = []
    for j, column in enumerate(table.columns):
        contrast = column.contrast
        if contrast is None or contrast.test.train != contrast.reference.train:
            continue
        train, subset = contrast.test.train, column.key.partition("/")[0]
        b, n = (at[mean_key(Place(subset, Setting(train, v), column.metric))] for v in "BN")
        lines = [
            Line(plain(row.label), row.cells[b].value, row.cells[n].value, row.cells[j])
            for row in table.rows
            if not row.cells[j].missing
        ]
        if lines:
            lines.sort(key=lambda line: (-line.gap.value, line.label))
            total = max(line.gap.total for line in lines)
            panels.append(Panel(_title(table, train, total), column, contrast, tuple(lines)))
    return panels


def _title(table: Table, train: str, total: int) -> str:
    trained = {"-": "Not trained", "other": "Training faces unknown or mixed"}
    facts = dict(table.facts)
    source = facts["trimap_source"]
    what = (
        f"{table.benchmark} {facts['main_subset']}, {table.kind}{f' ({source})' if source else ''}"
    )
    head = f"{trained.get(train, f'Trained on {train}')}, n = {total}"
    return f"{head}\n{cut(plain(what), TITLE)}"


def drawn(panels: Sequence[Panel]) -> Figure:
    """The figure of some panels, one below the other."""
    heights = [0.26 * len(panel.lines) + 0.9 for panel in panels]
    figure = new_figure(sum(heights) + 0.45)
    grid = figure.add_gridspec(len(panels), 2, height_ratios=heights, width_ratios=(1.15, 1))
    for i, panel in enumerate(panels):
        _draw_scores(figure.add_subplot(grid[i, 0]), panel)
        _draw_gaps(figure.add_subplot(grid[i, 1]), panel)
    _legend(figure)
    return figure


def _draw_scores(axes: Axes, panel: Panel) -> None:
    title = metric_display(panel.column.metric).title
    for y, line in enumerate(panel.lines):
        axes.plot([line.b, line.n], [y, y], color=GREY, linewidth=1.6, zorder=1)
        for value, mark in zip((line.b, line.n), MARKS, strict=True):
            axes.plot(
                value,
                y,
                mark.marker,
                color=mark.colour,
                markersize=mark.size,
                markeredgecolor="white",
                markeredgewidth=0.5,
                zorder=2,
            )
    labels = [cut(line.label, LABEL) for line in panel.lines]
    _frame(axes, panel, labels)
    axes.set_title(panel.title, loc="left", parse_math=False)
    # From zero, so that a gap is seen against the size of the error.
    axes.set_xlim(0, 1.06 * max(max(line.b, line.n) for line in panel.lines) or 1)
    axes.set_xlabel(f"mean {title} (left = better)")


def _draw_gaps(axes: Axes, panel: Panel) -> None:
    axes.axvline(0, color=GREY, linewidth=0.8, zorder=0)
    for y, line in enumerate(panel.lines):
        gap = line.gap
        if gap.low == gap.low:  # NaN: a single image has no interval
            axes.plot([gap.low, gap.high], [y, y], color=INK, linewidth=1.2, zorder=1)
        clear = gap.low > 0 or gap.high < 0
        axes.plot(gap.value, y, "o", color=INK, markerfacecolor=INK if clear else "white",
                  markersize=4.5, zorder=2)  # fmt: skip
    _frame(axes, panel, [cell_text(line.gap, panel.column) for line in panel.lines])
    axes.yaxis.tick_right()
    axes.tick_params(axis="y", length=0, labelsize=6.2)
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 0), max(high, 0))
    title = metric_display(panel.column.metric).title
    axes.set_title(f"{panel.contrast.name}\n{panel.contrast.formula}", loc="left")
    axes.set_xlabel(f"gap in {title} (right = worse)")


def _frame(axes: Axes, panel: Panel, labels: Sequence[str]) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_ylim(len(panel.lines) - 0.5, -0.5)
    axes.set_yticks(range(len(panel.lines)))
    axes.set_yticklabels(labels, parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.grid(axis="x", color=GRID, linewidth=0.5, zorder=-1)
    axes.set_axisbelow(True)
    axes.margins(x=0.06)
    bare(axes, "top", "right", "left")


def _legend(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [], [], linestyle="", marker=m.marker, color=m.colour, markersize=m.size, label=m.label
        )
        for m in MARKS
    ]
    for label, face in (("gap, interval excludes 0", INK), ("includes 0", "white")):
        handles.append(
            Line2D([], [], color=INK, marker="o", markersize=4.5, markerfacecolor=face, label=label)
        )
    figure.legend(handles=handles, loc="outside upper left", ncols=4, frameon=False)

"""The gap plot: both test variants of every method side by side, and the gap with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from p3mbench.report.analysis.comparison import MeanAt
from p3mbench.report.build import build
from p3mbench.report.captions import confounded
from p3mbench.report.layout import plain
from p3mbench.report.plots.style import (
    GREY,
    GRID,
    INK,
    LABEL,
    MARKS,
    METADATA,
    SUBSET_MARKS,
    TITLE,
    Mark,
    bare,
    cut,
    new_figure,
    rendered,
)
from p3mbench.report.tables.model import Report, Role, Table, TableCell, TableColumn, cell_text
from p3mbench.report.wording.numbers import metric_display
from p3mbench.settings import PAPER_VARIANTS, Contrast, Setting
from p3mbench.writing import write_bytes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Line:
    """One method in one panel: its label, its two means in the order of the marks, its gap."""

    label: str
    means: tuple[float, float]
    gap: TableCell


@dataclass(frozen=True)
class Panel:
    """One train setting of one table; ``marks`` say what its two means are of."""

    title: str
    column: TableColumn
    contrast: Contrast
    lines: tuple[Line, ...]
    marks: tuple[Mark, Mark] = MARKS


def gap_plot(source: Report | pd.DataFrame, path: Path | str, *, dpi: int = 200) -> Path:
    """Draw both test variants and the gap of every method, one panel per train setting.

    Where nothing was tested on both variants, subsets P and NP stand for them.

    Args:
        source: a report of `build`, or rows to build one from. The metric is that of the gap
            columns of its settings tables.
        path: file to write; PNG, SVG or PDF by its suffix.
        dpi: of a PNG.

    Returns:
        The path written.

    Raises:
        ValueError: unknown suffix, or no method has results to compare.
    """
    path = Path(path)
    report = source if isinstance(source, Report) else build(source)
    write_bytes(path, gap_picture(report, path, dpi=dpi))
    return path


def gap_picture(report: Report, path: Path, *, dpi: int = 200) -> bytes:
    """The bytes of the gap plot for a file of that name, which is not written.

    Raises:
        ValueError: unknown suffix, or nothing to draw.
    """
    if path.suffix.lower() not in METADATA:
        known = ", ".join(METADATA)
        raise ValueError(f"cannot draw {path.name}: the suffix must be one of {known}")
    panels = panels_of_report(report)
    if not panels:
        raise ValueError(
            "nothing to draw: no method has results for both test variants B and N, or for both "
            "subsets P and NP"
        )
    return rendered(lambda: drawn(panels), path.suffix.lower(), dpi)


def panels_of_report(report: Report) -> list[Panel]:
    """The panels of all its tables; P against NP where nothing was tested on both variants."""
    panels: list[Panel] = []
    paired: set[object] = set()
    for table in report.tables:
        of = (table.benchmark, table.kind, table.facts)
        found = panels_of(table)
        if found:
            paired.add(of)
        elif table.role is Role.GAPS and of not in paired:
            found = subset_panels_of(table)
            paired |= {of} if found else set()  # the set's first metric alone
        panels += found
    return panels


def panels_of(table: Table) -> list[Panel]:
    """A panel for each gap column between the two variants of one train setting."""
    if table.role is not Role.SETTINGS:
        return []
    at = {column.place: j for j, column in enumerate(table.columns) if column.place}
    panels = []
    for j, column in enumerate(table.columns):
        contrast = column.contrast
        if contrast is None or contrast.test.train != contrast.reference.train:
            continue
        train, subset = contrast.test.train, dict(table.facts)["main_subset"]
        b, n = (at[MeanAt(subset, Setting(train, v), column.metric)] for v in PAPER_VARIANTS)
        lines = [
            Line(plain(row.label), (row.cells[b].value, row.cells[n].value), row.cells[j])
            for row in table.rows
            if not row.cells[j].missing
        ]
        if lines:
            panels.append(_panel(table, column, contrast, lines))
    return panels


def subset_panels_of(table: Table) -> list[Panel]:
    """A panel for each train setting that has P beside NP, of a table of gaps."""
    test, reference, gap = (_index(table, key) for key in ("test", "reference", "gap"))
    lines: dict[Contrast, list[Line]] = {}
    for row in table.rows:
        if row.contrast is not None and not row.contrast.paired and not row.cells[gap].missing:
            means = row.cells[reference].value, row.cells[test].value
            line = Line(plain(row.label), means, row.cells[gap])
            lines.setdefault(row.contrast, []).append(line)
    return [
        replace(_panel(table, table.columns[gap], contrast, found), marks=SUBSET_MARKS)
        for contrast, found in lines.items()
    ]


def _index(table: Table, key: str) -> int:
    return [column.key for column in table.columns].index(key)


def _panel(table: Table, column: TableColumn, contrast: Contrast, lines: list[Line]) -> Panel:
    lines.sort(key=lambda line: (-line.gap.value, line.label))
    total = max(line.gap.total for line in lines)
    return Panel(_title(table, contrast, total), column, contrast, tuple(lines))


def caption_of(panels: Sequence[Panel]) -> str:
    """How to read the figure of some panels."""
    captions = {
        True: "Both test variants of every method, and their difference over the same images",
        False: "Subset P and subset NP of every method, and the difference of their means, which "
        "are over different images,",
    }
    kinds = dict.fromkeys(panel.contrast.paired for panel in panels)
    said = [f"{captions[paired]} with its 95 % interval." for paired in kinds]
    cautions = dict.fromkeys(confounded(p.contrast) for p in panels if not p.contrast.paired)
    return " ".join([*said, "A filled dot: the interval excludes zero.", *cautions])


def _title(table: Table, contrast: Contrast, total: int) -> str:
    trained = {"-": "Not trained", "other": "Training faces unknown or mixed"}
    train = contrast.test.train
    facts = dict(table.facts)
    source = facts["trimap_source"]
    subset = facts["main_subset"] if contrast.paired else "P and NP"
    what = f"{table.benchmark} {subset}, {table.kind}{f' ({source})' if source else ''}"
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
    _legend(figure, list(dict.fromkeys(mark for panel in panels for mark in panel.marks)))
    return figure


def _draw_scores(axes: Axes, panel: Panel) -> None:
    title = metric_display(panel.column.metric).title
    for y, line in enumerate(panel.lines):
        axes.plot(line.means, [y, y], color=GREY, linewidth=1.6, zorder=1)
        for value, mark in zip(line.means, panel.marks, strict=True):
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
    axes.set_xlim(0, 1.06 * max(max(line.means) for line in panel.lines) or 1)
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


def _legend(figure: Figure, marks: Sequence[Mark]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [], [], linestyle="", marker=m.marker, color=m.colour, markersize=m.size, label=m.label
        )
        for m in marks
    ]
    for label, face in (("gap, interval excludes 0", INK), ("includes 0", "white")):
        handles.append(
            Line2D([], [], color=INK, marker="o", markersize=4.5, markerfacecolor=face, label=label)
        )
    figure.legend(handles=handles, loc="outside upper left", ncols=4, frameon=False)

"""The gap plot: two test variants of every method side by side, and the gap with its interval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from p3mbench.names import plain
from p3mbench.report.analysis import Comparison, ContrastGaps, EntryGap, analyse
from p3mbench.report.plots.plot import DrawnPer, Plot, PlotView
from p3mbench.report.plots.style import (
    GREY,
    GRID,
    INK,
    LABEL,
    METADATA,
    SUBSET_MARKS,
    TITLE,
    Mark,
    bare,
    cut,
    mark_of,
    new_figure,
    rendered,
)
from p3mbench.report.wording.flagging import warnings_of
from p3mbench.report.wording.gaps import block_decimals, column_decimals
from p3mbench.report.wording.numbers import interval_text, metric_display
from p3mbench.report.wording.titles import confounded
from p3mbench.settings import OTHER, UNTRAINED, Contrast, hidden, is_hidden
from p3mbench.writing import write_bytes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Line:
    """One method in one panel: its label, its two means in the order of the marks, and its gap."""

    label: str
    means: tuple[float, float]
    gap: EntryGap


@dataclass(frozen=True)
class Panel:
    """One contrast of one comparison.

    Attributes:
        title: the methods, and of how many images.
        metric: of means and gaps. decimals: of the gaps, as the tables show them.
        lines: the largest gap first.
        marks: of the two means of a line.
    """

    title: str
    metric: str
    decimals: int
    contrast: Contrast
    lines: tuple[Line, ...]
    marks: tuple[Mark, Mark]


def gap_plot(
    source: Sequence[Comparison] | pd.DataFrame, path: Path | str, *, dpi: int = 200
) -> Path:
    """Draw both test variants and the gap of every method, one panel per contrast.

    If nothing was tested on both variants, subsets P and NP are compared instead.

    Args:
        source: the comparisons of a report, or stored rows. Their first metric is drawn.
        path: file to write; PNG, SVG or PDF by its suffix.
        dpi: of a PNG.

    Returns:
        The path written.

    Raises:
        ValueError: unknown suffix, or no method has results to compare.
    """
    path = Path(path)
    comparisons = source if isinstance(source, Sequence) else analyse(source).comparisons
    write_bytes(path, gap_picture(comparisons, path, dpi=dpi))
    return path


def gap_picture(comparisons: Sequence[Comparison], path: Path, *, dpi: int = 200) -> bytes:
    """Return the content of the gap plot for a file of that name, which is not written.

    Raises:
        ValueError: unknown suffix, or there is nothing to draw.
    """
    if path.suffix.lower() not in METADATA:
        known = ", ".join(METADATA)
        raise ValueError(f"cannot draw {path.name}: the suffix must be one of {known}")
    content = rendered(lambda: gap(PlotView(tuple(comparisons))), path.suffix.lower(), dpi)
    if content is None:
        raise ValueError(
            "nothing to draw: no method has results for both test variants B and N, or for both "
            "subsets P and NP"
        )
    return content


def gap(view: PlotView) -> Figure | None:
    """Draw the panels of all comparisons, one below the other; None if there is no gap."""
    panels = panels_of(view.comparisons)
    return drawn(panels) if panels else None


def panels_of(comparisons: Sequence[Comparison]) -> list[Panel]:
    """Return the panels of all comparisons; P against NP if no method ran on both variants."""
    panels: list[Panel] = []
    for comparison in comparisons:
        panels += list(variant_panels_of(comparison)) or subset_panels_of(comparison)
    return panels


def variant_panels_of(comparison: Comparison) -> Iterator[Panel]:
    """Yield a panel for each contrast between two variants under one train setting."""
    for found in comparison.gaps_in():
        contrast = found.contrast
        if not contrast.paired or contrast.test.train != contrast.reference.train:
            continue
        shut = hidden(comparison.variants())
        lines = _lines(found)
        marks = [mark_of(side.test, shut) for side in (contrast.reference, contrast.test)]
        if is_hidden(contrast.test.test):  # hidden faces come first
            marks.reverse()
            lines = [replace(line, means=(line.means[1], line.means[0])) for line in lines]
        if lines:
            decimals = column_decimals(comparison, found)
            yield _panel(comparison, found, decimals, lines, (marks[0], marks[1]))


def subset_panels_of(comparison: Comparison) -> list[Panel]:
    """Return a panel for each train setting with both P and NP, in the first metric with any."""
    for metric in comparison.metrics:
        decimals = block_decimals(comparison, metric)
        panels = [
            _panel(comparison, found, decimals, lines, SUBSET_MARKS)
            for found in comparison.gaps_in(metric)
            if not found.contrast.paired and (lines := _lines(found))
        ]
        if panels:
            return panels
    return []


def _lines(found: ContrastGaps) -> list[Line]:
    gaps = [one for one in found.gaps if not one.missing]
    return [Line(plain(one.entry.label), _means(one), one) for one in gaps]


def _means(one: EntryGap) -> tuple[float, float]:
    """Return the reference mean and the test mean."""
    return one.reference.value, one.test.value


def _panel(
    comparison: Comparison,
    found: ContrastGaps,
    decimals: int,
    lines: list[Line],
    marks: tuple[Mark, Mark],
) -> Panel:
    lines.sort(key=lambda line: (-line.gap.value, line.label))
    title = _title(comparison, found.contrast, max(line.gap.total for line in lines))
    return Panel(title, found.metric, decimals, found.contrast, tuple(lines), marks)


def _title(comparison: Comparison, contrast: Contrast, total: int) -> str:
    trained = {UNTRAINED: "Not trained", OTHER: "Training faces unknown or mixed"}
    train, entries = contrast.test.train, comparison.entries
    source = entries.trimap_source
    subset = comparison.subset if contrast.paired else "P and NP"
    what = f"{entries.benchmark} {subset}, {entries.kind}{f' ({source})' if source else ''}"
    head = f"{trained.get(train, f'Trained on {train}')}, n = {total}"
    return f"{head}\n{cut(plain(what), TITLE)}"


def remarks(view: PlotView) -> list[str]:
    """Say how to read the figure, and what qualifies its numbers."""
    captions = {
        True: "Both test variants of every method, and their difference over the same images",
        False: "Subset P and subset NP of every method, and the difference of their means, which "
        "are over different images,",
    }
    panels = panels_of(view.comparisons)
    kinds = dict.fromkeys(panel.contrast.paired for panel in panels)
    said = [f"{captions[paired]} with its 95 % interval." for paired in kinds]
    cautions = [confounded(p.contrast) for p in panels if not p.contrast.paired]
    more = ("NP",) if cautions else ()
    flags = [warnings_of(one, (one.subset, *more)) for one in view.comparisons]
    return [*said, "A filled dot: the interval excludes zero.", *cautions, *flags]


def drawn(panels: Sequence[Panel]) -> Figure:
    """Draw some panels, one below the other."""
    heights = [0.26 * len(panel.lines) + 0.9 for panel in panels]
    figure = new_figure(sum(heights) + 0.45)
    grid = figure.add_gridspec(len(panels), 2, height_ratios=heights, width_ratios=(1.15, 1))
    for i, panel in enumerate(panels):
        _draw_scores(figure.add_subplot(grid[i, 0]), panel)
        _draw_gaps(figure.add_subplot(grid[i, 1]), panel)
    _legend(figure, list(dict.fromkeys(mark for panel in panels for mark in panel.marks)))
    return figure


def _draw_scores(axes: Axes, panel: Panel) -> None:
    title = metric_display(panel.metric).title
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
    # From zero, so that the gap is seen against the size of the error.
    axes.set_xlim(0, 1.06 * max(max(line.means) for line in panel.lines) or 1)
    axes.set_xlabel(f"mean {title} (left = better)")


def _draw_gaps(axes: Axes, panel: Panel) -> None:
    axes.axvline(0, color=GREY, linewidth=0.8, zorder=0)
    for y, line in enumerate(panel.lines):
        one = line.gap
        if one.low == one.low:  # NaN: a single image has no interval
            axes.plot([one.low, one.high], [y, y], color=INK, linewidth=1.2, zorder=1)
        axes.plot(one.value, y, "o", color=INK,
                  markerfacecolor=INK if one.excludes_zero else "white",
                  markersize=4.5, zorder=2)  # fmt: skip
    _frame(axes, panel, [_gap_text(line.gap, panel.decimals) for line in panel.lines])
    axes.yaxis.tick_right()
    axes.tick_params(axis="y", length=0, labelsize=6.2)
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 0), max(high, 0))
    title = metric_display(panel.metric).title
    axes.set_title(f"{panel.contrast.name}\n{panel.contrast.formula}", loc="left")
    axes.set_xlabel(f"gap in {title} (right = worse)")


def _gap_text(one: EntryGap, decimals: int) -> str:
    """Write a gap, such as "+0.80 [+0.61, +0.99] (18/24)"."""
    text = interval_text(one.value, one.low, one.high, decimals, sign=True)
    return text if one.complete else f"{text} ({one.n}/{one.total})"


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


PLOT = Plot(
    name="gap",
    title="The generalization gap",
    caption="",
    draw=gap,
    scope=DrawnPer.REPORT,
    remarks=remarks,
    order=10,
)

"""From hidden to normal test faces: one line per method, a panel per train setting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from p3mbench.names import plain
from p3mbench.report.analysis import Comparison, MeanAt
from p3mbench.report.plots.plot import DrawnPer, Plot, PlotView
from p3mbench.report.plots.style import BLUE, GREY, VERMILION, bare, cut, new_figure, spread
from p3mbench.report.wording.numbers import metric_display
from p3mbench.settings import BLURRED, NORMAL, UNTRAINED, Setting

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Slope = tuple[str, float, float]  # label, mean on hidden faces, mean on normal ones


def slopes_of(comparison: Comparison, variant: str = BLURRED) -> dict[str, list[Slope]]:
    """Return train setting -> (label, mean on ``variant``, mean on N), complete pairs only."""
    found: dict[str, list[Slope]] = {}
    for train in dict.fromkeys(setting.train for setting in comparison.settings()):
        ends = [
            MeanAt(comparison.subset, Setting(train, test), comparison.metric)
            for test in (variant, NORMAL)
        ]
        for entry in comparison.entries:
            means = [comparison.mean(entry, at) for at in ends]
            values = [mean.value for mean in means if mean and mean.n and mean.complete]
            if len(values) == len(ends):
                found.setdefault(train, []).append((entry.label, values[0], values[1]))
    return found


def slopes(view: PlotView) -> Figure | None:
    """Draw the slope chart; None if nothing was tested on both variants."""
    comparison = view.comparison
    found = slopes_of(comparison, view.variant)
    if not found:
        return None
    most = max(len(lines) for lines in found.values())
    figure = new_figure(max(2.4, 0.13 * most + 1.1))
    title = metric_display(comparison.metric).title
    first: Axes | None = None
    for i, (train, lines) in enumerate(found.items()):
        axes = figure.add_subplot(1, len(found), i + 1, sharey=first)
        first = first or axes
        _panel(axes, lines, view.variant)
        axes.set_title("Not trained" if train == UNTRAINED else f"Trained on {train}", loc="left")
    if first is not None:
        first.set_ylabel(f"mean {title}, subset {comparison.subset} (lower = better)")
    for axes in figure.axes[1:]:
        axes.tick_params(labelleft=False)
    _label(figure, found)
    return figure


def _panel(axes: Axes, lines: list[Slope], variant: str) -> None:
    for _, b, n in lines:
        worse = n > b
        axes.plot(
            [0, 1],
            [b, n],
            color=VERMILION if worse else BLUE,
            linestyle="-" if worse else "--",
            marker="o",
            markersize=3,
            linewidth=1.1,
        )
    long = len(variant) > 2  # gets its own line, away from the other labels
    axes.set_xticks([0, 1], [f"\ntest {variant}" if long else f"test {variant}", f"test {NORMAL}"])
    if long:
        axes.get_xticklabels()[0].set_horizontalalignment("left")
    axes.set_xlim(-0.12, 2.3)
    axes.spines["bottom"].set_bounds(0, 1)
    bare(axes, "top", "right")


def _label(figure: Figure, found: dict[str, list[Slope]]) -> None:
    """Write names beside the right ends, moved apart where they would overlap."""
    from matplotlib.lines import Line2D

    values = [v for lines in found.values() for _, b, n in lines for v in (b, n)]
    room = 0.04 * (max(values) - min(values) or 1)
    low, high = min(values) - room, max(values) + room
    inches = figure.get_figheight() - 0.9
    for axes, lines in zip(figure.axes, found.values(), strict=True):
        axes.set_ylim(low, high)
        places = spread([n for _, _, n in lines], 0.125 * (high - low) / inches, low, high)
        for (label, _, n), y in zip(lines, places, strict=True):
            axes.plot([1.03, 1.13], [n, y], color=GREY, linewidth=0.5)
            axes.text(1.16, y, cut(plain(label), 26), fontsize=6.5, va="center")
    figure.legend(
        handles=[
            Line2D([], [], color=VERMILION, label="worse on normal faces"),
            Line2D([], [], color=BLUE, linestyle="--", label="better on normal faces"),
        ],
        loc="outside upper right",
        ncols=2,
        frameon=False,
    )


PLOT = Plot(
    name="slopes",
    title="From {hidden} to normal test faces",
    caption="Mean error of each method on both variants; complete pairs only.",
    draw=slopes,
    scope=DrawnPer.VARIANT,
    order=20,
)

"""Accuracy against seconds per image and against parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from p3mbench.names import plain
from p3mbench.report.analysis import Comparison, MeanAt
from p3mbench.report.plots.plot import Plot, PlotView
from p3mbench.report.plots.style import BLUE, GREY, GRID, bare, cut, log_axis, new_figure, spread
from p3mbench.report.wording.numbers import metric_display
from p3mbench.settings import NORMAL, OTHER, UNTRAINED, Setting, hidden

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Cost:
    """A method's mean error, median seconds per image (NaN if unknown) and parameters (or 0)."""

    label: str
    setting: str
    error: float
    seconds: float
    parameters: int
    device: str


def preferred(variants: tuple[str, ...]) -> list[Setting]:
    """Return settings by preference: a method is shown in the first that it has."""
    shut = hidden(variants)
    return [
        *(Setting(train, NORMAL) for train in (NORMAL, UNTRAINED, OTHER)),
        *(Setting(variant, test) for variant in shut for test in (variant, NORMAL)),
        *(Setting(UNTRAINED, variant) for variant in shut),
    ]


def costs_of(comparison: Comparison) -> list[Cost]:
    """Return each complete method in its preferred setting of the main subset."""
    found = []
    for entry in comparison.entries:
        for setting in preferred(comparison.variants()):
            scores = entry.scores.get((comparison.subset, setting))
            if scores is None:
                continue
            at = MeanAt(comparison.subset, setting, comparison.metric)
            mean = comparison.mean(entry, at)
            if mean is not None and mean.complete and mean.n:
                known = scores.seconds[np.isfinite(scores.seconds)]
                seconds = float(np.median(known)) if len(known) else float("nan")
                size, device = scores.parameters, scores.device
                found.append(Cost(entry.label, setting.title, mean.value, seconds, size, device))
            break
    return found


def speed(view: PlotView) -> Figure | None:
    """Draw two panels; None if neither seconds nor parameters are known of any method."""
    costs = costs_of(view.comparison)
    devices = sorted({cost.device for cost in costs} - {""})
    on = f" ({devices[0]})" if len(devices) == 1 else ""
    settings = sorted({cost.setting for cost in costs})
    names = [c.label if len(settings) == 1 else f"{c.label} ({c.setting})" for c in costs]
    named = list(zip(names, costs, strict=True))
    timed = [(name, c.seconds, c.error) for name, c in named if c.seconds > 0]
    sized = [(name, c.parameters / 1e6, c.error) for name, c in named if c.parameters]
    panels = [
        (points, title)
        for points, title in (
            (timed, f"median seconds per image{on}"),
            (sized, "million parameters"),
        )
        if points
    ]
    if not panels:
        return None
    figure = new_figure(max(2.6, 0.13 * max(len(points) for points, _ in panels) + 1.0))
    values = [error for points, _ in panels for _, _, error in points]
    room = 0.05 * (max(values) - min(values) or 1)
    bounds = min(values) - room, max(values) + room
    for i, (points, label) in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), i + 1)
        _panel(axes, points, bounds, figure.get_figheight() - 0.6)
        axes.set_xlabel(label)
        if not i:
            at = f", {settings[0]}" if len(settings) == 1 else ""
            axes.set_ylabel(
                f"mean {metric_display(view.comparison.metric).title}{at} (lower = better)"
            )
    return figure


def _panel(
    axes: Axes,
    points: list[tuple[str, float, float]],
    bounds: tuple[float, float],
    inches: float,
) -> None:
    low, high = bounds
    xs = np.log10([x for _, x, _ in points])
    left, right = float(xs.min()), float(xs.max())
    width = max(right - left, 0.3)
    places = spread([y for _, _, y in points], 0.12 * (high - low) / inches, low, high)
    log_axis(axes, 10**left, 10**right)
    for (label, x, y), place in zip(points, places, strict=True):
        axes.plot(x, y, "o", color=BLUE, markersize=4)
        margin = 10 ** (left + width * 1.12)
        axes.plot([x, margin], [y, place], color=GREY, linewidth=0.35, zorder=0)
        axes.text(
            10 ** (left + width * 1.14), place, cut(plain(label), 30), fontsize=6, va="center"
        )
    axes.set_xlim(10 ** (left - 0.06 * width), 10 ** (left + width * 2.25))
    axes.set_ylim(low, high)
    axes.spines["bottom"].set_bounds(10 ** (left - 0.06 * width), 10 ** (left + width * 1.06))
    axes.grid(axis="y", color=GRID, linewidth=0.5)
    axes.set_axisbelow(True)
    bare(axes, "top", "right")


PLOT = Plot(
    name="speed",
    title="Accuracy against cost",
    caption="Mean error against the median time of predict and against the network's parameters, "
    "each method in the setting beside its name. Times from other machines do not compare.",
    draw=speed,
    order=50,
)

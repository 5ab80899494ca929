"""Where the error is: known background, unknown region, known foreground, and the face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from p3mbench.names import plain
from p3mbench.report.analysis import Comparison, MeanAt
from p3mbench.report.plots.plot import Plot, PlotView
from p3mbench.report.plots.style import GRID, INK, bare, cut, new_figure
from p3mbench.settings import UNTRAINED, Setting

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PARTS = (  # metric, title, colour, hatch: they add up to SAD
    ("sad_bg", "outside (known background)", "#56B4E9", ""),
    ("sad_t", "unknown region (boundary and hair)", "#E69F00", "///"),
    ("sad_fg", "inside (known foreground)", "#009E73", "..."),
)
FACE = "sad_face"


@dataclass(frozen=True)
class Bar:
    """One method in one train setting and test variant: mean SAD by part, and within the face."""

    label: str
    variant: str
    parts: tuple[float, ...]
    face: float  # NaN where unknown


def bars_of(comparison: Comparison) -> dict[str, list[Bar]]:
    """Return train setting -> bars of the main subset, all variants of a method together."""
    subset = comparison.subset
    found: dict[str, list[Bar]] = {}
    for train in dict.fromkeys(setting.train for setting in comparison.settings()):
        for entry in comparison.entries:
            for variant in comparison.variants():
                setting = Setting(train, variant)
                if (subset, setting) not in entry.scores:
                    continue
                known = entry.scores[subset, setting].values
                means = {
                    metric: comparison.mean(entry, MeanAt(subset, setting, metric))
                    for metric in (*(name for name, *_ in PARTS), FACE)
                    if metric in known
                }
                values = {metric: mean.value for metric, mean in means.items() if mean and mean.n}
                if all(name in values for name, *_ in PARTS):
                    parts = tuple(values[name] for name, *_ in PARTS)
                    face = values.get(FACE, float("nan"))
                    found.setdefault(train, []).append(Bar(entry.label, variant, parts, face))
    return found


def where(view: PlotView) -> Figure | None:
    """Draw stacked bars; None if the regions are unknown."""
    found = bars_of(view.comparison)
    if not found:
        return None
    heights = [1.22 * len(bars) + 1 for bars in found.values()]
    figure = new_figure(0.13 * sum(heights) + 0.45 * len(heights) + 0.5)
    grid = figure.add_gridspec(len(found), 1, height_ratios=heights)
    for i, (train, bars) in enumerate(found.items()):
        axes = figure.add_subplot(grid[i], sharex=figure.axes[0] if i else None)
        _panel(axes, bars)
        axes.set_title("Not trained" if train == UNTRAINED else f"Trained on {train}", loc="left")
    figure.axes[-1].set_xlabel(f"mean SAD, subset {view.comparison.subset}")
    _legend(figure)
    return figure


def _panel(axes: Axes, bars: list[Bar]) -> None:
    y, places, labels = 0.0, [], []
    for i, bar in enumerate(bars):
        if i and bars[i - 1].label != bar.label:
            y += 0.45
        left = 0.0
        for value, (_, _, colour, hatch) in zip(bar.parts, PARTS, strict=True):
            axes.barh(
                y, value, 0.85, left, color=colour, hatch=hatch, edgecolor="white", linewidth=0
            )
            left += value
        if bar.face == bar.face:
            axes.plot(bar.face, y, "|", color=INK, markersize=6, markeredgewidth=1.4)
        first = not i or bars[i - 1].label != bar.label
        name = cut(plain(bar.label)) if first else ""
        places.append(y)
        labels.append(f"{name}   {bar.variant}")
        y += 1
    axes.set_yticks(places, labels, fontsize=6.5)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(y - 0.4, -0.6)
    axes.grid(axis="x", color=GRID, linewidth=0.5)
    axes.set_axisbelow(True)
    bare(axes, "top", "right", "left")


def _legend(figure: Figure) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Line2D | Patch] = [
        Patch(facecolor=colour, hatch=hatch, edgecolor="white", linewidth=0, label=label)
        for _, label, colour, hatch in PARTS
    ]
    mark = Line2D(
        [], [], color=INK, marker="|", linestyle="", markersize=6, label="within the face"
    )
    figure.legend(handles=[*handles, mark], loc="outside upper left", ncols=4, frameon=False,
                  fontsize=7, columnspacing=1.2)  # fmt: skip


PLOT = Plot(
    name="where",
    title="Where the error sits",
    caption="SAD split by the trimap's regions, which add up to the whole. The mark is the part of "
    "the error within the face, which may reach into any region.",
    draw=where,
    order=60,
)

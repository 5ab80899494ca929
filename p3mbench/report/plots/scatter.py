"""Error on the normal image against error on its twin with hidden faces: a dot per image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from p3mbench.names import plain
from p3mbench.report.analysis import Comparison
from p3mbench.report.analysis.entries import Entry
from p3mbench.report.plots.plot import DrawnPer, Plot, PlotView
from p3mbench.report.plots.style import BLUE, GREY, VERMILION, bare, cut, new_figure
from p3mbench.report.wording.numbers import metric_display
from p3mbench.settings import BLURRED, NORMAL, UNTRAINED, Setting, train_order, variant_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 12  # panels
NAMED = 2  # outliers per panel
COLUMNS = 4


@dataclass(frozen=True, eq=False)
class Cloud:
    """One method in one train setting: the images with scores in both variants.

    ``hidden`` and ``normal`` are their errors, in the order of ``images``.
    """

    entry: Entry
    train: str
    images: tuple[str, ...]
    hidden: tuple[float, ...]
    normal: tuple[float, ...]

    @property
    def title(self) -> str:
        """A title, such as "MODNet, trained on B"."""
        return self.entry.label + ("" if self.train == UNTRAINED else f", trained on {self.train}")

    @property
    def gap(self) -> float:
        """Mean difference, normal minus hidden."""
        return float(np.mean(np.subtract(self.normal, self.hidden)))


def clouds_of(comparison: Comparison, variant: str = BLURRED) -> list[Cloud]:
    """Return every method and train setting with both variants, the largest differences first."""
    found = []
    for entry in comparison.entries:
        for train in sorted(entry.trains, key=train_order):
            hidden, normal = (
                entry.values(comparison.subset, Setting(train, test), comparison.metric)
                for test in (variant, NORMAL)
            )
            both = sorted(hidden.keys() & normal.keys())
            if both:
                values = (tuple(v[image] for image in both) for v in (hidden, normal))
                found.append(Cloud(entry, train, tuple(both), *values))
    return sorted(found, key=lambda cloud: (-abs(cloud.gap), cloud.title))


def scatter(view: PlotView) -> Figure | None:
    """Draw small multiples with identity line and farthest images named; None without pairs."""
    every = clouds_of(view.comparison, view.variant)
    if not every:
        return None
    shown = every[:MOST]
    rows = -(-len(shown) // COLUMNS)
    figure = new_figure(2.05 * rows + 0.5)
    for i, cloud in enumerate(shown):
        _panel(figure.add_subplot(rows, min(COLUMNS, len(shown)), i + 1), cloud)
    title = metric_display(view.comparison.metric).title
    figure.supxlabel(f"{title}, {variant_title(view.variant)}", fontsize=8)
    figure.supylabel(f"{title}, normal faces", fontsize=8)
    if len(every) > len(shown):
        figure.suptitle(
            f"The {len(shown)} of {len(every)} with the largest mean difference",
            fontsize=8,
            x=0.01,
            ha="left",
        )
    return figure


def _panel(axes: Axes, cloud: Cloud) -> None:
    b, n = np.array(cloud.hidden), np.array(cloud.normal)
    top = 1.08 * max(b.max(), n.max(), 1e-12)
    axes.plot([0, top], [0, top], color=GREY, linewidth=0.8, zorder=0)
    worse = n > b
    for members, colour, marker in ((worse, VERMILION, "^"), (~worse, BLUE, "o")):
        axes.plot(
            b[members], n[members], marker, color=colour, markersize=3, alpha=0.75, linestyle=""
        )
    named: list[float] = []
    for i in np.argsort(-np.abs(n - b), kind="stable")[:NAMED]:
        left = b[i] > top / 2
        crowded = any(abs(n[i] - other) < 0.1 * top for other in named)
        axes.annotate(
            cut(plain(cloud.images[i]), 16),
            (b[i], n[i]),
            xytext=(-3 if left else 3, -7 if crowded else 2),
            textcoords="offset points",
            ha="right" if left else "left",
            fontsize=5.5,
        )
        named.append(float(n[i]))
    axes.set_xlim(0, top)
    axes.set_ylim(0, top)
    axes.set_aspect("equal")
    axes.tick_params(labelsize=6)
    bare(axes, "top", "right")
    trained = "" if cloud.train == UNTRAINED else f"trained on {cloud.train}"
    axes.set_title(f"{cut(plain(cloud.entry.label), 30)}\n{trained}", fontsize=6.5, loc="left")


PLOT = Plot(
    name="scatter",
    title="Image by image",
    caption="Error on the normal image against error on its {hidden} twin. Above the line: worse "
    "on normal faces. The images farthest from it are named.",
    draw=scatter,
    scope=DrawnPer.VARIANT,
    order=30,
)

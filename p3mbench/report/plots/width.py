"""Error against the width of the trimap: one line per trimap-based method."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from p3mbench.method import Kind
from p3mbench.names import plain
from p3mbench.report.analysis import Comparison, MeanAt
from p3mbench.report.plots.plot import DrawnPer, Plot, PlotView
from p3mbench.report.plots.style import GREY, LINES, bare, cut, new_figure, spread
from p3mbench.report.wording.flagging import warnings_of
from p3mbench.report.wording.numbers import metric_display
from p3mbench.settings import NORMAL, UNTRAINED, Setting, ordered

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WHOLE = "sad"  # over the whole image: the unknown region differs from trimap to trimap
_SOURCE = re.compile(r"kernel-(\d+)(?:@(.+))?")


@dataclass(frozen=True)
class Width:
    """A trimap source: its kernel in pixels, and its predicted mattes; "" for exact alphas."""

    kernel: int
    mattes: str


@dataclass(frozen=True)
class Sweep:
    """The errors of the methods in one place, by trimap.

    Attributes:
        subset, test: the place.
        metric: of the errors.
        lines: label of a method -> its mean error by width. Methods trained on other than normal
            faces, which are shown only without a training on normal ones, say so in brackets.
    """

    subset: str
    test: str
    metric: str
    lines: dict[str, dict[Width, float]]

    @property
    def widths(self) -> list[Width]:
        """Every width, exact alphas first."""
        found = {width for line in self.lines.values() for width in line}
        return sorted(found, key=lambda width: (width.mattes, width.kernel))


def width_of(source: str) -> Width | None:
    """Read a trimap source; None if it has no kernel.

    >>> width_of("kernel-25"), width_of("dataset")
    (Width(kernel=25, mattes=''), None)
    """
    found = _SOURCE.fullmatch(source)
    return Width(int(found[1]), found[2] or "") if found else None


def sweeps_of(comparisons: Sequence[Comparison]) -> list[Sweep]:
    """Return a sweep for each benchmark and convention with several widths."""
    groups: dict[tuple[str, ...], list[tuple[Width, Comparison]]] = {}
    for one in comparisons:
        e, width = one.entries, width_of(one.entries.trimap_source)
        if e.kind == Kind.TRIMAP_BASED and width is not None:
            key = (e.benchmark, e.convention, e.obfuscation, e.other_subset)
            groups.setdefault(key, []).append((width, one))
    found = []
    for members in groups.values():
        if len({width for width, _ in members}) > 1:
            found.append(_sweep(members))
    return [sweep for sweep in found if sweep.lines]


def _sweep(members: Sequence[tuple[Width, Comparison]]) -> Sweep:
    first = members[0][1]
    tests = ordered({setting.test for _, one in members for setting in one.settings()})
    test = NORMAL if NORMAL in tests else tests[0]
    whole = all(WHOLE in one.subset_metrics for _, one in members)
    metric = WHOLE if whole else first.metric
    lines: dict[str, dict[Width, float]] = {}
    for width, one in members:
        trains = [setting.train for setting in one.settings() if setting.test == test]
        for entry in one.entries:
            for train in _first(train for train in trains if train in entry.trains):
                at = MeanAt(first.subset, Setting(train, test), metric)
                mean = one.mean(entry, at)
                if mean and mean.n and mean.complete:
                    label = plain(entry.label)
                    label += f" ({train})" * (train not in (NORMAL, UNTRAINED))
                    lines.setdefault(label, {})[width] = mean.value
    several = {label: line for label, line in lines.items() if len(line) > 1}
    return Sweep(first.subset, test, metric, several)


def _first(trains: Iterable[str]) -> list[str]:
    """Return the one train setting to show: trimap-based methods hardly differ by it."""
    return sorted(trains, key=lambda train: train not in (NORMAL, UNTRAINED))[:1]


def sentence(sweep: Sweep) -> str:
    """Say what the widest trimap costs the median method."""
    exact = [width for width in sweep.widths if not width.mattes]
    ends = [
        (line[exact[0]], line[exact[-1]])
        for line in sweep.lines.values()
        if len(exact) > 1 and exact[0] in line and exact[-1] in line
    ]
    if not ends:
        return ""
    factor = median(high / low for low, high in ends if low > 0) if any(a for a, _ in ends) else 0
    return (
        f"From kernel {exact[0].kernel} to {exact[-1].kernel} the error of the median method grows "
        f"{factor:.1f} times."
        if factor
        else ""
    )


def widths(view: PlotView) -> Figure | None:
    """Draw the sweeps, one below the other; None if there is none."""
    sweeps = sweeps_of(view.comparisons)
    if not sweeps:
        return None
    most = max(len(sweep.lines) for sweep in sweeps)
    figure = new_figure(max(2.6, 0.13 * most + 1.0) * len(sweeps))
    for i, sweep in enumerate(sweeps):
        _panel(figure.add_subplot(len(sweeps), 1, i + 1), sweep)
    return figure


def _tick(value: float, _: object) -> str:
    """Label 1, 2 and 5 of every decade."""
    return f"{value:g}" if f"{value:e}"[0] in "125" else ""


def _panel(axes: Axes, sweep: Sweep) -> None:
    from matplotlib.ticker import FuncFormatter

    places = {width: i for i, width in enumerate(sweep.widths)}
    exact = [width for width in places if not width.mattes]
    ends: dict[str, tuple[int, float]] = {}
    for i, (label, line) in enumerate(sorted(sweep.lines.items())):
        colour, dashes = LINES[i % len(LINES)]
        known = [width for width in exact if width in line]
        axes.plot(
            [places[w] for w in known],
            [line[w] for w in known],
            color=colour, linestyle=dashes, linewidth=1.1, marker="o", markersize=2.5,
        )  # fmt: skip
        made = [width for width in places if width.mattes and width in line]
        axes.plot(
            [places[w] for w in made],
            [line[w] for w in made],
            color=colour, linestyle="", marker="D", markersize=3.5,
        )  # fmt: skip
        last = max(line, key=places.__getitem__)
        ends[label] = (places[last], line[last])
    axes.set_yscale("log")
    for axis in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
        axis(FuncFormatter(_tick))
    texts = [str(w.kernel) if not w.mattes else f"{w.kernel}\n{cut(w.mattes, 18)}" for w in places]
    axes.set_xticks(list(places.values()), texts)
    if len(exact) < len(places):
        axes.axvline(len(exact) - 0.5, color=GREY, linewidth=0.5)
    axes.set_xlabel("kernel of the trimap in pixels" + ", and the mattes it is made from"
                    * (len(exact) < len(places)))  # fmt: skip
    title = metric_display(sweep.metric).title
    axes.set_ylabel(f"mean {title}, subset {sweep.subset}, test {sweep.test}")
    _label(axes, ends, len(places))
    bare(axes, "top", "right")


def _label(axes: Axes, ends: dict[str, tuple[int, float]], count: int) -> None:
    """Write names right of the lines, moved apart where they would overlap."""
    import numpy as np

    low, high = (float(np.log10(value)) for value in axes.get_ylim())
    height = axes.get_figure(root=True).get_figheight() - 0.8  # type: ignore[union-attr]
    values = [float(np.log10(value)) for _, value in ends.values()]
    lines = spread(values, 0.125 * (high - low) / height, low, high)
    axes.set_xlim(-0.3, count * 1.45)
    axes.spines["bottom"].set_bounds(0, count - 1)
    for (label, (x, value)), y in zip(ends.items(), lines, strict=True):
        axes.plot([x + 0.1, count - 0.9, count - 0.75], [value, value, 10**y], color=GREY, lw=0.5)
        axes.text(count - 0.7, 10**y, cut(label, 30), fontsize=6.5, va="center")


def _remarks(view: PlotView) -> list[str]:
    told = [sentence(sweep) for sweep in sweeps_of(view.comparisons)]
    return [*told, *(warnings_of(one) for one in view.comparisons)]


PLOT = Plot(
    name="width",
    title="Error against the width of the trimap",
    caption="Mean error of each trimap-based method by the kernel of its trimaps, after training "
    "on normal faces if there is one.",
    draw=widths,
    scope=DrawnPer.REPORT,
    remarks=_remarks,
    order=60,
)

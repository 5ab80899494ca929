"""Every plot of a report: one module per plot, found by its `PLOT` object.

A new plot is one file in this package. Plots read comparisons, never tables.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from p3mbench.report.analysis import Comparison
from p3mbench.report.pictures import Pictures
from p3mbench.report.plots.plot import DrawnPer, Plot, PlotView, views
from p3mbench.report.plots.style import rendered
from p3mbench.report.wording.numbers import metric_display
from p3mbench.report.wording.titles import lower, set_title, slug
from p3mbench.settings import hidden, variant_title

__all__ = ["Drawn", "Plot", "DrawnPer", "PlotView", "draw_all", "plots"]


@dataclass(frozen=True)
class Drawn:
    """One picture.

    Attributes:
        name: of its file, without suffix. title, caption: in words.
        content: the bytes of the file.
        kind: of the methods that it shows; "" for a plot of the whole report.
    """

    name: str
    title: str
    caption: str
    content: bytes
    kind: str = ""


def plots() -> dict[str, Plot]:
    """Return name -> plot, in reading order."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    found = [module.PLOT for module in modules if hasattr(module, "PLOT")]
    return {one.name: one for one in sorted(found, key=lambda one: (one.order, one.name))}


def draw_all(
    comparisons: Sequence[Comparison],
    suffix: str,
    *,
    pictures: Pictures | None = None,
    images: tuple[str, ...] = (),
    dpi: int = 200,
) -> Iterator[Drawn]:
    """Draw every plot that the comparisons allow: those of the whole report, then by comparison.

    Args:
        comparisons: of a report.
        suffix: .png, .svg or .pdf.
        pictures: where images and mattes are, for the panels.
        images: ids that the panels show instead of those that changed most.
        dpi: of a PNG, and of pictures within a vector file.

    Raises:
        ValueError: unknown suffix.
    """
    every = plots().values()
    for plot in every:
        if plot.scope is DrawnPer.REPORT:
            view = PlotView(tuple(comparisons), pictures=pictures, images=images)
            yield from _drawn(plot, view, "", (), (suffix, dpi))
    for comparison in comparisons:
        about = f"{metric_display(comparison.metric).title}, {lower(set_title(comparison.entries))}"
        facts = _facts(comparison, comparisons)
        for plot in every:
            for view in views(plot, comparison, pictures, images):
                yield from _drawn(plot, view, about, facts, (suffix, dpi))


def _drawn(
    plot: Plot, view: PlotView, about: str, facts: tuple[str, ...], how: tuple[str, int]
) -> Iterator[Drawn]:
    content = rendered(lambda: plot.draw(view), *how)
    if content is None:
        return
    several = plot.scope is DrawnPer.VARIANT and len(hidden(view.comparison.variants())) > 1
    name = slug(plot.name, *facts, view.variant if several else "")
    title = ": ".join(filter(None, (plot.title_of(view), about)))
    if several:
        title += f", {variant_title(view.variant)}"
    kind = view.comparison.entries.kind if facts else ""
    yield Drawn(name, title, plot.caption_of(view), content, kind)


def _facts(comparison: Comparison, others: Sequence[Comparison]) -> tuple[str, ...]:
    """Return the words that tell a comparison's files from those of the others."""
    e = comparison.entries
    alone = [other.entries.kind for other in others].count(e.kind) == 1
    more = (e.benchmark, e.convention, slug(e.obfuscation)[:24], e.trimap_source, e.other_subset)
    return (e.kind, *(() if alone else more), comparison.metric)

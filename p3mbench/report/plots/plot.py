"""The definition of a plot. Each module of this package with a `PLOT` is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from p3mbench.report.analysis import Comparison
from p3mbench.report.wording.flagging import warnings_of
from p3mbench.settings import BLURRED, hidden

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from p3mbench.report.pictures import Pictures

LAST = 100  # the order of a plot that sets none


class DrawnPer(Enum):
    """What one picture of a plot shows."""

    REPORT = "every comparison of the report"
    COMPARISON = "one comparison, with all its test variants"
    VARIANT = "one comparison, with one variant of hidden faces beside normal faces"


@dataclass(frozen=True, eq=False)
class PlotView:
    """The content of one picture.

    Attributes:
        comparisons: one, or in `DrawnPer.REPORT` all of them, in reading order.
        variant: in `DrawnPer.VARIANT` how the faces are hidden, such as "B" or "mosaic-0.10".
        pictures: where images and mattes are; None without.
        images: ids of the requested images; empty for a plot's own choice.
    """

    comparisons: tuple[Comparison, ...]
    variant: str = BLURRED
    pictures: Pictures | None = None
    images: tuple[str, ...] = ()

    @property
    def comparison(self) -> Comparison:
        """The one comparison, for scopes other than `DrawnPer.REPORT`."""
        return self.comparisons[0]

    @property
    def hidden(self) -> str:
        """How faces are hidden, as an adjective: "blurred", or the name of the variant."""
        return "blurred" if self.variant == BLURRED else self.variant


def _remarks(view: PlotView) -> list[str]:
    return [warnings_of(view.comparison)]


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A kind of plot, with the words that a reader needs.

    Attributes:
        name: the beginning of its file names.
        title, caption: in words; ``{hidden}`` stands for `PlotView.hidden`.
        draw: makes the figure of a view, in the house style; None if there is nothing to draw.
        scope: what one picture shows; a plot has as many as there are such views.
        remarks: more text for the caption of a view; by default what qualifies its numbers.
        order: plots are sorted by this, then by name.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[PlotView], Figure | None]
    scope: DrawnPer = DrawnPer.COMPARISON
    remarks: Callable[[PlotView], list[str]] = _remarks
    order: int = LAST

    def title_of(self, view: PlotView) -> str:
        """Return the title of one picture."""
        return self.title.format(hidden=view.hidden)

    def caption_of(self, view: PlotView) -> str:
        """Return the caption of one picture."""
        parts = [self.caption.format(hidden=view.hidden), *self.remarks(view)]
        return " ".join(dict.fromkeys(part for part in parts if part))


def views(
    plot: Plot,
    comparison: Comparison,
    pictures: Pictures | None = None,
    images: tuple[str, ...] = (),
) -> list[PlotView]:
    """Return the views of a plot on one comparison; none for `DrawnPer.REPORT`."""
    if plot.scope is DrawnPer.REPORT:
        return []
    variants = hidden(comparison.variants()) if plot.scope is DrawnPer.VARIANT else (BLURRED,)
    return [PlotView((comparison,), variant, pictures, images) for variant in variants]

"""The style of all plots: one palette, and vector output that repeats byte for byte.

Pictures are drawn through matplotlib's object interface (no pyplot, no global state), in a palette
that colour-blind readers can tell apart (Okabe and Ito 2008), with markers and dashes that survive
print in grey.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from p3mbench.report.plots.fonts import give_glyphs, quiet_search
from p3mbench.settings import BLURRED, NORMAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, VERMILION, GREY, INK = "#0072B2", "#D55E00", "#8C8C8C", "#1A1A1A"
PALE, GRID = "#D5D5D5", "#E0E0E0"
LINES = (  # (colour, dashes): each differs from the others without its colour too
    ("#0072B2", "-"),
    ("#D55E00", "--"),
    ("#009E73", "-."),
    ("#CC79A7", ":"),
    ("#E69F00", (0, (5, 1))),
    ("#56B4E9", (0, (3, 1, 1, 1))),
    ("#000000", (0, (1, 1))),
)
LABEL, TITLE = 34, 40  # characters of a name and of a panel title before it is cut
WIDTH = 7.2  # inches: the text width of a two-column paper
STYLE: Any = {  # rc_context types every key as a literal
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 8,
    "axes.linewidth": 0.6,
    "svg.hashsalt": "p3mbench",
    "pdf.fonttype": 42,
    "text.parse_math": False,
}
METADATA: dict[str, dict[str, None]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}


@dataclass(frozen=True)
class Mark:
    """The mark of a test variant; that of N is smaller so that another shows behind it."""

    marker: str
    colour: str
    size: float
    label: str


_MARKS = {
    BLURRED: Mark("o", BLUE, 7.0, "test B (faces blurred)"),
    NORMAL: Mark("D", VERMILION, 4.2, "test N (normal faces)"),
}
_MORE = (("s", "#009E73"), ("^", "#E69F00"), ("v", "#56B4E9"), ("P", "#CC79A7"))
SUBSET_MARKS = (Mark("s", "#009E73", 6.0, "subset P"), Mark("^", "#CC79A7", 5.0, "subset NP"))


def mark_of(variant: str, variants: Sequence[str]) -> Mark:
    """Return the mark of a variant: hidden faces each have their own, normal faces are on top.

    Args:
        variant: the variant.
        variants: all shown variants of hidden faces.
    """
    if variant in _MARKS:
        return _MARKS[variant]
    others = [one for one in variants if one not in _MARKS]
    marker, colour = _MORE[others.index(variant) % len(_MORE)]
    return Mark(marker, colour, 6.5, f"test {variant} (faces hidden)")


@overload
def rendered(make: Callable[[], Figure], suffix: str, dpi: int = ...) -> bytes: ...
@overload
def rendered(make: Callable[[], Figure | None], suffix: str, dpi: int = ...) -> bytes | None: ...
def rendered(make: Callable[[], Figure | None], suffix: str, dpi: int = 200) -> bytes | None:
    """Draw a figure in the house style and return the file's bytes; None if ``make`` draws none.

    Args:
        make: draws the figure; it is called within the style.
        suffix: .png, .svg or .pdf.
        dpi: of a PNG, and of pictures within a vector file.

    Raises:
        ValueError: unknown suffix.
    """
    from matplotlib import rc_context

    if suffix not in METADATA:
        raise ValueError(f"the suffix must be one of {', '.join(METADATA)}, not {suffix!r}")
    out = io.BytesIO()
    with rc_context(STYLE), warnings.catch_warnings(), quiet_search():
        figure = make()
        if figure is None:
            return None
        give_glyphs(figure)
        # Letters that no font has are drawn as boxes. A note says so once; it is no reason to stop.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        _settle(figure)
        figure.savefig(out, format=suffix[1:], dpi=dpi, metadata=METADATA[suffix])
    return out.getvalue()


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """Make an empty figure, sized in inches, that lays itself out."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _settle(figure: Figure) -> None:
    """Fix the layout to four decimals: the solver's last bits differ from run to run."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        left, bottom, width, height = (round(value, 4) for value in axes.get_position().bounds)
        axes.set_position((left, bottom, width, height))


def cut(text: str, length: int = LABEL) -> str:
    """Cut a text to at most that many characters."""
    return text if len(text) <= length else text[: length - 1] + "\N{HORIZONTAL ELLIPSIS}"


def bare(axes: Axes, *sides: str) -> None:
    """Hide the frame on these sides."""
    for side in sides:
        axes.spines[side].set_visible(False)


def log_axis(axes: Axes, low: float, high: float) -> None:
    """Make the x-axis logarithmic between two positive values, with plain numbers as ticks."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    dense = high / low < 50
    wanted = (1, 2, 5) if dense else (1,)
    ticks = [m * 10.0**d for d in decades for m in wanted]
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator([t for t in ticks if 0.9 * low <= t <= 1.1 * high]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())


def spread(values: Sequence[float], distance: float, low: float, high: float) -> list[float]:
    """Return positions near the values, in their order, at least ``distance`` apart in bounds.

    If they do not fit between ``low`` and ``high``, they are spread evenly.
    """
    n = len(values)
    if n * distance > high - low:
        distance = (high - low) / max(n, 1)
    order = np.argsort(values, kind="stable")
    placed = np.clip(np.asarray(values, float)[order], low, high)
    for _ in range(100):  # neighbours push each other apart, alternately from both ends
        before = placed.copy()
        for i in range(1, n):
            placed[i] = max(placed[i], placed[i - 1] + distance)
        if n:
            placed[-1] = min(placed[-1], high)
        for i in range(n - 2, -1, -1):
            placed[i] = min(placed[i], placed[i + 1] - distance)
        shift = np.maximum(low - placed, 0).max(initial=0.0)
        placed += shift
        if np.allclose(before, placed):
            break
    found = np.empty(n)
    found[order] = placed
    return [float(value) for value in found]

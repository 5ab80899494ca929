"""How numbers and settings are written: titles, decimals, signs. Plain Unicode, escaped later."""

from __future__ import annotations

import math
from dataclasses import dataclass

from p3mbench.metrics.table import METRICS

MISSING = "\N{EN DASH}"
MOST_EXTRA = 2  # decimals beyond the paper's
MINUS = "\N{MINUS SIGN}"


REGIONS = {
    "image": "the whole image",
    "unknown": "the unknown region",
    "foreground": "the known foreground",
    "background": "the known background",
    "boundary": "the boundary",
    "face": "the face",
}


@dataclass(frozen=True)
class MetricDisplay:
    """A metric's column title, the decimals papers print, and the region it looks at."""

    title: str
    decimals: int
    region: str = ""
    ranks_alone: bool = True


def metric_display(metric: str) -> MetricDisplay:
    """How ``metric`` is shown; one that p3mbench does not know keeps its name, with 4 decimals."""
    known = METRICS.get(metric)
    if known is None:
        return MetricDisplay(metric.upper().replace("_", "-"), 4)
    return MetricDisplay(known.title, known.decimals, REGIONS[known.region], known.ranks_alone)


def number(value: float, decimals: int, *, sign: bool = False) -> str:
    """A number with a true minus sign; with ``sign`` also a plus; a dash for NaN.

    A value that rounds to zero has no sign, so that -0.00 is never printed.
    """
    if math.isnan(value):
        return MISSING
    text = f"{abs(value):.{decimals}f}"
    if not text.strip("0."):
        return text
    if value < 0:
        return MINUS + text
    return "+" + text if sign else text


def interval_text(
    value: float, low: float, high: float, decimals: int, *, sign: bool = False
) -> str:
    """A number with its interval behind it, as "1.20 [1.00, 1.40]"; alone where it has none."""
    text = number(value, decimals, sign=sign)
    if math.isnan(low) or math.isnan(high):
        return text
    return f"{text} [{number(low, decimals, sign=sign)}, {number(high, decimals, sign=sign)}]"


def decimals_for(smallest: float, default: int) -> int:
    """Decimals that show a number's first digit: the default, or up to `MOST_EXTRA` more."""
    if not 0 < smallest < math.inf:
        return default
    return min(max(default, -math.floor(math.log10(smallest))), default + MOST_EXTRA)


def p_text(p: float) -> str:
    """A p-value to three decimals, "<0.001" below that."""
    if math.isnan(p):
        return MISSING
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def count(n: int, singular: str, plural: str | None = None) -> str:
    """``n`` with its noun: "1 image", "24 images"."""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"

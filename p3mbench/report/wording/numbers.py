"""Numbers and settings as text: titles, decimals, signs. Plain Unicode, escaped later."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from p3mbench.metrics.table import METRICS
from p3mbench.report.request import Decimals

MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
PLUS_MINUS = "\N{PLUS-MINUS SIGN}"
MOST_EXTRA = 2  # decimals beyond the paper's
SUMMED = 3  # metrics with more decimals of their own are means over pixels, below 1


@dataclass(frozen=True)
class MetricDisplay:
    """A metric's column title, the decimals that papers print, and its region."""

    title: str
    decimals: int
    region: str = ""
    ranks_alone: bool = True


def metric_display(metric: str) -> MetricDisplay:
    """Return how to show ``metric``; an unknown one keeps its name and gets 4 decimals."""
    known = METRICS.get(metric)
    if known is None:
        return MetricDisplay(metric.upper().replace("_", "-"), 4)
    return MetricDisplay(known.title, known.decimals, known.region.title, known.ranks_alone)


def number(value: float, decimals: int, *, sign: bool = False) -> str:
    """Write a number with a true minus sign; with ``sign`` also a plus; a dash for NaN.

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
    """Write a number and its interval: "0.80 [0.12, 1.43]"; no interval where that is NaN."""
    text = number(value, decimals, sign=sign)
    if math.isnan(low) or math.isnan(high):
        return text
    bounds = [number(bound, decimals, sign=sign) for bound in (low, high)]
    return f"{text} [{bounds[0]}, {bounds[1]}]"


def spread_text(value: float, spread: float, decimals: int, *, sign: bool = False) -> str:
    """Write a mean over seeds and its sample standard deviation: "0.80 ± 0.05"."""
    return f"{number(value, decimals, sign=sign)} {PLUS_MINUS} {number(spread, decimals)}"


def decimals_of(precision: Decimals, metric: str, own: int) -> int:
    """Return the decimals of a metric under a precision; ``own`` if it does not speak of it.

    A number for every metric takes no decimals from metrics with values below 1 (MSE, MAD): they
    would show nothing but zeros.
    """
    named = dict(precision.of).get(metric)
    if named is not None or precision.every is None:
        return own if named is None else named
    least = metric_display(metric).decimals if metric else 0
    return max(precision.every, least) if least > SUMMED else precision.every


def fitted_decimals(metric: str, errors: Iterable[float], widths: Iterable[float] = ()) -> int:
    """Return the decimals that the smallest of some numbers need.

    The result is at least the paper's decimals. Small images have small errors, which those would
    hide: errors get two digits, gaps one digit of their narrowest interval.

    Args:
        metric: of the numbers.
        errors: means that are shown together. widths: of the intervals of gaps, if any. NaN and
            numbers that are not positive do not count.
    """
    default = metric_display(metric).decimals
    smallest = min((error for error in errors if error > 0), default=math.inf) / 10
    smallest = min([smallest, *(width for width in widths if width > 0)])
    if smallest == math.inf:
        return default
    return min(max(default, -math.floor(math.log10(smallest))), default + MOST_EXTRA)


def p_text(p: float) -> str:
    """Write a p-value to three decimals, "<0.001" below that."""
    if math.isnan(p):
        return MISSING
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def count(n: int, singular: str, plural: str | None = None) -> str:
    """Write ``n`` with its noun: "1 image", "24 images"."""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"

"""How numbers and settings are written: titles, decimals, signs. Plain Unicode, escaped later."""

from __future__ import annotations

import math
from dataclasses import dataclass

from p3mbench.metrics.table import METRICS

MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


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
    return MetricDisplay(known.title, known.decimals, known.region.title, known.ranks_alone)


def metric_order(metric: str) -> tuple[int, str]:
    """Sort key: known metrics in column order, then the others by name."""
    known = list(METRICS)
    return (known.index(metric) if metric in METRICS else len(known), metric)


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


def p_text(p: float) -> str:
    """A p-value to three decimals, "<0.001" below that."""
    if math.isnan(p):
        return MISSING
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def count(n: int, singular: str, plural: str | None = None) -> str:
    """``n`` with its noun: "1 image", "24 images"."""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"

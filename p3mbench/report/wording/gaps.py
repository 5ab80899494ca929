"""With how many decimals gaps are written: as the tables that hold them."""

from __future__ import annotations

import math
from collections.abc import Iterable

from p3mbench.report.analysis.comparison import Comparison, ContrastGaps, EntryGap
from p3mbench.report.wording.numbers import decimals_for, metric_display


def column_decimals(comparison: Comparison, found: ContrastGaps) -> int:
    """Of one contrast beside the means of all settings, as in the table of settings."""
    return _fitted(found.metric, comparison.errors(found.metric), found.gaps)


def block_decimals(comparison: Comparison, metric: str) -> int:
    """Of all contrasts in one metric, as in the table of gaps."""
    gaps = [gap for found in comparison.gaps_in(metric) for gap in found.gaps]
    return _fitted(metric, [m.value for gap in gaps for m in (gap.test, gap.reference)], gaps)


def _fitted(metric: str, errors: Iterable[float], gaps: Iterable[EntryGap]) -> int:
    """Two digits of the smallest error and one of the narrowest interval."""
    smallest = min((value for value in errors if value > 0), default=math.inf) / 10
    widths = (gap.high - gap.low for gap in gaps)
    smallest = min((smallest, *(width for width in widths if width > 0)))
    return decimals_for(smallest, metric_display(metric).decimals)

"""The decimals of gaps, the same as in the tables that show them."""

from __future__ import annotations

from collections.abc import Sequence

from p3mbench.report.analysis.comparison import Comparison, ContrastGaps, EntryGap
from p3mbench.report.wording.numbers import fitted_decimals


def column_decimals(comparison: Comparison, found: ContrastGaps) -> int:
    """Return the decimals of one contrast next to means, as in the table of settings."""
    return fitted_decimals(found.metric, comparison.errors(found.metric), _widths(found.gaps))


def block_decimals(comparison: Comparison, metric: str) -> int:
    """Return the decimals of all contrasts in one metric, as in the table of gaps."""
    gaps = [gap for found in comparison.gaps_in(metric) for gap in found.gaps]
    errors = (side.value for gap in gaps for side in (gap.test, gap.reference))
    return fitted_decimals(metric, errors, _widths(gaps))


def _widths(gaps: Sequence[EntryGap]) -> list[float]:
    return [gap.high - gap.low for gap in gaps]

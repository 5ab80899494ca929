"""How the gaps of a comparison are written."""

from __future__ import annotations

from p3mbench.report.analysis.comparison import Comparison
from p3mbench.report.wording.numbers import fitted_decimals


def block_decimals(comparison: Comparison, metric: str) -> int:
    """Decimals of the gaps in a metric where all of them stand together."""
    gaps = [gap for found in comparison.gaps_in(metric) for gap in found.gaps]
    errors = (side.value for gap in gaps for side in (gap.test, gap.reference))
    return fitted_decimals(metric, errors, (gap.high - gap.low for gap in gaps))

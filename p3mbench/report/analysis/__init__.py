"""From stored rows to `Comparison`s: every mean, interval and test of a report, computed once.

What may be known here: rows (pandas), NumPy, the statistics, `p3mbench.settings`. No table, no
format, and no text for people beyond the labels of entries.
"""

from p3mbench.report.analysis.analysis import Analysis, analyse
from p3mbench.report.analysis.comparison import (
    BesidePublished,
    Comparison,
    ContrastGaps,
    Detail,
    EntryGap,
    MeanAt,
    MeanScore,
    SeedFamily,
)
from p3mbench.report.analysis.overview import Overview

__all__ = [
    "Analysis",
    "BesidePublished",
    "Comparison",
    "ContrastGaps",
    "Detail",
    "EntryGap",
    "MeanAt",
    "MeanScore",
    "Overview",
    "SeedFamily",
    "analyse",
]

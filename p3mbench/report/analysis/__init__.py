"""From stored rows to `Comparison`s: every mean, interval and test of a report, computed once.

This package may import rows (pandas), NumPy, the statistics and `p3mbench.settings`. It has no
tables, no formats, and no text for people except the labels of entries.
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

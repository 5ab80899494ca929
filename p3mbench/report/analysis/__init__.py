"""From stored rows to `Comparison`s: every mean, interval and test of a report, computed once.

This package may import rows (pandas), NumPy, the statistics and `p3mbench.settings`. It has no
tables, no formats, and no text for people except the labels of entries.
"""

from p3mbench.report.analysis.analysis import Analysis, analyse
from p3mbench.report.analysis.answers import (
    ContrastGaps,
    EntryGap,
    Failures,
    ImageLoss,
    MeanScore,
)
from p3mbench.report.analysis.comparison import (
    BesidePublished,
    Comparison,
    Detail,
    MeanAt,
    SeedFamily,
)
from p3mbench.report.analysis.overview import Overview
from p3mbench.stats import OnAverage, Typical

__all__ = [
    "Analysis",
    "BesidePublished",
    "Comparison",
    "ContrastGaps",
    "Detail",
    "EntryGap",
    "Failures",
    "ImageLoss",
    "MeanAt",
    "MeanScore",
    "OnAverage",
    "Overview",
    "SeedFamily",
    "Typical",
    "analyse",
]

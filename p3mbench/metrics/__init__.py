"""Compute matting metrics, exact in every convention: NumPy arrays in, floats out.

`score` computes all metrics of a convention, the other functions compute one metric each.
`CONVENTIONS` and `METRICS` list them. docs/metrics.md has the formulas and their differences.

>>> import numpy as np
>>> from p3mbench.metrics import score
>>> alpha = np.zeros((6, 6), np.uint8)
>>> alpha[2:4, 2:4] = 255
>>> score(alpha, alpha, metrics=("sad", "mse"))
{'sad': 0.0, 'mse': 0.0}
"""

from p3mbench.metrics.conventions import CONVENTIONS, Convention, find_convention
from p3mbench.metrics.families.boundary import boundary_mask
from p3mbench.metrics.family import Family, Metric, Region
from p3mbench.metrics.scores import Scores, defined_metrics, score, select_metrics
from p3mbench.metrics.single import (
    connectivity_error,
    gradient_error,
    mad,
    mad_face,
    mad_t,
    mse,
    mse_t,
    sad,
    sad_bg,
    sad_boundary,
    sad_face,
    sad_fg,
    sad_t,
)
from p3mbench.metrics.table import METRICS, METRICS_VERSION, REGIONS

__all__ = [
    "CONVENTIONS",
    "METRICS",
    "METRICS_VERSION",
    "REGIONS",
    "Convention",
    "Family",
    "Metric",
    "Region",
    "Scores",
    "boundary_mask",
    "connectivity_error",
    "defined_metrics",
    "find_convention",
    "gradient_error",
    "mad",
    "mad_face",
    "mad_t",
    "mse",
    "mse_t",
    "sad",
    "sad_bg",
    "sad_boundary",
    "sad_face",
    "sad_fg",
    "sad_t",
    "score",
    "select_metrics",
]

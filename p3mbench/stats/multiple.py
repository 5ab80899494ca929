"""Many tests at once: Holm's correction over methods, and ranks corrected over all pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from p3mbench.stats.describe import FloatArray
from p3mbench.stats.flips import TIE, p_of
from p3mbench.stats.means import mean_intervals
from p3mbench.stats.resampling import DEFAULT, Bootstrap, signs

_RANK_RESAMPLES = 999  # of the interval of each pair
_PATTERNS_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class RankRange:
    """Possible ranks of a method: 1 + clearly better methods ... methods - clearly worse ones."""

    best: int
    worst: int


def holm(p_values: Sequence[float] | FloatArray) -> FloatArray:
    """Adjust p-values by Holm's step-down method, in the given order (Holm 1979, jstor 4615733).

    The family is every p-value that is not NaN. NaN (an impossible test) stays NaN.

    Raises:
        ValueError: a p-value outside [0, 1].
    """
    p = np.asarray(p_values, dtype=np.float64).ravel()
    known = np.flatnonzero(~np.isnan(p))
    if ((p[known] < 0) | (p[known] > 1)).any():
        raise ValueError("p_values must be in [0, 1]")
    adjusted = np.full(p.shape, np.nan)
    order = known[np.argsort(p[known], kind="stable")]
    factors = np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * factors))
    return adjusted


def rank_ranges(scores: npt.ArrayLike, how: Bootstrap = DEFAULT) -> tuple[RankRange, ...]:
    """Rank methods over the same images, and keep ties.

    A method is *clearly* better on average than another if the sign-flip test of their paired
    differences, corrected over all pairs, and the interval of the mean difference agree. The
    correction takes the largest statistic of all pairs in each pattern of signs (maxT: Westfall
    and Young 1993), so pairs that move together cost less than independent ones. If all methods
    are equal, some pair is called different in at most ``1 - how.level`` of tables. Two methods
    without a clear difference share a rank.

    Args:
        scores: (methods, n) finite errors; column i is the same image for every method.
        how: resamples, level and seed; all pairs share them.

    Returns:
        One range per method, in the given order.
    """
    x = np.asarray(scores, dtype=np.float64)
    if x.ndim != 2 or not np.isfinite(x).all():
        raise ValueError("scores must be a finite array of shape (methods, images)")
    methods, n = int(x.shape[0]), int(x.shape[1])
    if n < 2 or methods < 2:
        return (RankRange(best=1, worst=max(methods, 1)),) * methods
    x = x[:, np.lexsort(x[::-1])]  # the order of images does not matter
    first, second = np.triu_indices(methods, 1)
    d = x[first] - x[second]
    clear = _adjusted(x, d, (first, second), how) <= 1 - how.level
    quick = replace(how, resamples=min(how.resamples, _RANK_RESAMPLES))
    first, second = first[clear], second[clear]
    low, high = mean_intervals(d[clear], quick)
    better = np.zeros((methods, methods), dtype=bool)  # [i, j]: i clearly better than j
    better[first, second] = high < 0
    better[second, first] = low > 0
    return tuple(
        RankRange(best=1 + int(better[:, i].sum()), worst=methods - int(better[i].sum()))
        for i in range(methods)
    )


def _adjusted(
    x: FloatArray,
    d: FloatArray,
    pairs: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]],
    how: Bootstrap,
) -> FloatArray:
    """Return the p-value of each pair, corrected over all pairs: 1.0 for equal rows.

    Flipping signs keeps the sum of squares of a pair, so the statistic is |sum| over its root.
    """
    scale = np.sqrt((d**2).sum(axis=1))
    scale = np.where(scale > 0, scale, np.inf)
    observed = np.abs(d.sum(axis=1)) / scale
    patterns, every = signs(x.shape[1], how.resamples, how.seed)
    centred = x - x.mean(axis=0)
    unit = max(float(np.abs(centred).max()), 1e-300)
    columns = (centred / unit).astype(np.float32).T
    inverse = (unit / scale).astype(np.float32)
    largest = np.empty(len(patterns))
    for start in range(0, len(patterns), _PATTERNS_AT_ONCE):
        sums = patterns[start : start + _PATTERNS_AT_ONCE] @ columns
        t = np.abs(sums[:, pairs[0]] - sums[:, pairs[1]]) * inverse
        largest[start : start + _PATTERNS_AT_ONCE] = t.max(axis=1)
    largest.sort()
    extreme = len(largest) - np.searchsorted(largest, observed * (1 - 10 * TIE))
    return p_of(extreme, len(largest), exact=every)

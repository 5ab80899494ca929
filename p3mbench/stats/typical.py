"""A gap on a typical image: the Hodges-Lehmann estimate, its interval, and Wilcoxon's tests."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from p3mbench.stats.describe import FloatArray, vector
from p3mbench.stats.flips import sign_flip_p
from p3mbench.stats.resampling import DEFAULT, Bootstrap

_EXACT = 50  # images up to which the distribution of the signed ranks is counted
_ALL_SIGNS = 13  # differences up to which `sign_flip_p` uses all patterns of signs
_HALVINGS = 45  # of the range, to find an order statistic
Counter = Callable[[FloatArray], npt.NDArray[np.int64]]


@dataclass(frozen=True, kw_only=True)
class Typical:
    """A gap on a typical image: rare large differences do not count more than their share.

    Attributes:
        estimate: the median of the means of all pairs of differences (Hodges and Lehmann 1963,
            doi:10.1214/aoms/1177704172), or of all differences of two images if unpaired.
        low, high: its interval, from the same ranks as the test; NaN with too few images for one.
        p_value: two-sided; Wilcoxon signed-rank, or Mann-Whitney U if unpaired.
        p_holm: corrected over methods; NaN until it is.
    """

    estimate: float
    low: float
    high: float
    p_value: float
    p_holm: float = math.nan


def typical_gap(differences: npt.ArrayLike, how: Bootstrap = DEFAULT) -> Typical:
    """Compute the gap on a typical image from (n,) finite paired differences."""
    d = np.sort(vector(differences, "differences"))
    n = d.size
    if not n:
        return Typical(estimate=math.nan, low=math.nan, high=math.nan, p_value=math.nan)
    index = np.arange(n)

    def count(at: FloatArray) -> npt.NDArray[np.int64]:
        upto = np.searchsorted(d, 2 * at[:, None] - d[None, :], side="right")
        return np.asarray(np.maximum(upto - index, 0).sum(axis=1))

    pairs = n * (n + 1) // 2
    found = _estimate(count, pairs, _signed_rank_cut(n, how.level), (float(d[0]), float(d[-1])))
    return Typical(estimate=found[0], low=found[1], high=found[2], p_value=wilcoxon_p(d))


def typical_gap_unpaired(
    test: npt.ArrayLike, reference: npt.ArrayLike, how: Bootstrap = DEFAULT
) -> Typical:
    """Compute the gap of typical images of two samples, (n,) and (m,) finite errors."""
    from scipy import special
    from scipy import stats as sps  # takes half a second, which few callers need

    x, y = np.sort(vector(test, "test")), np.sort(vector(reference, "reference"))
    n, m = x.size, y.size
    if not n or not m:
        return Typical(estimate=math.nan, low=math.nan, high=math.nan, p_value=math.nan)

    def count(at: FloatArray) -> npt.NDArray[np.int64]:
        below = np.searchsorted(y, x[None, :] - at[:, None], side="left")
        return np.asarray((m - below).sum(axis=1))

    spread = math.sqrt(n * m * (n + m + 1) / 12)
    cut = math.floor(n * m / 2 - float(special.ndtri((1 + how.level) / 2)) * spread)
    ends = float(x[0] - y[-1]), float(x[-1] - y[0])
    found = _estimate(count, n * m, cut, ends)
    p = float(sps.mannwhitneyu(x, y, alternative="two-sided").pvalue)
    return Typical(estimate=found[0], low=found[1], high=found[2], p_value=p)


def wilcoxon_p(differences: npt.ArrayLike) -> float:
    """Compute the two-sided p of the Wilcoxon signed-rank test; zeros are dropped.

    Up to 13 differences it is exact, also with ties: a sign-flip test of the signed ranks, as
    SciPy's but 100 times faster. Above, SciPy chooses the exact test or a normal approximation with
    tie correction. The result is 1.0 if every difference is zero, and NaN without data.
    """
    from scipy import stats as sps  # takes half a second, which few callers need

    d = vector(differences, "differences")
    if not d.size:
        return float("nan")
    d = d[d != 0]
    if d.size <= _ALL_SIGNS:
        return sign_flip_p(np.sign(d) * sps.rankdata(np.abs(d))) if d.size else 1.0
    return float(sps.wilcoxon(d).pvalue)


def _estimate(
    count: Counter, pairs: int, cut: int, ends: tuple[float, float]
) -> tuple[float, float, float]:
    """Return median, and the values of rank ``cut`` from both ends (NaN if that is below 1)."""
    middle = ((pairs + 1) // 2, pairs // 2 + 1)
    ranks = np.array([*middle, max(cut, 1), pairs + 1 - max(cut, 1)])
    one, two, low, high = _order_statistics(count, ranks, ends)
    if cut < 1:
        low = high = math.nan
    return float(one + two) / 2, float(low), float(high)


def _order_statistics(
    count: Counter, ranks: npt.NDArray[np.int64], ends: tuple[float, float]
) -> FloatArray:
    """Find values by rank, by halving the range: n(n + 1)/2 pairs are never stored.

    Args:
        count: how many values do not exceed each of some numbers.
        ranks: from 1, of the wanted values. ends: smallest and largest value.
    """
    low, high = np.full(len(ranks), ends[0]), np.full(len(ranks), ends[1])
    reached = count(low) >= ranks
    for _ in range(_HALVINGS):
        middle = low + (high - low) / 2
        enough = count(middle) >= ranks
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(reached, ends[0], high)


def _signed_rank_cut(n: int, level: float) -> int:
    """Return the rank from both ends of the bounds of the interval, 0 if there is none.

    Counted exactly for few images; else the normal approximation.
    """
    from scipy.special import ndtri

    tail = (1 - level) / 2
    if n > _EXACT:
        spread = math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
        return math.floor(n * (n + 1) / 4 + float(ndtri(tail)) * spread)
    ways = np.ones(1)
    for rank in range(1, n + 1):
        longer = np.zeros(ways.size + rank)
        longer[: ways.size] += ways
        longer[rank:] += ways
        ways = longer
    return int(np.searchsorted(np.cumsum(ways) / 2.0**n, tail, side="right"))

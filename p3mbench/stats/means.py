"""Intervals of means and of differences of means, for errors with heavy tails.

Errors of matting are heavy-tailed: on P3M-500-NP three images of 500 carry 88 % of the variance of
a difference of two methods. A sample that lacks them shows neither the mean nor the spread, and no
resampling of the sample can mend that. The half-width is therefore a sum of two parts:

- the symmetric bootstrap-t half-width (Hall 1988, doi:10.1214/aos/1176350933), at least that of
  Student's t;
- an allowance for images that are too rare to be in the sample. If a share of 5/n of all images is
  unlike any sampled one, a sample misses all of them with probability exp(-5) = 0.7 %. They are
  taken to be as bad as the worst sampled image on that side. The allowance counts only as far as
  the worst image lies further out than a normal sample's would.

`benchmarks/statistics/coverage.py` chose this among t, BCa, bootstrap-t (equal tails, symmetric,
variance-stabilised), Hall's and Johnson's transformed t: see docs/statistics.md for the figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from p3mbench.stats.describe import FloatArray, vector
from p3mbench.stats.resampling import DEFAULT, Bootstrap, weights

UNSEEN = 5.0  # images' worth of share that a sample may miss
LEAST_SPREAD = 0.2  # of a resample, relative to the sample's: bounds t of resamples of ties
_AT_ONCE = 200  # samples resampled together: 8 MB for each array of 200 x 4,999


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean with its interval; ``low`` and ``high`` are NaN when ``n`` is below 2."""

    estimate: float
    low: float
    high: float
    n: int


def mean_interval(values: npt.ArrayLike, how: Bootstrap = DEFAULT) -> Interval:
    """Compute the mean of (n,) finite ``values`` with its interval."""
    x = vector(values, "values")
    if not x.size:
        return Interval(estimate=np.nan, low=np.nan, high=np.nan, n=0)
    low, high = mean_intervals(x[None], how)
    return Interval(
        estimate=float(np.sort(x).mean()), low=float(low[0]), high=float(high[0]), n=x.size
    )


def mean_intervals(samples: FloatArray, how: Bootstrap = DEFAULT) -> tuple[FloatArray, FloatArray]:
    """Compute the intervals of many means at once.

    Args:
        samples: (m, n) finite values, a sample per row.
        how: resamples, level and seed.

    Returns:
        (m,) lower and (m,) upper bounds; NaN if n is below 2, the value itself if all are equal.
    """
    if samples.shape[1] < 2:
        nan = np.full(len(samples), np.nan)
        return nan, nan.copy()
    if not len(samples):
        return np.empty(0), np.empty(0)
    parts = [
        _bounds(np.sort(samples[start : start + _AT_ONCE], axis=1), how)
        for start in range(0, len(samples), _AT_ONCE)
    ]
    low, high = (np.concatenate(side) for side in zip(*parts, strict=True))
    return low, high


def difference_bounds(x: FloatArray, y: FloatArray, how: Bootstrap) -> tuple[float, float]:
    """Compute the interval of ``mean(x) - mean(y)`` of independent (n,) and (m,) samples.

    NaN if one of them has fewer than two values.
    """
    from scipy.special import stdtrit

    if min(x.size, y.size) < 2:
        return math.nan, math.nan
    one, two = _Sample.of(np.sort(x)[None]), _Sample.of(np.sort(y)[None])
    gap = float(one.mean[0] - two.mean[0])
    parts = float(one.sd[0]) ** 2 / x.size, float(two.sd[0]) ** 2 / y.size
    if not sum(parts):
        return gap, gap
    a, b = one.resampled(how), two.resampled(how)
    # Independent resamples of equal sizes: the second sample must not reuse the first one's.
    b = (np.roll(b[0], 1, axis=1), np.roll(b[1], 1, axis=1))
    scale = np.hypot(a[1] * one.sd[0] / math.sqrt(x.size), b[1] * two.sd[0] / math.sqrt(y.size))
    moved = a[0] * one.sd[0] * one.sign[0] - b[0] * two.sd[0] * two.sign[0]
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (x.size - 1) + parts[1] ** 2 / (y.size - 1))
    factor = max(
        _quantile(np.abs(moved) / scale, how.level)[0],
        float(stdtrit(freedom, (1 + how.level) / 2)),
    )
    half = factor * math.sqrt(sum(parts))
    (down, up), (up_y, down_y) = one.allowances(), two.allowances()
    return (
        float(gap - half - math.hypot(down[0], down_y[0])),
        float(gap + half + math.hypot(up[0], up_y[0])),
    )


@dataclass(frozen=True, eq=False)
class _Sample:
    """Samples in standard form, (m, n): centred, of unit spread, their long tail to the right.

    Values of a sample without spread are 0.
    """

    mean: FloatArray
    sd: FloatArray
    sign: FloatArray
    values: FloatArray

    @classmethod
    def of(cls, ordered: FloatArray) -> _Sample:
        """Standardise (m, n) values, sorted in each row; n is at least 2."""
        mean = ordered.mean(axis=1)
        centred = ordered - mean[:, None]
        # Values that are all equal leave rounding errors, which are no spread.
        centred[ordered[:, 0] == ordered[:, -1]] = 0
        sd = np.sqrt((centred**2).sum(axis=1) / (ordered.shape[1] - 1))
        z = centred / np.where(sd > 0, sd, 1)[:, None]
        sign = np.where((z**3).sum(axis=1) < 0, -1.0, 1.0)
        return cls(mean, sd, sign, np.where(sign[:, None] < 0, -z[:, ::-1], z))

    def resampled(self, how: Bootstrap) -> tuple[FloatArray, FloatArray]:
        """Return (m, resamples) means and standard deviations of resamples, in standard form."""
        n = self.values.shape[1]
        drawn = weights(n, how.resamples, how.seed).T
        z = self.values
        means = z @ drawn
        spread = np.maximum((z * z) @ drawn - means * means, 0) * (n / (n - 1))
        return means, np.maximum(np.sqrt(spread), LEAST_SPREAD)

    def allowances(self) -> tuple[FloatArray, FloatArray]:
        """Return what images too rare for the sample may add below and above the mean, (m,)."""
        from scipy.special import ndtri

        n = self.values.shape[1]
        low, high = -self.values[:, 0], self.values[:, -1]
        usual = ndtri(1 - 0.5 / n)  # about the median of the largest of n normal values
        heavy = np.clip(np.maximum(low, high) - usual, 0, 1) * UNSEEN / n * self.sd
        low, high = low * heavy, high * heavy
        return np.where(self.sign < 0, high, low), np.where(self.sign < 0, low, high)


def _bounds(ordered: FloatArray, how: Bootstrap) -> tuple[FloatArray, FloatArray]:
    from scipy.special import stdtrit

    n = ordered.shape[1]
    sample = _Sample.of(ordered)
    means, spread = sample.resampled(how)
    factor = np.maximum(
        _quantile(np.abs(means) / spread, how.level) * math.sqrt(n),
        float(stdtrit(n - 1, (1 + how.level) / 2)),
    )
    half = factor * sample.sd / math.sqrt(n)
    below, above = sample.allowances()
    flat = sample.sd == 0
    mean = np.where(flat, ordered[:, 0], sample.mean)
    return mean - half - below, mean + half + above


def _quantile(t: FloatArray, level: float) -> FloatArray:
    """Return the order statistic of each row that a fraction ``level`` does not exceed.

    Rounded, because the last bits of a matrix product depend on the number of its rows.
    """
    k = min(math.ceil(level * (t.shape[1] + 1)), t.shape[1]) - 1
    return np.round(np.partition(t, k, axis=1)[:, k], 9)

"""Compute gaps between two settings, with intervals and tests: arrays in, numbers out.

All scores are errors, so lower is better and **a positive gap is worse**: a gap is
``mean(test) - mean(reference)``. The report chooses the two settings.

Intervals are bias-corrected and accelerated (BCa) bootstrap intervals of a mean or of a difference
of means (Efron 1987, doi:10.1080/01621459.1987.10478410). The resampled unit is the image: paired
gaps resample differences, unpaired gaps resample both samples independently. Resampling is seeded,
so the same arrays give the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# Draws in memory at once while resampling (16 MB of float64).
_BLOCK = 2_000_000


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """How intervals are made: number of resamples, confidence level in (0, 1), seed."""

    resamples: int = 9999
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if self.resamples < 1 or not 0 < self.level < 1:
            raise ValueError(f"need resamples >= 1 and 0 < level < 1, got {self}")


DEFAULT = Bootstrap()


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean with its interval; ``low`` and ``high`` are NaN when ``n`` is below 2."""

    estimate: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A difference of two means (test minus reference; positive = test is worse).

    Attributes:
        estimate: difference of the means, NaN without data.
        low, high: bounds of the bootstrap interval, NaN with fewer than two images a side.
        n: pairs if ``paired``, else images of the test sample.
        n_reference: equal to ``n`` if ``paired``, else images of the reference sample.
        median: median of the differences if ``paired``, else difference of the medians.
        p_value: two-sided; Wilcoxon signed-rank if ``paired``, else Mann-Whitney U.
        worst_share: if ``paired``, the share of the ``WORST`` images with the largest absolute
            differences in the sum of absolute differences; NaN otherwise.
    """

    estimate: float
    low: float
    high: float
    n: int
    n_reference: int
    paired: bool
    median: float
    p_value: float
    worst_share: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval excludes zero (False without an interval)."""
        return bool(self.low > 0 or self.high < 0)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Errors of one method in one setting: mean, median, share of the worst images, count."""

    mean: float
    median: float
    worst_share: float
    n: int


@dataclass(frozen=True, kw_only=True)
class SeedSpread:
    """One value per training seed: mean, sample standard deviation (NaN for one seed), range."""

    mean: float
    std: float
    low: float
    high: float
    seeds: int


@dataclass(frozen=True, kw_only=True)
class RankRange:
    """Possible ranks of a method: 1 + clearly better methods ... methods - clearly worse ones."""

    best: int
    worst: int


WORST = 5  # images counted by `worst_share` by default


def summarise(values: npt.ArrayLike, *, worst: int = WORST) -> Summary:
    """Compute mean, median and share of the ``worst`` largest of (n,) finite errors."""
    x = _vector(values, "values")
    if not x.size:
        return Summary(mean=np.nan, median=np.nan, worst_share=np.nan, n=0)
    return Summary(
        mean=float(x.mean()),
        median=float(np.median(x)),
        worst_share=worst_share(x, worst),
        n=x.size,
    )


def worst_share(values: npt.ArrayLike, k: int = WORST) -> float:
    """Compute the share of the ``k`` worst images in the total error, in [0, 1].

    Args:
        values: (n,) finite errors, none negative.
        k: number of images; all if there are fewer.

    Returns:
        1.0 if ``k`` covers every image; NaN if there is no image or the total is 0.
    """
    x = _vector(values, "values")
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    if (x < 0).any():
        raise ValueError("values must not be negative: a share of the total needs errors")
    total = x.sum()
    return float(np.sort(x)[-k:].sum() / total) if total > 0 else float("nan")


def mean_interval(values: npt.ArrayLike, how: Bootstrap = DEFAULT) -> Interval:
    """Compute the mean of (n,) finite ``values`` with its BCa interval."""
    x = _vector(values, "values")
    if not x.size:
        return Interval(estimate=np.nan, low=np.nan, high=np.nan, n=0)
    low, high = _one_sample(x, how)
    return Interval(estimate=float(x.mean()), low=low, high=high, n=x.size)


def paired_gap(
    test: npt.ArrayLike, reference: npt.ArrayLike, how: Bootstrap = DEFAULT, *, worst: int = WORST
) -> Gap:
    """Compute the gap of two settings over the same images.

    Args:
        test, reference: (n,) finite errors; element i of both is the same image.
        how: resamples, level and seed of the interval.
        worst: images counted in ``worst_share``.

    Raises:
        ValueError: lengths differ or a value is not finite.
    """
    x, y = _vector(test, "test"), _vector(reference, "reference")
    if x.size != y.size:
        raise ValueError(f"test has {x.size} values but reference {y.size}: they must be paired")
    if not x.size:
        return _no_gap(0, 0, paired=True)
    difference = x - y
    low, high = _one_sample(difference, how)
    return Gap(
        estimate=float(difference.mean()),
        low=low,
        high=high,
        n=x.size,
        n_reference=x.size,
        paired=True,
        median=float(np.median(difference)),
        p_value=wilcoxon_p(difference),
        worst_share=worst_share(np.abs(difference), worst),
    )


def unpaired_gap(test: npt.ArrayLike, reference: npt.ArrayLike, how: Bootstrap = DEFAULT) -> Gap:
    """Compute the gap of two settings over different images ((n,) and (m,) finite errors)."""
    from scipy import stats as sps  # takes half a second, which few callers need

    x, y = _vector(test, "test"), _vector(reference, "reference")
    if not x.size or not y.size:
        return _no_gap(x.size, y.size, paired=False)
    estimate = float(x.mean() - y.mean())
    low = high = float("nan")
    if min(x.size, y.size) > 1:
        rng = np.random.default_rng(how.seed)
        resampled = _resampled(x, how, rng) - _resampled(y, how, rng)
        low, high = _bca(estimate, resampled, (x - x.mean(), y.mean() - y), how.level)
    return Gap(
        estimate=estimate,
        low=low,
        high=high,
        n=x.size,
        n_reference=y.size,
        paired=False,
        median=float(np.median(x) - np.median(y)),
        p_value=float(sps.mannwhitneyu(x, y, alternative="two-sided").pvalue),
        worst_share=float("nan"),
    )


def wilcoxon_p(differences: npt.ArrayLike) -> float:
    """Compute the two-sided p of the Wilcoxon signed-rank test; zeros are dropped.

    SciPy chooses the exact test for small samples and a normal approximation with tie correction
    for larger ones. The result is 1.0 if every difference is zero, and NaN without data.
    """
    from scipy import stats as sps  # takes half a second, which few callers need

    d = _vector(differences, "differences")
    if not d.size:
        return float("nan")
    d = d[d != 0]
    return float(sps.wilcoxon(d).pvalue) if d.size else 1.0


def least_images(level: float, methods: int = 1) -> int:
    """Return the fewest images for which `wilcoxon_p`, corrected by `holm`, can be below ``level``.

    The smallest p-value of the exact two-sided test is 2 / 2^n, when all differences have one
    sign. Holm multiplies the smallest of several p-values by their number.

    Args:
        level: in (0, 1).
        methods: number of tests in the family, at least 1.

    >>> least_images(0.05), least_images(0.05, 2)
    (6, 7)
    """
    if not 0 < level < 1 or methods < 1:
        raise ValueError(f"need 0 < level < 1 and methods >= 1, got {level} and {methods}")
    return 2 + math.floor(math.log2(methods / level))


def least_unpaired_p(n: int, m: int) -> float:
    """Return the smallest two-sided p of the exact Mann-Whitney U test of ``n`` and ``m`` values.

    >>> least_unpaired_p(3, 3)
    0.1
    """
    return 2 / math.comb(n + m, n)


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


def seed_spread(values: npt.ArrayLike) -> SeedSpread:
    """Compute the spread of (s,) finite values, one per training seed."""
    x = _vector(values, "values")
    if not x.size:
        raise ValueError("values must have at least one seed")
    return SeedSpread(
        mean=float(x.mean()),
        std=float(x.std(ddof=1)) if x.size > 1 else float("nan"),
        low=float(x.min()),
        high=float(x.max()),
        seeds=x.size,
    )


def rank_ranges(scores: npt.ArrayLike, how: Bootstrap = DEFAULT) -> tuple[RankRange, ...]:
    """Rank methods over the same images, and keep ties.

    A method is *clearly* better than another if the BCa interval of their paired mean difference
    excludes zero (without correction for the number of pairs). Two methods without such a
    difference share a rank.

    Args:
        scores: (methods, n) finite errors; column i is the same image for every method.
        how: resamples, level and seed; all pairs share the resamples.

    Returns:
        One range per method, in the given order.
    """
    x = np.asarray(scores, dtype=np.float64)
    if x.ndim != 2 or not np.isfinite(x).all():
        raise ValueError("scores must be a finite array of shape (methods, images)")
    methods, n = int(x.shape[0]), int(x.shape[1])
    if n < 2:
        return (RankRange(best=1, worst=max(methods, 1)),) * methods
    resampled = _resampled(x, how, np.random.default_rng(how.seed))
    better = np.zeros((methods, methods), dtype=bool)  # [i, j]: i clearly better than j
    for i in range(methods):
        for j in range(i + 1, methods):
            d = x[i] - x[j]
            low, high = _bca(d.mean(), resampled[i] - resampled[j], (d - d.mean(),), how.level)
            better[i, j], better[j, i] = high < 0, low > 0
    return tuple(
        RankRange(best=1 + int(better[:, i].sum()), worst=methods - int(better[i].sum()))
        for i in range(methods)
    )


def _vector(values: npt.ArrayLike, name: str) -> FloatArray:
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError(f"{name} must be finite: leave out images without a score first")
    return x


def _no_gap(n: int, n_reference: int, *, paired: bool) -> Gap:
    nan = float("nan")
    return Gap(
        estimate=nan,
        low=nan,
        high=nan,
        n=n,
        n_reference=n_reference,
        paired=paired,
        median=nan,
        p_value=nan,
        worst_share=nan,
    )


def _one_sample(x: FloatArray, how: Bootstrap) -> tuple[float, float]:
    if x.size < 2:
        return float("nan"), float("nan")
    resampled = _resampled(x, how, np.random.default_rng(how.seed))
    return _bca(float(x.mean()), resampled, (x - x.mean(),), how.level)


def _resampled(x: FloatArray, how: Bootstrap, rng: np.random.Generator) -> FloatArray:
    """Average ``resamples`` bootstrap samples over the last axis: (..., n) -> (..., resamples)."""
    n = x.shape[-1]
    means = np.empty((*x.shape[:-1], how.resamples))
    block = max(1, _BLOCK // x.size)
    for start in range(0, how.resamples, block):
        stop = min(start + block, how.resamples)
        drawn = rng.integers(n, size=(stop - start, n), dtype=np.int32)
        means[..., start:stop] = x[..., drawn].mean(axis=-1)
    return means


def _bca(
    estimate: float, resampled: FloatArray, influences: Sequence[FloatArray], level: float
) -> tuple[float, float]:
    """Compute BCa bounds.

    ``influences`` are the centred values of each sample, signed as in the statistic. The jackknife
    of a mean has a closed form, so no leave-one-out loop is needed. If all values are equal, the
    interval is one point. If every resample is on one side of the estimate (possible with few
    resamples only), the bias correction would be infinite and plain percentiles are used.
    """
    from scipy import stats as sps  # takes half a second, which few callers need

    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    variance = sum(float((u**2).sum()) / u.size**2 for u in influences)
    if variance <= 0:
        return estimate, estimate
    below = ((resampled < estimate).mean() + (resampled <= estimate).mean()) / 2
    if 0 < below < 1:
        skew = sum(float((u**3).sum()) / u.size**3 for u in influences)
        acceleration = skew / (6 * variance**1.5)
        bias = sps.norm.ppf(below)
        z = bias + sps.norm.ppf(tails)
        tails = sps.norm.cdf(bias + z / (1 - acceleration * z))
    low, high = np.quantile(resampled, tails)
    return float(low), float(high)

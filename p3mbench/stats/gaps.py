"""Gaps: the difference of two settings on average and on a typical image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from p3mbench.stats.describe import WORST, FloatArray, SeedSpread, vector, worst_share
from p3mbench.stats.flips import permutation_p, sign_flip_ps
from p3mbench.stats.means import difference_bounds, mean_intervals
from p3mbench.stats.resampling import DEFAULT, Bootstrap
from p3mbench.stats.typical import Typical, typical_gap, typical_gap_unpaired

SIGNIFICANT = 0.05  # of a corrected p-value
# A gap that is found in 80 % of repeats is (1.96 + 0.84) / 1.96 half-widths of a 95 % interval.
_FOUND = 2.8 / 1.96


@dataclass(frozen=True, kw_only=True)
class OnAverage:
    """A gap on average: the difference of two means, test minus reference.

    Attributes:
        estimate: NaN without data.
        low, high: bounds of its interval, NaN with fewer than two images a side.
        p_value: two-sided permutation test (`sign_flip_p`, or `permutation_p` if unpaired).
        p_holm: corrected over methods; NaN until it is.
    """

    estimate: float
    low: float
    high: float
    p_value: float
    p_holm: float = math.nan

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval is on one side of zero (False without an interval)."""
        return bool(self.low > 0 or self.high < 0)

    @property
    def significant(self) -> bool:
        """Whether the mean gap differs from zero: corrected test and interval agree."""
        return self.excludes_zero and self.p_holm < SIGNIFICANT

    @property
    def detectable(self) -> float:
        """The smallest true gap that such data would show in about 80 % of repeats."""
        return _FOUND * (self.high - self.low) / 2


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A difference of two settings (test minus reference; positive = test is worse).

    Attributes:
        average: of the means. typical: of a typical image.
        n: pairs if ``paired``, else images of the test sample.
        n_reference: equal to ``n`` if ``paired``, else images of the reference sample.
        median: median of the differences if ``paired``, else difference of the medians.
        worst_share: if ``paired``, the share of the ``WORST`` images with the largest absolute
            differences in the sum of absolute differences; NaN otherwise.
    """

    average: OnAverage
    typical: Typical
    n: int
    n_reference: int
    paired: bool
    median: float
    worst_share: float

    @property
    def estimate(self) -> float:
        """The difference of the means."""
        return self.average.estimate

    @property
    def low(self) -> float:
        """The lower bound of the mean gap's interval."""
        return self.average.low

    @property
    def high(self) -> float:
        """The upper bound of the mean gap's interval."""
        return self.average.high

    @property
    def p_value(self) -> float:
        """The p-value of the mean gap."""
        return self.average.p_value

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval of the mean gap excludes zero (False without an interval)."""
        return self.average.excludes_zero


def paired_gap(
    test: npt.ArrayLike, reference: npt.ArrayLike, how: Bootstrap = DEFAULT, *, worst: int = WORST
) -> Gap:
    """Compute the gap of two settings over the same images.

    Args:
        test, reference: (n,) finite errors; element i of both is the same image.
        how: resamples, level and seed of interval and test.
        worst: images counted in ``worst_share``.

    Raises:
        ValueError: lengths differ or a value is not finite.
    """
    x, y = vector(test, "test"), vector(reference, "reference")
    if x.size != y.size:
        raise ValueError(f"test has {x.size} values but reference {y.size}: they must be paired")
    d = x - y
    return paired_gaps([d], how, worst=worst)[0]


def paired_gaps(
    differences: Sequence[npt.ArrayLike], how: Bootstrap = DEFAULT, *, worst: int = WORST
) -> list[Gap]:
    """Compute the gaps of several arrays of finite paired differences, in the given order.

    Arrays of equal length are resampled together, which takes a tenth of the time.
    """
    found = [vector(d, "differences") for d in differences]
    averages: dict[int, OnAverage] = {}
    for n in {d.size for d in found}:
        same = [i for i, d in enumerate(found) if d.size == n]
        averages |= zip(same, _averages(np.stack([found[i] for i in same]), how), strict=True)
    return [
        Gap(
            average=averages[i],
            typical=typical_gap(d, how),
            n=d.size,
            n_reference=d.size,
            paired=True,
            median=float(np.median(d)) if d.size else math.nan,
            worst_share=worst_share(np.abs(d), worst),
        )
        for i, d in enumerate(found)
    ]


def _averages(d: FloatArray, how: Bootstrap) -> list[OnAverage]:
    """Return the mean gap of each row of (m, n) paired differences."""
    if not d.shape[1]:
        nan = math.nan
        return [OnAverage(estimate=nan, low=nan, high=nan, p_value=nan)] * len(d)
    numbers = (np.sort(d, axis=1).mean(axis=1), *mean_intervals(d, how), sign_flip_ps(d, how))
    return [
        OnAverage(estimate=mean, low=low, high=high, p_value=p)
        for mean, low, high, p in zip(*(column.tolist() for column in numbers), strict=True)
    ]


def unpaired_gap(test: npt.ArrayLike, reference: npt.ArrayLike, how: Bootstrap = DEFAULT) -> Gap:
    """Compute the gap of two settings over different images ((n,) and (m,) finite errors)."""
    x, y = np.sort(vector(test, "test")), np.sort(vector(reference, "reference"))
    low, high = difference_bounds(x, y, how)
    both = bool(x.size and y.size)
    return Gap(
        average=OnAverage(
            estimate=float(x.mean() - y.mean()) if both else math.nan,
            low=low,
            high=high,
            p_value=permutation_p(x, y, how),
        ),
        typical=typical_gap_unpaired(x, y, how),
        n=x.size,
        n_reference=y.size,
        paired=False,
        median=float(np.median(x) - np.median(y)) if both else math.nan,
        worst_share=math.nan,
    )


def over_seeds(
    average: OnAverage, spread: SeedSpread, images: int, how: Bootstrap = DEFAULT
) -> OnAverage:
    """Add the second level to a gap: trainings are a sample as images are.

    The half-widths of the two levels (t over seeds, with seeds - 1 degrees of freedom) are added as
    squares. The p-value is the larger one of that over images and a t-test over both levels with
    Satterthwaite's degrees of freedom.

    Args:
        average: of the means over seeds, image by image.
        spread: of the mean gaps of the seeds.
        images: number of them.
        how: level of the interval.

    Returns:
        ``average`` itself if there is one seed: then it holds for that training only.
    """
    from scipy.special import stdtr, stdtrit

    if spread.seeds < 2 or images < 2:
        return average
    between = spread.std / math.sqrt(spread.seeds)
    added = float(stdtrit(spread.seeds - 1, (1 + how.level) / 2)) * between
    factor = float(stdtrit(images - 1, (1 + how.level) / 2))
    within = (average.high - average.low) / 2 / factor
    both = within**2 + between**2
    p = 1.0
    if both > 0:
        terms = within**4 / (images - 1) + between**4 / (spread.seeds - 1)
        p = 2 * float(stdtr(both**2 / terms, -abs(average.estimate) / math.sqrt(both)))
    return replace(
        average,
        low=average.estimate - math.hypot(average.estimate - average.low, added),
        high=average.estimate + math.hypot(average.high - average.estimate, added),
        p_value=max(average.p_value, p),
    )

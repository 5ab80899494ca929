"""How often a method fails: the share of images that lose more than a stated amount."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from p3mbench.stats.describe import vector
from p3mbench.stats.resampling import DEFAULT, Bootstrap


@dataclass(frozen=True, kw_only=True)
class FailureShare:
    """Images that lose more than ``amount``.

    Attributes:
        amount: in the unit of the metric, positive.
        losing: images whose error grows by more than that; if unpaired, images of the test sample
            with an error above it.
        gaining: images whose error falls by more than that; if unpaired, images of the reference
            sample with an error above it.
        n: images. n_reference: images of the reference sample, equal to ``n`` if paired.
        paired: whether both sides have the same images.
        low, high: Clopper-Pearson interval of the share; NaN without images.
        p_value: two-sided and exact: the sign test of losing against gaining images, or Fisher's
            test of the two shares if unpaired. NaN without images.
        p_holm: corrected over methods; NaN until it is.
    """

    amount: float
    losing: int
    gaining: int
    n: int
    n_reference: int
    paired: bool
    low: float
    high: float
    p_value: float
    p_holm: float = math.nan

    @property
    def share(self) -> float:
        """The share of losing images, in [0, 1]; NaN without images."""
        return self.losing / self.n if self.n else math.nan


def failure_share(
    differences: npt.ArrayLike, amount: float, how: Bootstrap = DEFAULT
) -> FailureShare:
    """Count images of (n,) finite paired differences that lose more than ``amount`` (positive)."""
    from scipy import stats as sps

    d = vector(differences, "differences")
    losing, gaining = _beyond(d, amount), _beyond(-d, amount)
    p = sps.binomtest(losing, losing + gaining).pvalue if losing + gaining else 1.0
    low, high = _exact_interval(losing, d.size, how.level)
    return FailureShare(
        amount=amount,
        losing=losing,
        gaining=gaining,
        n=d.size,
        n_reference=d.size,
        paired=True,
        low=low,
        high=high,
        p_value=float(p) if d.size else math.nan,
    )


def failure_share_unpaired(
    test: npt.ArrayLike, reference: npt.ArrayLike, amount: float, how: Bootstrap = DEFAULT
) -> FailureShare:
    """Count images of two samples of errors, (n,) and (m,), that are above ``amount``."""
    from scipy import stats as sps

    x, y = vector(test, "test"), vector(reference, "reference")
    one, two = _beyond(x, amount), _beyond(y, amount)
    p = math.nan
    if x.size and y.size:
        p = float(sps.fisher_exact([[one, x.size - one], [two, y.size - two]]).pvalue)
    low, high = _exact_interval(one, x.size, how.level)
    return FailureShare(
        amount=amount,
        losing=one,
        gaining=two,
        n=x.size,
        n_reference=y.size,
        paired=False,
        low=low,
        high=high,
        p_value=p,
    )


def round_amount(errors: Iterable[float]) -> float:
    """Return a round amount for failures: the median of some mean errors, as 1, 2 or 5 x 10^k.

    1.0 if there is no positive error.

    >>> round_amount([8.9, 12.0, 7.0]), round_amount([0.0026])
    (10.0, 0.002)
    """
    known = [error for error in errors if error > 0]
    if not known:
        return 1.0
    middle = float(np.median(known))
    power = math.floor(math.log10(middle))
    steps = [digit * 10.0**k for k in (power, power + 1) for digit in (1, 2, 5)]
    nearest = min(steps, key=lambda step: abs(math.log(step / middle)))
    return float(f"{nearest:.0e}")


def _beyond(x: npt.NDArray[np.float64], amount: float) -> int:
    if not amount > 0:
        raise ValueError(f"amount must be positive, got {amount}")
    return int((x > amount).sum())


def _exact_interval(k: int, n: int, level: float) -> tuple[float, float]:
    """Return the Clopper-Pearson interval of a share (SciPy's is the same and 50 times slower)."""
    from scipy.special import betaincinv

    if not n:
        return math.nan, math.nan
    tail = (1 - level) / 2
    low = float(betaincinv(k, n - k + 1, tail)) if k else 0.0
    high = float(betaincinv(k + 1, n - k, 1 - tail)) if k < n else 1.0
    return low, high

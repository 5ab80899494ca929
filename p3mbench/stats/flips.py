"""Permutation tests of a mean gap: signs of paired differences, labels of two samples."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from p3mbench.stats.describe import FloatArray, vector
from p3mbench.stats.resampling import DEFAULT, Bootstrap, relabellings, signs

TIE = 1e-6  # relative: sums of float32 that differ by less count as equal


def sign_flip_p(differences: npt.ArrayLike, how: Bootstrap = DEFAULT) -> float:
    """Compute the two-sided p of the mean of (n,) paired differences by flipping signs at random.

    If both settings are equally good on average and the differences are symmetric, every pattern
    of signs is equally probable. All 2^n patterns are used if there are not more than
    ``how.resamples``; else p = (1 + as extreme) / (1 + drawn). The result is 1.0 if every
    difference is zero, and NaN without data.
    """
    d = vector(differences, "differences")
    return float(sign_flip_ps(d[None], how)[0]) if d.size else math.nan


def sign_flip_ps(differences: FloatArray, how: Bootstrap = DEFAULT) -> FloatArray:
    """Compute `sign_flip_p` of each row of (m, n) finite differences, n at least 1."""
    order = np.lexsort((differences, np.abs(differences)))
    d = np.take_along_axis(differences, order, axis=1)
    largest = np.abs(d[:, -1:])
    z = (d / np.where(largest > 0, largest, 1)).astype(np.float32)
    patterns, every = signs(d.shape[1], how.resamples, how.seed)
    reached = np.abs(z.sum(axis=1, dtype=np.float64)) - TIE * np.abs(z).sum(axis=1)
    extreme = (np.abs(z @ patterns.T) >= reached[:, None]).sum(axis=1)
    return p_of(extreme, len(patterns), exact=every)


def permutation_p(test: npt.ArrayLike, reference: npt.ArrayLike, how: Bootstrap = DEFAULT) -> float:
    """Compute the two-sided p of a difference of two means by relabelling the images.

    The statistic is Welch's t, which keeps the level if only the means are equal (Janssen 1997,
    doi:10.1016/S0167-7152(97)00043-6). NaN with fewer than two values on a side.
    """
    x, y = vector(test, "test"), vector(reference, "reference")
    if min(x.size, y.size) < 2:
        return math.nan
    z = np.concatenate([x, y])
    order = np.argsort(z, kind="stable")
    mine = np.concatenate([np.ones(x.size), np.zeros(y.size)])[order]
    z = z[order] - z.mean()
    largest = float(np.abs(z).max())
    if not largest:
        return 1.0
    z /= largest
    patterns, every = relabellings(x.size, y.size, how.resamples, how.seed)
    observed = _welch(mine[None].astype(np.float32), z, x.size)[0]
    drawn = _welch(patterns, z, x.size)
    extreme = (drawn >= observed * (1 - 10 * TIE)).sum()
    return float(p_of(extreme, len(patterns), exact=every))


def p_of(extreme: npt.NDArray[np.int64], drawn: int, *, exact: bool) -> FloatArray:
    """Return p from counts of ``drawn`` patterns: random ones count the observed one too."""
    return extreme / drawn if exact else (1 + extreme) / (1 + drawn)


def least_images(level: float, methods: int = 1) -> int:
    """Return the fewest images for which a paired p, corrected by `holm`, can be below ``level``.

    The smallest p-value of the sign-flip test, and of the exact Wilcoxon test, is 2 / 2^n, when all
    differences have one sign. Holm multiplies the smallest of several p-values by their number.

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
    """Return the smallest two-sided p of the permutation test of ``n`` and ``m`` values.

    >>> least_unpaired_p(3, 3)
    0.1
    """
    return (2 if n == m else 1) / math.comb(n + m, n)


def _welch(patterns: npt.NDArray[np.float32], z: FloatArray, n: int) -> FloatArray:
    """Return Welch's |t| of each labelling; infinite if means differ and no group varies."""
    m = z.size - n
    both = np.stack([z, z * z], axis=1).astype(np.float32)
    first = (patterns @ both).astype(np.float64)
    second = both.sum(axis=0, dtype=np.float64) - first
    gap = np.abs(first[:, 0] / n - second[:, 0] / m)
    spread = np.zeros(len(patterns))
    for sums, k in ((first, n), (second, m)):
        spread += np.maximum(sums[:, 1] - sums[:, 0] ** 2 / k, 0) / (k - 1) / k
    floor = 1e-12  # float32 leaves rounding errors where a group does not vary
    spread = np.where(spread < floor, 0, spread)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = gap / np.sqrt(spread)
    return np.where(gap < TIE, 0.0, t)

"""Intervals of a mean that p3mbench could use: each takes samples and returns bounds.

All resample with the same weights. Samples are (m, n), one per row; bounds are (m,) each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import special

from p3mbench.stats import Bootstrap, mean_intervals
from p3mbench.stats.resampling import weights

FloatArray = npt.NDArray[np.float64]
Bounds = tuple[FloatArray, FloatArray]
TINY = 1e-300


@dataclass(frozen=True, eq=False)
class Resampled:
    """Samples with the means and standard deviations of their bootstrap samples, centred."""

    samples: FloatArray
    how: Bootstrap

    @property
    def n(self) -> int:
        """The number of images in a sample."""
        return int(self.samples.shape[1])

    @cached_property
    def mean(self) -> FloatArray:
        """Means of the samples, (m,)."""
        return np.asarray(self.samples.mean(axis=1))

    @cached_property
    def centred(self) -> FloatArray:
        """Samples less their means, (m, n)."""
        return self.samples - self.mean[:, None]

    @cached_property
    def sd(self) -> FloatArray:
        """Standard deviations with divisor n, (m,)."""
        return np.asarray(np.maximum(self.samples.std(axis=1), TINY))

    @cached_property
    def skew(self) -> FloatArray:
        """Skewness, (m,)."""
        return np.asarray((self.centred**3).mean(axis=1) / self.sd**3)

    @cached_property
    def drawn(self) -> FloatArray:
        """Weights of the resamples, (n, resamples)."""
        return weights(self.n, self.how.resamples, self.how.seed).T.astype(np.float64)

    @cached_property
    def means(self) -> FloatArray:
        """Means of the resamples less the sample's, (m, resamples)."""
        return np.asarray(self.centred @ self.drawn)

    @cached_property
    def squares(self) -> FloatArray:
        """Means of the squares of the resamples, (m, resamples)."""
        return np.asarray((self.centred**2) @ self.drawn)

    @cached_property
    def sds(self) -> FloatArray:
        """Standard deviations of the resamples, at least a fifth of the sample's."""
        found = np.sqrt(np.maximum(self.squares - self.means**2, 0))
        return np.maximum(found, 0.2 * self.sd[:, None])

    @cached_property
    def se(self) -> FloatArray:
        """Standard errors of the means, (m,)."""
        return np.asarray(self.sd / np.sqrt(self.n - 1))

    def tails(self, values: FloatArray) -> Bounds:
        """Return the lower and the upper quantile of each row at the level."""
        tail = (1 - self.how.level) / 2
        low, high = np.quantile(values, [tail, 1 - tail], axis=1)
        return low, high


def student(of: Resampled) -> Bounds:
    """Student's t."""
    half = special.stdtrit(of.n - 1, (1 + of.how.level) / 2) * of.se
    return of.mean - half, of.mean + half


def bca(of: Resampled) -> Bounds:
    """Bias-corrected and accelerated percentiles (Efron 1987)."""
    least = 1 / of.how.resamples
    bias = special.ndtri(np.clip((of.means < 0).mean(axis=1), least, 1 - least))
    acceleration = of.skew / 6 / np.sqrt(of.n)
    ordered = np.sort(of.means, axis=1)
    bounds = []
    for tail in ((1 - of.how.level) / 2, (1 + of.how.level) / 2):
        z = bias + special.ndtri(tail)
        share = special.ndtr(bias + z / (1 - acceleration * z))
        index = np.clip((share * of.how.resamples).astype(int), 0, of.how.resamples - 1)
        bounds.append(of.mean + ordered[np.arange(len(ordered)), index])
    return bounds[0], bounds[1]


def bootstrap_t(of: Resampled) -> Bounds:
    """Bootstrap-t with equal tails."""
    low, high = of.tails(of.means / of.sds)
    return of.mean - high * of.sd, of.mean - low * of.sd


def symmetric_t(of: Resampled) -> Bounds:
    """Symmetric bootstrap-t (Hall 1988)."""
    half = np.quantile(np.abs(of.means) / of.sds, of.how.level, axis=1) * of.sd
    return of.mean - half, of.mean + half


def stabilised_t(of: Resampled) -> Bounds:
    """Variance-stabilised bootstrap-t (Tibshirani 1988): log spread is linear in the mean."""
    x, y = of.means, np.log(of.sds)
    across = x - x.mean(axis=1, keepdims=True)
    slope = (across * y).sum(axis=1) / np.maximum((across**2).sum(axis=1), TINY)
    slope = np.where(np.abs(slope) < TINY, TINY, slope)
    moved = -np.expm1(-slope[:, None] * x) / -slope[:, None]
    low, high = of.tails(moved)

    def back(value: FloatArray) -> FloatArray:
        inside = 1 + slope * value
        reached = -np.log(np.where(inside > 0, inside, 1)) / -slope
        return np.where(inside > 0, reached, np.sign(value) * np.inf)

    return of.mean + back(-high), of.mean + back(-low)


def johnson(of: Resampled) -> Bounds:
    """Hall's cubic transformation of t (1992) with normal quantiles, after Johnson (1978)."""
    z = float(special.ndtri((1 + of.how.level) / 2))
    return _transformed(of, (np.full(len(of.mean), -z), np.full(len(of.mean), z)))


def hall(of: Resampled) -> Bounds:
    """Hall's cubic transformation of t (1992) with bootstrap quantiles."""
    cubes = (of.centred**3) @ of.drawn - 3 * of.means * of.squares + 2 * of.means**3
    skew, t = cubes / of.sds**3, of.means / of.sds
    moved = t + skew * t**2 / 3 + skew**2 * t**3 / 27 + skew / (6 * of.n)
    low, high = of.tails(moved * np.sqrt(of.n))
    return _transformed(of, (low, high))


def ours(of: Resampled) -> Bounds:
    """The interval of p3mbench: symmetric bootstrap-t with an allowance for rare images."""
    return mean_intervals(of.samples, of.how)


def _transformed(of: Resampled, tails: Bounds) -> Bounds:
    skew = np.where(np.abs(of.skew) < 1e-6, 1e-6, of.skew)

    def back(value: FloatArray) -> FloatArray:
        y = value / np.sqrt(of.n) - skew / (6 * of.n)
        return np.asarray(3 / skew * (np.cbrt(1 + skew * y) - 1) * of.sd)

    return of.mean - back(tails[1]), of.mean - back(tails[0])


CANDIDATES: dict[str, Callable[[Resampled], Bounds]] = {
    "Student's t": student,
    "BCa (before)": bca,
    "Johnson's t": johnson,
    "Hall's t": hall,
    "bootstrap-t": bootstrap_t,
    "stabilised": stabilised_t,
    "symmetric": symmetric_t,
    "p3mbench": ours,
}

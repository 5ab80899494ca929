"""Describe one sample of errors: mean, median, the weight of the worst images, seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

WORST = 5  # images counted by `worst_share` by default


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


def summarise(values: npt.ArrayLike, *, worst: int = WORST) -> Summary:
    """Compute mean, median and share of the ``worst`` largest of (n,) finite errors."""
    x = vector(values, "values")
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
    x = vector(values, "values")
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    if (x < 0).any():
        raise ValueError("values must not be negative: a share of the total needs errors")
    total = x.sum()
    return float(np.sort(x)[-k:].sum() / total) if total > 0 else float("nan")


def seed_spread(values: npt.ArrayLike) -> SeedSpread:
    """Compute the spread of (s,) finite values, one per training seed."""
    x = vector(values, "values")
    if not x.size:
        raise ValueError("values must have at least one seed")
    return SeedSpread(
        mean=float(x.mean()),
        std=float(x.std(ddof=1)) if x.size > 1 else float("nan"),
        low=float(x.min()),
        high=float(x.max()),
        seeds=x.size,
    )


def vector(values: npt.ArrayLike, name: str) -> FloatArray:
    """Return ``values`` as (n,) float64.

    Raises:
        ValueError: another shape, or a value that is not finite; the message has ``name``.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError(f"{name} must be finite: leave out images without a score first")
    return x

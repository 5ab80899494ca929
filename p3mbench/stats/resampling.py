"""Resamples, sign patterns and relabellings: made once per sample size, shared by all samples.

One matrix product then resamples any number of samples. Everything depends only on sizes and seed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]
FloatArray = npt.NDArray[np.float64]
Kind = TypeVar("Kind", Matrix, FloatArray)


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """How intervals and tests are made.

    Attributes:
        resamples: number of resamples and of permutations. level: of confidence, in (0, 1).
        seed: of both.
    """

    resamples: int = 4999
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if self.resamples < 1 or not 0 < self.level < 1:
            raise ValueError(f"need resamples >= 1 and 0 < level < 1, got {self}")


DEFAULT = Bootstrap()


# For 1,000 images 40 MB. In float64, so that a sample's interval does not depend on its companions.
@lru_cache(maxsize=3)
def weights(n: int, resamples: int, seed: int) -> FloatArray:
    """Return (resamples, n): the share of each image in each bootstrap sample."""
    drawn = np.random.default_rng([seed, n]).integers(n, size=(resamples, n))
    drawn += n * np.arange(resamples)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=resamples * n).reshape(resamples, n)
    return _frozen(counts / n)


# Here 20 MB: float32 suffices to count sums.
@lru_cache(maxsize=3)
def signs(n: int, resamples: int, seed: int) -> tuple[Matrix, bool]:
    """Return (patterns, n) of -1 and 1, and whether these are all patterns (up to a common sign).

    All patterns are used if there are not more than ``resamples`` of them.
    """
    if 2 ** max(n - 1, 0) <= resamples + 1:
        bits = np.arange(2 ** max(n - 1, 0))[:, None] >> np.arange(n)[None, :]
        return _frozen(1 - 2 * (bits & 1).astype(np.float32)), True
    drawn = np.random.default_rng([seed, n, 1]).integers(2, size=(resamples, n), dtype=np.int8)
    return _frozen(drawn.astype(np.float32) * 2 - 1), False


@lru_cache(maxsize=2)
def relabellings(n: int, m: int, resamples: int, seed: int) -> tuple[Matrix, bool]:
    """Return (patterns, n + m) of 0 and 1, n ones each, and whether these are all patterns."""
    if math.comb(n + m, n) <= resamples + 1:
        chosen = np.array(list(combinations(range(n + m), n)))
        patterns = np.zeros((len(chosen), n + m), dtype=np.float32)
        patterns[np.arange(len(chosen))[:, None], chosen] = 1
        return _frozen(patterns), True
    patterns = np.zeros((resamples, n + m), dtype=np.float32)
    patterns[:, :n] = 1
    rng = np.random.default_rng([seed, n, m])
    return _frozen(rng.permuted(patterns, axis=1)), False


def _frozen(matrix: Kind) -> Kind:
    matrix.setflags(write=False)
    return matrix

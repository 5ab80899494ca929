"""Compute the connectivity error: parts that are cut off from the largest component of a level.

A pixel stays connected up to the level where it first leaves the largest component of the pixels
that reach that level in both mattes. Only pixels where the mattes differ by more than .05 can
contribute, and a pixel outside islands is connected up to its own level. So one dense pass finds
those pixels and the runs of equal level, and `components` finds the islands among the runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.metrics.arrays import Mask, Matte, strips, unit_values
from p3mbench.metrics.components import find_islands
from p3mbench.metrics.conventions import Convention
from p3mbench.metrics.inputs import Pair

LEVELS = np.arange(11) * 0.1
"""The thresholds; the sixth is 0.6000000000000001, which gray 153 / 255 misses in float64."""

_CUTOFF = 0.15
_CLOSE = 12  # bytes; |p - g| <= .05 cannot contribute: both are less than .15 above the level
_ISLAND = 16  # marks a pixel with a level set by an island


@dataclass(frozen=True)
class Connectivity:
    """The error and its flags.

    Attributes:
        error: the sum / 1000.
        flags: `conn_empty_level` if no pixel reaches some level in both mattes, `conn_tie` if some
            level has several largest components of equal size, `conn_background` if the background
            was the largest component of some level.
    """

    error: float
    flags: tuple[str, ...]


def connectivity(pair: Pair, convention: Convention, region: Mask | None) -> Connectivity:
    """Compute the connectivity error of a checked pair.

    Args:
        pair: the mattes.
        convention: gives the cut of level 0.6 and the rules for empty levels, ties and background.
        region: the pixels that count; None for all. Components belong to the whole image.
    """
    levels = _common_levels(pair, single=convention.single)
    index = _far_apart(pair)
    islands = find_islands(levels, convention)
    marked = levels.reshape(-1)
    where, level = islands.pixels()
    marked[where] = level + _ISLAND
    index = np.concatenate([index, where[_close(pair, where)]])
    if region is not None:
        index = index[region.reshape(-1)[index] != 0]
    table = np.concatenate([LEVELS[islands.level_of], np.zeros(_ISLAND - 11), LEVELS])
    connected = table.astype(np.float32)[marked[index]]
    error = _penalty(pair.pred, index, connected, convention.single)
    error -= _penalty(pair.alpha, index, connected, convention.single)
    total = float(np.abs(error, out=error).sum())
    return Connectivity(total / 1000, islands.flags)


def matte_levels(matte: Matte, *, single: bool) -> npt.NDArray[np.uint8]:
    """Count the levels 0.1, 0.2, ... 1.0 that each pixel reaches.

    Args:
        matte: (H, W) uint8, float32 or float64.
        single: whether bytes are divided by 255 in float32; gray 153 then reaches level 0.6.

    >>> matte_levels(np.array([[0, 152, 153, 154, 255]], np.uint8), single=False)
    array([[ 0,  5,  5,  6, 10]], dtype=uint8)
    """
    if matte.dtype == np.uint8:
        levels: Matte = np.asarray(cv2.LUT(matte, _byte_levels(single))).reshape(matte.shape)
        return levels
    levels = np.zeros(matte.shape, np.uint8)
    cuts = _cuts(matte.dtype)
    for rows in strips(matte.shape):
        reached = np.empty(matte[rows].shape, np.bool_)
        for cut in cuts:
            np.greater_equal(matte[rows], cut, out=reached)
            levels[rows] += reached
    return levels


def _cuts(dtype: np.dtype[Any]) -> npt.NDArray[np.floating[Any]]:
    """Return the least values of a dtype that reach each level, for exact comparison in float32."""
    cuts = LEVELS[1:].astype(dtype)
    return np.where(cuts < LEVELS[1:], np.nextafter(cuts, dtype.type(2)), cuts)


def _byte_levels(single: bool) -> npt.NDArray[np.uint8]:
    values = np.arange(256, dtype=np.float64) / 255
    if single:
        values = values.astype(np.float32).astype(np.float64)
    return np.searchsorted(LEVELS[1:], values, side="right").astype(np.uint8)


def _common_levels(pair: Pair, *, single: bool) -> npt.NDArray[np.uint8]:
    levels = np.empty(pair.pred.shape, np.uint8)
    for rows in strips(levels.shape):
        if pair.is_bytes:
            lower = np.minimum(pair.pred[rows], pair.alpha[rows])
            levels[rows] = matte_levels(lower, single=single)
        else:
            of_pred = matte_levels(pair.pred[rows], single=single)
            of_alpha = matte_levels(pair.alpha[rows], single=single)
            np.minimum(of_pred, of_alpha, out=levels[rows])
    return levels


def _is_far(pred: Matte, alpha: Matte) -> npt.NDArray[np.bool_]:
    """Return where mattes differ enough (at least by .05) to contribute outside islands."""
    if pred.dtype == np.uint8 and alpha.dtype == np.uint8:
        apart: Matte = np.asarray(cv2.absdiff(pred, alpha)).reshape(pred.shape)
        return np.greater(apart, _CLOSE)
    # float32 errs by 1e-7; the threshold leaves a margin of a thousandth
    errors = pred.astype(np.float32)
    if pred.dtype == np.uint8:
        errors *= np.float32(1 / 255)
    scale = np.float32(1 / 255 if alpha.dtype == np.uint8 else 1)
    errors -= np.multiply(alpha, scale, dtype=np.float32, casting="same_kind")
    return np.greater(np.abs(errors, out=errors), np.float32(0.049))


def _far_apart(pair: Pair) -> npt.NDArray[np.int64]:
    """Return the flat indices of the pixels that may contribute outside islands."""
    width = pair.pred.shape[1]
    found = [
        np.flatnonzero(_is_far(pair.pred[rows], pair.alpha[rows])) + rows.start * width
        for rows in strips(pair.pred.shape)
    ]
    return np.concatenate(found)


def _close(pair: Pair, index: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return which of some pixels `_far_apart` left out."""
    pred, alpha = (matte.reshape(1, -1)[:, index] for matte in (pair.pred, pair.alpha))
    return np.logical_not(_is_far(pred, alpha))[0] if index.size else np.zeros(0, np.bool_)


def _penalty(
    matte: Matte, index: npt.NDArray[np.int64], connected: npt.NDArray[np.float32], single: bool
) -> npt.NDArray[np.float64]:
    """Return how far each pixel is above its connected level; 0 below the cutoff.

    All original codes keep that level in float32, which decides values exactly at the cutoff.
    """
    rise = unit_values(matte.reshape(-1)[index])
    if single:
        rise = rise.astype(np.float32)
    rise -= connected
    rise *= rise >= rise.dtype.type(_CUTOFF)
    return rise.astype(np.float64, copy=False)

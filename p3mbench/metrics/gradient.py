"""Compute the gradient error: squared differences of Gaussian-derivative magnitudes.

With the difference d = p - g and the sum s = p + g of the mattes, the magnitudes differ by
2 (grad s . grad d) / (|grad s + grad d| + |grad s - grad d|). Filtering d and s costs as much as
filtering p and g, and avoids cancellation. The derivative is a central difference, computed in
integers or float64, followed by a positive kernel. So float32 filters do not lose precision to
large values that should cancel. A pixel with constant d in its window contributes exactly 0, so
only blocks near a change of d are filtered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.metrics.arrays import Mask, Matte, strips

_BLOCK = 8  # side of the blocks that are filtered or skipped; at least the kernels' radius
_STRIP = 4 * _BLOCK
_BATCH_COLUMNS = 4096


@dataclass(frozen=True)
class Kernel:
    """A separable derivative filter.

    Attributes:
        along: taps along the derivative, for central differences x[n + 1] - x[n - 1].
        smooth: taps across it, for x itself.
        border: OpenCV's name of the border.
        divisor: divisor of the sum.
    """

    along: npt.NDArray[np.float32]
    smooth: npt.NDArray[np.float32]
    border: int
    divisor: float

    @property
    def radius(self) -> int:
        """Largest distance of a tap from the centre."""
        return self.smooth.size // 2


@cache
def kernel(name: str) -> Kernel:
    """Return the filter of a convention's gradient; sigma is 1.4 in both.

    `p3m`: 13 taps, smoothing of unit sum, half-sample symmetric border, GRAD / 10.
    `dim`: 9 taps, 9x9 kernel of unit Frobenius norm, replicated border, GRAD / 1000.

    >>> kernel("dim").smooth.size
    9
    """
    radius = 6 if name == "p3m" else 4
    taps = np.arange(-radius, radius + 1)
    smooth = np.exp(-(taps**2) / 3.92)
    derivative = taps * smooth
    if name == "p3m":
        smooth, derivative = smooth / smooth.sum(), derivative / smooth.sum() / 1.96
        border, divisor = cv2.BORDER_REFLECT, 10.0
    else:
        smooth, derivative = (
            smooth / np.linalg.norm(smooth),
            derivative / np.linalg.norm(derivative),
        )
        border, divisor = cv2.BORDER_REPLICATE, 1000.0
    along = np.zeros(taps.size + 2)
    for k in range(taps.size - 1, -1, -1):
        along[k] = derivative[k] + along[k + 2]
    return Kernel(along[2:-2].astype(np.float32), smooth.astype(np.float32), border, divisor)


def gradient_sum(
    pred: Matte, alpha: Matte, kernel_name: str, region: Mask | None, *, stretch: bool
) -> float:
    """Sum the squared differences of gradient magnitudes, divided by the kernel's divisor.

    Args:
        pred: (H, W) uint8, float32 or float64, from `inputs.prepare`.
        alpha: the same shape.
        kernel_name: `p3m` or `dim`.
        region: the pixels that count; None for all. The filters always see the whole image.
        stretch: map each matte's minimum to 0 and maximum to 1 first (a constant one to 0).

    >>> matte = np.zeros((40, 40), np.uint8)
    >>> gradient_sum(matte, matte, "p3m", None, stretch=False)
    0.0
    """
    chosen = kernel(kernel_name)
    maps = (_mapping(pred, stretch=stretch), _mapping(alpha, stretch=stretch))
    needed = _changing_blocks(pred, alpha, maps)
    if region is not None:
        needed &= _reduce_columns(_reduce_rows(region, np.maximum), np.maximum) > 0
    total = 0.0
    for batch in _batches(needed):
        pred_part, alpha_part = (_pack(matte, batch, chosen) for matte in (pred, alpha))
        weights = _pack_weights(region, pred.shape, batch, chosen.radius)
        total += _batch_sum(pred_part, alpha_part, weights, maps, chosen)
    return total / chosen.divisor


class _Mapping(NamedTuple):
    """The mapping of raw values before filtering: (value - offset) * scale."""

    offset: float
    scale: float


def _mapping(matte: Matte, *, stretch: bool) -> _Mapping:
    if stretch:
        low, high, _, _ = cv2.minMaxLoc(matte)
        return _Mapping(low, 1 / (high - low)) if high > low else _Mapping(0, 0)
    return _Mapping(0, 1 / 255 if matte.dtype == np.uint8 else 1)


def _reduce_rows(matte: Matte, ufunc: np.ufunc) -> Matte:
    """Reduce every 8 rows to one; the last group may be smaller."""
    whole = matte.shape[0] // _BLOCK * _BLOCK
    reduced: Matte = ufunc.reduce(matte[:whole].reshape(-1, _BLOCK, matte.shape[1]), axis=1)
    if whole == matte.shape[0]:
        return reduced
    return np.concatenate([reduced, ufunc.reduce(matte[whole:], axis=0, keepdims=True)])


def _reduce_columns(rows: Matte, ufunc: np.ufunc) -> Matte:
    """Reduce every 8 columns to one, along contiguous memory."""
    return np.ascontiguousarray(_reduce_rows(np.ascontiguousarray(rows.T), ufunc).T)


def _differences(pred: Matte, alpha: Matte, maps: tuple[_Mapping, _Mapping]) -> tuple[Matte, ...]:
    """Return arrays; at least one changes wherever the scaled difference of the mattes changes.

    Differences of floats are computed in float32, which changes the metric by less than 1e-9.
    """
    if pred.dtype == alpha.dtype == np.uint8:
        if maps[0].scale != maps[1].scale:
            return pred, alpha
        above, below = cv2.subtract(pred, alpha), cv2.subtract(alpha, pred)
        return np.asarray(above).reshape(pred.shape), np.asarray(below).reshape(pred.shape)
    single = [
        np.multiply(matte, np.float32(mapping.scale), dtype=np.float32, casting="same_kind")
        for matte, mapping in zip((pred, alpha), maps, strict=True)
    ]
    return (np.subtract(single[0], single[1], out=single[0]),)


def _changing_blocks(
    pred: Matte, alpha: Matte, maps: tuple[_Mapping, _Mapping]
) -> npt.NDArray[np.bool_]:
    """Return per block whether the scaled difference changes in it or in the blocks around it.

    The filters' windows can see a change only there; borders mirror pixels of the same blocks.
    """
    parts = [
        [
            (_reduce_rows(each, np.maximum), _reduce_rows(each, np.minimum))
            for each in _differences(pred[rows], alpha[rows], maps)
        ]
        for rows in strips(pred.shape, _BLOCK)
    ]
    square = np.ones((3, 3), np.uint8)
    changes: npt.NDArray[np.bool_] = np.zeros((1, 1), np.bool_)
    for each in zip(*parts, strict=True):
        high, low = (np.concatenate(ends) for ends in zip(*each, strict=True))
        high, low = _reduce_columns(high, np.maximum), _reduce_columns(low, np.minimum)
        widest = np.asarray(cv2.dilate(high, square)) != np.asarray(cv2.erode(low, square))
        changes = changes | widest.reshape(high.shape)
    return changes


@dataclass(frozen=True)
class _Segment:
    """Columns [left, right) of the strip of rows that begins at `top`, in image coordinates."""

    top: int
    left: int
    right: int


def _batches(needed: npt.NDArray[np.bool_]) -> Iterator[list[_Segment]]:
    """Yield the needed blocks as segments of strips, in batches that fit the cache."""
    lines: npt.NDArray[np.bool_]
    whole = np.pad(needed, ((0, -len(needed) % (_STRIP // _BLOCK)), (0, 0)))
    lines = np.logical_or.reduce(whole.reshape(-1, _STRIP // _BLOCK, whole.shape[1]), axis=1)
    # closing a gap of one block costs less than the two halos that it saves
    lines[:, 1:-1] |= lines[:, :-2] & lines[:, 2:]
    edges = np.diff(np.pad(lines, ((0, 0), (1, 1))).astype(np.int8).reshape(-1))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    stride = lines.shape[1] + 2
    batch: list[_Segment] = []
    columns = 0
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        row, left = divmod(start, stride)
        right = end - row * stride
        batch.append(_Segment(row * _STRIP, left * _BLOCK, right * _BLOCK))
        columns += (right - left + 2) * _BLOCK
        if columns >= _BATCH_COLUMNS:
            yield batch
            batch, columns = [], 0
    if batch:
        yield batch


def _pack(matte: Matte, batch: list[_Segment], chosen: Kernel) -> Matte:
    """Pack the segments into one wide image, each with a halo of the kernel's radius."""
    height, width = matte.shape
    reach = chosen.radius
    parts = []
    for s in batch:
        top, bottom = s.top - reach, s.top + _STRIP + reach
        left, right = s.left - reach, s.right + reach
        part = matte[max(top, 0) : bottom, max(left, 0) : right]
        outside = (max(-top, 0), max(bottom - height, 0), max(-left, 0), max(right - width, 0))
        if any(outside):
            part = np.asarray(cv2.copyMakeBorder(part, *outside, chosen.border))
        parts.append(part)
    return np.concatenate(parts, axis=1)


def _pack_weights(
    region: Mask | None, shape: tuple[int, ...], batch: list[_Segment], radius: int
) -> Mask:
    """Return the counting pixels of the packed segments: those of the region, not the halos."""
    width = sum(s.right - s.left + 2 * radius for s in batch)
    weights = np.zeros((_STRIP + 2 * radius, width), np.uint8)
    at = radius
    for s in batch:
        rows, columns = min(_STRIP, shape[0] - s.top), min(s.right, shape[1]) - s.left
        inside = weights[radius : radius + rows, at : at + columns]
        inside[...] = (
            255 if region is None else region[s.top : s.top + rows, s.left : s.left + columns]
        )
        at += s.right - s.left + 2 * radius
    return weights


def _batch_sum(
    pred: Matte, alpha: Matte, weights: Mask, maps: tuple[_Mapping, _Mapping], chosen: Kernel
) -> float:
    """Sum over one packed batch, in units of squared alpha."""
    if pred.dtype == alpha.dtype == np.uint8 and maps[0].scale == maps[1].scale:
        difference: Matte = np.asarray(cv2.subtract(pred, alpha, dtype=cv2.CV_32F))
        both: Matte = np.asarray(cv2.add(pred, alpha, dtype=cv2.CV_32F))
        unit = maps[0].scale
    else:
        p, g = (
            (x - np.float64(m.offset)) * m.scale for x, m in zip((pred, alpha), maps, strict=True)
        )
        difference, both, unit = p - g, p + g, 1.0
    dx, dy = _derivatives(difference, chosen)
    sx, sy = _derivatives(both, chosen)
    product: Matte = dx * sx
    product += dy * sy
    magnitudes = _length(sx + dx, sy + dy)
    magnitudes += _length(sx - dx, sy - dy)
    magnitudes += np.float32(1e-30)  # avoids 0 / 0 where both mattes are flat
    product /= magnitudes
    return 4 * unit**2 * cv2.norm(product, cv2.NORM_L2SQR, mask=weights)


def _derivatives(image: Matte, chosen: Kernel) -> tuple[Matte, Matte]:
    """Compute float32 derivatives along rows and columns, without the outermost pixels."""
    right, down = (np.zeros(image.shape, np.float32) for _ in range(2))
    np.subtract(image[:, 2:], image[:, :-2], out=right[:, 1:-1], casting="same_kind")
    np.subtract(image[2:], image[:-2], out=down[1:-1], casting="same_kind")
    horizontal = cv2.sepFilter2D(right, cv2.CV_32F, chosen.along, chosen.smooth)
    vertical = cv2.sepFilter2D(down, cv2.CV_32F, chosen.smooth, chosen.along)
    return np.asarray(horizontal), np.asarray(vertical)


def _length(x: Matte, y: Matte) -> Matte:
    """Compute vector lengths in place; OpenCV's result depends on the arrays' place in memory."""
    x *= x
    y *= y
    x += y
    return np.sqrt(x, out=x)

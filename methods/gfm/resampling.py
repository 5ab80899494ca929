"""Resize like scikit-image 0.17.2, which GFM's authors pin; see `p3mbench.resampling`.

It differs from the current version in two ways that affect mattes. The Gaussian over a shrinking
axis uses the image's own type: the result for a uint8 image is truncated to integers after each
axis, which darkens the network's input by about one level. A float32 matte is enlarged in single
precision, including the coordinates. This is our own code, so that library updates do not change
mattes. One thing differs: the published coordinates contain the rounding of a least-squares fit
(4e-15).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
Array = npt.NDArray[Any]

GAUSSIAN_REACH = 4.0  # standard deviations at which the Gaussian is cut off


def resize_pinned(
    image: UInt8Array | Float32Array, size: tuple[int, int]
) -> Float64Array | Float32Array:
    """Resize an image or a matte as ``skimage.transform.resize`` of version 0.17.2.

    Args:
        image: (H, W) or (H, W, C); uint8 0..255 is scaled to [0, 1], float32 is used unchanged. Any
            memory order; never written to.
        size: requested (height, width), each at least 1.

    Returns:
        (height, width[, C]) within the range of the (scaled, smoothed) input: float64 for uint8,
        float32 for float32.

    Raises:
        ValueError: ``image`` is empty, of another dtype or number of axes, or ``size`` is below 1.
    """
    _check(image, size)
    smooth = image
    for axis in range(2):
        old, new = image.shape[axis], size[axis]
        if new < old:
            smooth = _smoothed(smooth, axis, (old / new - 1) / 2)
    if smooth.dtype == np.uint8:
        values: Array = smooth * np.float64(1 / 255)
    else:
        values = np.ascontiguousarray(smooth)
    out = _interpolated(values, size)
    return np.clip(out, values.min(), values.max(), out=out)


def _check(image: Array, size: tuple[int, int]) -> None:
    if image.dtype not in (np.uint8, np.float32):
        raise ValueError(f"image must be uint8 or float32, not {image.dtype}")
    if image.ndim not in (2, 3) or image.size == 0:
        raise ValueError(f"image must be (H, W) or (H, W, C) and not empty, got {image.shape}")
    if min(size) < 1:
        raise ValueError(f"size must be at least 1 by 1, got {size}")


def _smoothed(image: Array, axis: int, sigma: float) -> Array:
    """Smooth one axis by a Gaussian with mirrored ends, in float64; truncate to the image's type.

    The order of the sums is SciPy's: the centre, then pairs from the outside in. It decides whether
    a flat area of level 200 stays 200 or becomes 199.
    """
    length = image.shape[axis]
    radius = int(GAUSSIAN_REACH * sigma + 0.5)
    weights = np.exp(-0.5 / (sigma * sigma) * np.arange(-radius, radius + 1) ** 2)
    weights /= weights.sum()
    lines = np.moveaxis(image, axis, 0).astype(np.float64)
    here = np.arange(length)
    total = lines * weights[radius]
    for offset in range(radius, 0, -1):
        left, right = _mirrored(here - offset, length), _mirrored(here + offset, length)
        pair = lines[left]
        pair += lines[right]
        pair *= weights[radius - offset]
        total += pair
    return np.moveaxis(total.astype(image.dtype), 0, axis)


def _interpolated(values: Array, size: tuple[int, int]) -> Array:
    """Interpolate bilinearly in the type of ``values``: along the columns, then between rows."""
    rows, down = _neighbours(values.shape[0], size[0], values.dtype)
    columns, along = _neighbours(values.shape[1], size[1], values.dtype)
    trailing = (1,) * (values.ndim - 2)
    along = along.reshape(2, -1, *trailing)
    across = along[0] * values[:, columns[0]]
    across += along[1] * values[:, columns[1]]
    down = down.reshape(2, -1, 1, *trailing)
    out: Array = down[0] * across[rows[0]]
    out += down[1] * across[rows[1]]
    return out


def _neighbours(old: int, new: int, dtype: np.dtype[Any]) -> tuple[IntArray, Array]:
    """Return the two old neighbours of each new pixel along an axis, and their weights.

    Returns:
        Two (2, new) arrays: indices, mirrored into [0, old), and weights of type ``dtype``.
    """
    scale = old / new
    steps = np.arange(new).astype(dtype)
    at = dtype.type(scale) * steps + dtype.type(0.5 * scale - 0.5)
    first = np.floor(at)
    upper = at - first
    low, high = first.astype(np.intp), np.ceil(at).astype(np.intp)
    indices = np.stack([_mirrored(low, old), _mirrored(high, old)])
    return indices, np.stack([dtype.type(1) - upper, upper])


def _mirrored(indices: IntArray, length: int) -> IntArray:
    """Mirror indices into [0, length) at the centres of the outermost pixels."""
    if length == 1:
        return np.zeros_like(indices)
    period = 2 * (length - 1)
    folded = np.abs(indices) % period
    nearest: IntArray = np.minimum(folded, period - folded)
    return nearest

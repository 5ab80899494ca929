"""Resize as the published test code does, independent of library versions.

P3M, P3M-Net and GFM resize with scikit-image, whose `transform.resize` changed twice. So the
network's input and the matte depend on the installed version. This module implements two of its
behaviours and is checked against the versions that they are named after:

``Flavour.CURRENT``
    scikit-image 0.19 and later (checked: 0.26). A Gaussian with sigma ``(factor - 1) / 2`` smooths
    every axis that shrinks. Then values are interpolated linearly between pixel centres. Beyond the
    border the image is mirrored without repeating the outermost pixel.
``Flavour.PINNED_2021``
    scikit-image 0.14.5, which the authors of P3M pin. There is no Gaussian, and everything beyond
    the border is 0, so enlarging darkens the outermost rows and columns.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

GAUSSIAN_REACH = 4.0  # standard deviations at which the Gaussian is cut off


class Flavour(StrEnum):
    """The version of scikit-image that a resize reproduces."""

    CURRENT = "skimage-0.26"
    PINNED_2021 = "skimage-0.14.5"


def resize(
    image: UInt8Array | Float32Array, size: tuple[int, int], flavour: Flavour
) -> Float64Array:
    """Resize an image or a matte, to within 1e-13 of the scikit-image that ``flavour`` names.

    Double precision matters: a network with max pooling and unpooling can change a pixel by 1e-2
    when its input changes by 1e-7.

    Args:
        image: (H, W) or (H, W, C); uint8 0..255 is scaled to [0, 1], float32 is used unchanged. Any
            memory order; never written to.
        size: requested (height, width), each at least 1.
        flavour: version to reproduce.

    Returns:
        (height, width[, C]) float64, contiguous, within the range of the (scaled) input.

    Raises:
        ValueError: ``image`` is empty, of another dtype or number of axes, or ``size`` is below 1.
    """
    _check(image, size)
    shape = (*size, *image.shape[2:])
    scale = 1 / 255 if image.dtype == np.uint8 else 1.0
    rows = _operator(image.shape[0], size[0], flavour, scale)
    columns = _operator(image.shape[1], size[1], flavour, 1.0)
    flat = image.reshape(image.shape[0], -1).astype(np.float64)
    halfway = (rows @ flat).reshape(size[0], image.shape[1], -1)
    # transposed, because a sparse product works along rows of memory
    turned = np.ascontiguousarray(halfway.swapaxes(0, 1)).reshape(image.shape[1], -1)
    out = (columns @ turned).reshape(size[1], size[0], -1).swapaxes(0, 1)
    resized: Float64Array = np.ascontiguousarray(out).reshape(shape)
    return np.clip(resized, image.min() * scale, image.max() * scale, out=resized)


def resize_exactly(plane: UInt8Array, size: tuple[int, int], flavour: Flavour) -> Float64Array:
    """Resize one plane with the exact rounding of scikit-image; slower than `resize`.

    Published procedures that test whether a resized value is *exactly* 0 or 255 need this: under
    ``CURRENT`` the four weights of a pixel need not add up to 1 in floating point, so a white area
    becomes 254.99999999999994. The result is bitwise equal when enlarging. When an axis shrinks,
    the last bit of the Gaussian may differ.

    Args:
        plane: (H, W) uint8.
        size: requested (height, width), each at least 1.
        flavour: version to reproduce.

    Returns:
        (height, width) float64 in [0, 1].

    Raises:
        ValueError: ``plane`` is not a uint8 plane, is empty, or ``size`` is below 1.
    """
    _check(plane, size)
    if plane.dtype != np.uint8 or plane.ndim != 2:
        raise ValueError(f"plane must be (H, W) uint8, got {plane.dtype} of shape {plane.shape}")
    scaled: Float64Array = plane * np.float64(1 / 255)
    values = scaled
    if flavour is Flavour.CURRENT:
        for axis, (old, new) in enumerate(zip(plane.shape, size, strict=True)):
            if new < old:
                smooth = _gaussian(old, (old / new - 1) / 2)
                values = np.moveaxis(smooth @ np.moveaxis(values, axis, 0), 0, axis)
        out = _four_products(values, size)
    else:
        out = _two_lerps(values, size)
    return np.clip(out, scaled.min(), scaled.max(), out=out)


def _check(image: npt.NDArray[Any], size: tuple[int, int]) -> None:
    if image.dtype not in (np.uint8, np.float32):
        raise ValueError(f"image must be uint8 or float32, not {image.dtype}")
    if image.ndim not in (2, 3) or image.size == 0:
        raise ValueError(f"image must be (H, W) or (H, W, C) and not empty, got {image.shape}")
    if min(size) < 1:
        raise ValueError(f"size must be at least 1 by 1, got {size}")


def _operator(old: int, new: int, flavour: Flavour, scale: float) -> Any:
    """Return the (new, old) sparse matrix that resizes one axis and multiplies by ``scale``."""
    from scipy.sparse import csr_array

    indices, weights = _neighbours(old, new, flavour)
    starts = np.arange(0, 2 * new + 1, 2)
    linear = csr_array((weights.ravel(), indices.ravel(), starts), shape=(new, old))
    if flavour is Flavour.CURRENT and new < old:
        linear = linear @ _gaussian(old, (old / new - 1) / 2)
    return linear * scale


def _neighbours(old: int, new: int, flavour: Flavour) -> tuple[IntArray, Float64Array]:
    """Return the two old neighbours of each new pixel along an axis, and their weights.

    Returns:
        Two (new, 2) arrays: indices within [0, old), weights. A neighbour beyond the border is
        folded back into the axis (``CURRENT``) or has weight 0 (``PINNED_2021``).
    """
    at = (np.arange(new) + 0.5) * (old / new) - 0.5
    if flavour is Flavour.CURRENT:  # at most half a pixel is outside; far side: below
        at = np.abs(at) if old > 1 else np.zeros(new)
    first = np.floor(at).astype(np.intp)
    indices = np.stack([first, first + 1], axis=1)
    lower = 1 - (at - first)
    weights = np.stack([lower, 1 - lower], axis=1)  # SciPy's rounding of the upper weight
    if flavour is Flavour.CURRENT:
        return _mirrored(indices, old), weights
    weights[(indices < 0) | (indices >= old)] = 0.0
    return indices.clip(0, old - 1), weights


def _mirrored(indices: IntArray, length: int) -> IntArray:
    """Mirror indices into [0, length) at the centres of the outermost pixels."""
    if length == 1:
        return np.zeros_like(indices)
    period = 2 * (length - 1)
    folded = np.abs(indices) % period
    nearest: IntArray = np.minimum(folded, period - folded)
    return nearest


def _gaussian(length: int, sigma: float) -> Any:
    """Return the (length, length) sparse matrix of a Gaussian along an axis with mirrored ends."""
    from scipy.sparse import csr_array

    radius = int(GAUSSIAN_REACH * sigma + 0.5)
    offsets = np.arange(-radius, radius + 1)
    kernel = np.exp(-0.5 / (sigma * sigma) * offsets**2)
    kernel /= kernel.sum()
    columns = _mirrored(np.arange(length)[:, None] + offsets, length)
    starts = np.arange(0, columns.size + 1, offsets.size)
    taps = (np.tile(kernel, length), columns.ravel(), starts)
    matrix = csr_array(taps, shape=(length, length))
    matrix.sum_duplicates()  # mirrored taps fall on the same pixel
    return matrix


def _four_products(values: Float64Array, size: tuple[int, int]) -> Float64Array:
    """Interpolate as ``scipy.ndimage.zoom``: value * row weight * column weight."""
    rows, row_weights = _neighbours(values.shape[0], size[0], Flavour.CURRENT)
    columns, column_weights = _neighbours(values.shape[1], size[1], Flavour.CURRENT)
    out = np.zeros(size)
    for i in range(2):
        band = values[rows[:, i]] * row_weights[:, i, None]
        for j in range(2):
            out += band[:, columns[:, j]] * column_weights[:, j]
    return out


def _two_lerps(values: Float64Array, size: tuple[int, int]) -> Float64Array:
    """Interpolate as scikit-image's old warp: along the columns, then between the rows."""
    rows, row_weights = _neighbours(values.shape[0], size[0], Flavour.PINNED_2021)
    columns, column_weights = _neighbours(values.shape[1], size[1], Flavour.PINNED_2021)
    across = values[:, columns[:, 0]] * column_weights[:, 0]
    across += values[:, columns[:, 1]] * column_weights[:, 1]
    out: Float64Array = across[rows[:, 0]] * row_weights[:, 0, None]
    out += across[rows[:, 1]] * row_weights[:, 1, None]
    return out

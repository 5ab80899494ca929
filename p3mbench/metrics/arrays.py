"""Arrays of metrics, and their strips.

A matte is (H, W) uint8 (opacity = byte / 255) or (H, W) floating point in [0, 1].
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Matte = npt.NDArray[Any]
Mask = npt.NDArray[np.uint8]
"""(H, W) uint8, 255 inside and 0 outside."""

_STRIP_PIXELS = 1 << 16


def as_mask(inside: npt.NDArray[np.bool_]) -> Mask:
    """Convert an (H, W) bool array to a mask.

    >>> as_mask(np.array([[True, False]]))
    array([[255,   0]], dtype=uint8)
    """
    return np.negative(inside.view(np.uint8))  # 1 wraps to 255


def strips(shape: tuple[int, ...], step_of: int = 1) -> Iterator[slice]:
    """Yield slices of rows that cover an image, each with about 65,000 pixels.

    Temporaries of a whole image would not fit the processor's cache, and their memory would be
    mapped again for every image.

    Args:
        shape: (H, W).
        step_of: slices begin at multiples of this number.

    >>> [(part.start, part.stop) for part in strips((3, 40000))]
    [(0, 1), (1, 2), (2, 3)]
    """
    height, width = shape
    step = max(1, _STRIP_PIXELS // (width * step_of)) * step_of
    for start in range(0, height, step):
        yield slice(start, min(start + step, height))


def unit_values(matte: Matte) -> npt.NDArray[np.float64]:
    """Return the matte's values in [0, 1] as float64."""
    if matte.dtype == np.uint8:
        return np.divide(matte, 255.0)
    return matte.astype(np.float64)

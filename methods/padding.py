"""Pad by reflection, as in the tests of several networks."""

from __future__ import annotations

import numpy as np

from p3mbench.method import UInt8Array

MULTIPLE = 32


def reflected(image: UInt8Array, margin: int = 0) -> UInt8Array:
    """Pad (H, W[, C]) to multiples of 32 by reflection, without repeating the border.

    Args:
        image: of any size. A side that is too short for one reflection is reflected repeatedly; the
            published codes fail there.
        margin: additional rows and columns on every side; 0 pads only below and on the right.
    """
    sides = [(margin, -side % MULTIPLE + margin) for side in image.shape[:2]]
    return np.pad(image, sides + [(0, 0)] * (image.ndim - 2), mode="reflect")

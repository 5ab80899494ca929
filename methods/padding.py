"""Padding by reflection, as several networks are tested."""

from __future__ import annotations

import numpy as np

from p3mbench.method import UInt8Array

MULTIPLE = 32


def reflected(image: UInt8Array, margin: int = 0) -> UInt8Array:
    """(H, W[, C]) made larger to multiples of 32 by its reflection, the border not repeated.

    Args:
        image: of any size. A side too short for one reflection is reflected to and fro, where the
            published codes fail.
        margin: rows and columns more on every side; else only below and on the right.
    """
    sides = [(margin, -side % MULTIPLE + margin) for side in image.shape[:2]]
    return np.pad(image, sides + [(0, 0)] * (image.ndim - 2), mode="reflect")

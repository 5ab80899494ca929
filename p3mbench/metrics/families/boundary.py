"""SAD along the boundary of the ground truth: our metric, which needs no trimap."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.metrics.arrays import Matte, as_mask
from p3mbench.metrics.family import Family, Metric, Region


def boundary_mask(alpha: Matte) -> npt.NDArray[np.uint8]:
    """Return the band along the ground truth's boundary, for our metric `sad_boundary`.

    A pixel belongs to the band if the square of 2 r + 1 pixels around it contains a pixel that is
    not background and one that is not foreground, with r = max(1, round(short side / 200)): 5
    pixels to either side at 1080.

    Args:
        alpha: (H, W) uint8 or float in [0, 1].

    Returns:
        (H, W) uint8, 255 inside the band.

    >>> boundary_mask(np.array([[0, 0, 0, 255, 255, 255]], np.uint8))
    array([[  0,   0, 255, 255,   0,   0]], dtype=uint8)
    """
    radius = max(1, round(min(alpha.shape) / 200))
    square = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    solid = 255 if alpha.dtype == np.uint8 else 1
    reach, core = as_mask(alpha > 0), as_mask(alpha >= solid)
    some: Matte = np.asarray(cv2.dilate(reach, square)).reshape(alpha.shape)
    all_of_it: Matte = np.asarray(cv2.erode(core, square)).reshape(alpha.shape)
    return np.bitwise_and(some, np.bitwise_not(all_of_it))


BOUNDARY = Region(
    name="boundary",
    suffix="_boundary",
    title="the boundary",
    mask=lambda given: boundary_mask(given.alpha),
    words=("b",),
)

FAMILY = Family(
    metrics=(Metric("sad_boundary", "SAD-B", BOUNDARY, 2),),
    place=40,
    own=True,
)

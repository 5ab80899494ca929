"""Trimaps made from alphas."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

UInt8Array = npt.NDArray[np.uint8]


def envelope_of(alpha: UInt8Array, kernel: int) -> tuple[UInt8Array, UInt8Array]:
    """Dilate ``alpha != 0`` and erode ``alpha == 255``.

    Both use OpenCV's elliptical element (JizhiziLi/GFM, core/util.py).

    Args:
        alpha: (H, W) uint8 0..255.
        kernel: side of the element in pixels, at least 1.

    Returns:
        Two (H, W) uint8 arrays of 0 and 255.
    """
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (kernel, kernel))
    dilation = cv2.dilate((alpha != 0).astype(np.uint8) * np.uint8(255), element)
    erosion = cv2.erode((alpha == 255).astype(np.uint8) * np.uint8(255), element)
    return np.asarray(dilation, np.uint8), np.asarray(erosion, np.uint8)


def trimap_from_alpha(alpha: UInt8Array, kernel: int) -> UInt8Array:
    """Make P3M's trimap of an alpha.

    Foreground is the erosion of ``alpha == 255``. Unknown is the rest of the dilation of
    ``alpha != 0``. All other pixels are background. Both operations use OpenCV's elliptical element
    of ``kernel`` pixels (JizhiziLi/P3M, core/util.py).

    Args:
        alpha: (H, W) uint8 0..255.
        kernel: side of the element in pixels, at least 1.

    Returns:
        (H, W) uint8 in {0, 128, 255}.
    """
    maybe, sure = envelope_of(alpha, kernel)
    trimap = np.where(maybe > 0, np.uint8(128), np.uint8(0))
    trimap[sure > 0] = 255
    return trimap

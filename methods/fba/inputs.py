"""Make FBA's inputs from an image and a trimap, with arrays only (no torch).

After github.com/MarcoForte/FBA_Matting at 8dd100d (demo.py, networks/transforms.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from p3mbench.method import Float32Array, UInt8Array

Float64Array = npt.NDArray[np.float64]

REACH = 320  # pixels; the side of the paper's training crops
SPREADS = (0.02, 0.08, 0.16)  # of the Gaussians, as fractions of REACH


def known_planes(trimap: UInt8Array) -> Float64Array:
    """Convert an (H, W) trimap in {0, 128, 255} to (H, W, 2): background and foreground as 0, 1."""
    return np.stack([trimap == 0, trimap == 255], axis=2).astype(np.float64)


def distance_maps(planes: npt.NDArray[np.floating[Any]]) -> Float32Array:
    """Compute the nearness of each pixel to the known background and foreground, on three scales.

    Args:
        planes: (H, W, 2) from `known_planes`, perhaps resized, so values may differ from 0 and 1.

    Returns:
        (H, W, 6) float32 in [0, 1]: exp(-d^2 / (2 s^2)) of the distance d to the nearest pixel of
        the class, s = 6.4, 25.6 and 51.2 pixels; first background, then foreground. The
        maps of a class without pixels are 0.
    """
    maps = np.zeros((*planes.shape[:2], planes.shape[2] * len(SPREADS)), np.float32)
    for k in range(planes.shape[2]):
        squared = _squared_distance(planes[..., k])
        if squared is None:
            continue
        for j, spread in enumerate(SPREADS):
            maps[..., len(SPREADS) * k + j] = np.exp(-squared / (2 * (spread * REACH) ** 2))
    return maps


def _squared_distance(plane: npt.NDArray[np.floating[Any]]) -> Float32Array | None:
    """Compute the squared distance, in pixels, to the nearest pixel with value 1 (to within 1/255).

    A resized plane overshoots. The published code converts 255 (1 - value) to uint8: fractions are
    truncated, and negative values wrap around on the processors that it ran on. This function does
    the same on every processor.
    """
    import cv2

    if not plane.any():
        return None
    missing = np.trunc((1 - plane.astype(np.float64)) * 255).astype(np.int64) & 255
    if missing.all():
        return None
    missing = np.ascontiguousarray(missing, dtype=np.uint8)
    distance = cv2.distanceTransform(missing, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # On small images the last bit of OpenCV's root depends on the address in memory, and the
    # network amplifies that bit to 3e-4 in alpha. The square is an integer: take its root again.
    whole = np.rint(distance.astype(np.float64) ** 2).astype(np.float32)
    squared: Float32Array = np.sqrt(whole) ** 2
    return squared

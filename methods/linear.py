"""Linear resizing of image and trimap as OpenCV does it, for the networks tested that way."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from p3mbench.method import UInt8Array

MULTIPLE = 32


def lowered_sides(shape: tuple[int, int], longest: int) -> tuple[int, int]:
    """(height, width) fed to a network for an image of ``shape``: multiples of 32 not above it.

    Args:
        shape: (height, width) of the image.
        longest: what a side is at most, a multiple of 32.

    A side below 32 is raised to 32, where the published codes fail.
    """
    height, width = (min(longest, max(MULTIPLE, side - side % MULTIPLE)) for side in shape)
    return height, width


def levels_resized(image: UInt8Array, size: tuple[int, int]) -> UInt8Array:
    """(H, W[, C]) levels resized linearly and rounded; OpenCV's differ by one level at most."""
    return np.rint(linear(image, size)).astype(np.uint8)


def linear(values: npt.NDArray[Any], size: tuple[int, int]) -> npt.NDArray[np.float64]:
    """(H, W[, C]) resized as OpenCV's ``INTER_LINEAR`` does, in double precision.

    Between pixel centres, without smoothing when it shrinks; the outermost pixel is repeated.
    """
    planes = values[..., None] if values.ndim == 2 else values
    batch = torch.from_numpy(planes.transpose(2, 0, 1)[None].astype(np.float64))
    resized = F.interpolate(batch, size=size, mode="bilinear", align_corners=False)
    out: npt.NDArray[np.float64] = resized[0].permute(1, 2, 0).numpy()
    return out.reshape(*size, *values.shape[2:])

"""Resize image and trimap linearly as OpenCV does, for networks that are tested that way."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from p3mbench.method import UInt8Array

MULTIPLE = 32


def lowered_sides(shape: tuple[int, int], longest: int) -> tuple[int, int]:
    """Return a network's input (height, width) for an image's ``shape``, multiples of 32.

    Args:
        shape: (height, width) of the image.
        longest: maximum of a side, a multiple of 32.

    A side below 32 is raised to 32; the published codes fail there.
    """
    height, width = (min(longest, max(MULTIPLE, side - side % MULTIPLE)) for side in shape)
    return height, width


def levels_resized(image: UInt8Array, size: tuple[int, int]) -> UInt8Array:
    """Resize (H, W[, C]) levels linearly and round; OpenCV differs by at most one level."""
    return np.rint(linear(image, size)).astype(np.uint8)


def linear(values: npt.NDArray[Any], size: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Resize (H, W[, C]) like OpenCV's ``INTER_LINEAR``, in double precision.

    Values are interpolated between pixel centres, without smoothing. The outermost pixel is
    repeated beyond the border.
    """
    planes = values[..., None] if values.ndim == 2 else values
    batch = torch.from_numpy(planes.transpose(2, 0, 1)[None].astype(np.float64))
    resized = F.interpolate(batch, size=size, mode="bilinear", align_corners=False)
    out: npt.NDArray[np.float64] = resized[0].permute(1, 2, 0).numpy()
    return out.reshape(*size, *values.shape[2:])

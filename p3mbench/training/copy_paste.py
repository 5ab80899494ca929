"""P3M-CP: paste public faces where the training images have blurred private ones.

Ma et al., "Rethinking Portrait Matting with Privacy Preserving", IJCV 2023, arXiv:2203.16828.
At *image* level (ICP) a donor's face replaces the blurred face before the network sees it; at
*feature* level (FCP) the same happens between the outputs of the encoder's first layer. Inference
does not change. Probability, layer and alignment are not published. Our choices:

* A sample takes part with a probability that the user can set (0.5 by default).
* The donor is moved and scaled so that the box of its face covers the box of the target's face.
* A pixel is replaced if it is in both the target's face area and the donor's moved face area.
* At feature level, the same layers in the same state compute the donors' features without gradient.
  The mask is reduced to the features' size by area averaging.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from p3mbench.images import UInt8Array
from p3mbench.training.batch import Batch

BoolArray = npt.NDArray[np.bool_]
LEVELS = ("image", "feature")


def box_of(mask: BoolArray) -> tuple[float, float, float, float]:
    """Return (left, top, width, height) of the largest component of a non-empty mask."""
    count, _, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    largest = 1 + int(np.argmax(boxes[1:, cv2.CC_STAT_AREA])) if count > 1 else 0
    left, top, width, height = (float(v) for v in boxes[largest, :4])
    return left, top, width, height


def laid_over(
    donor: UInt8Array, donor_face: BoolArray, face: BoolArray
) -> tuple[UInt8Array, BoolArray]:
    """Move and scale a donor so that its face covers the target's.

    Args:
        donor: (h, w, 3) uint8 RGB, of any size.
        donor_face: (h, w) bool, not empty.
        face: (H, W) bool, the target's face area, not empty.

    Returns:
        (H, W, 3) uint8, the moved donor (borders repeated), and (H, W) bool, where it is pasted.
    """
    x, y, width, height = box_of(face)
    dx, dy, dwidth, dheight = box_of(donor_face)
    scale_x, scale_y = width / dwidth, height / dheight
    matrix = np.array([[scale_x, 0, x - scale_x * dx], [0, scale_y, y - scale_y * dy]])
    size = (face.shape[1], face.shape[0])
    moved = cv2.warpAffine(donor, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpAffine(donor_face.astype(np.uint8), matrix, size, flags=cv2.INTER_NEAREST)
    return np.asarray(moved, np.uint8), (mask > 0) & face


def paste_image(image: Tensor, donor: Tensor, mask: Tensor) -> Tensor:
    """Replace (N, C, H, W) by the donor's values where ``mask`` (N, 1, H, W) is 1."""
    return image + mask * (donor - image)


class _Enough(Exception):  # noqa: N818 - not an error: ends a forward pass early
    """The features that were wanted are there."""


@contextmanager
def paste_features(
    network: nn.Module, layer: nn.Module, donors: tuple[Tensor, ...], batch: Batch
) -> Iterator[Batch]:
    """Within this context, one forward pass of ``network`` has the donors' features pasted in.

    Args:
        network: not wrapped; in training mode its normalisation sees the donors' batch too.
        layer: within ``network``; its output, a tensor (N, C, h, w), is edited.
        donors: what the network is called with for the donors.
        batch: whose ``paste`` says where donors take the target's place; it is passed on.
    """
    if batch.paste is None:
        raise ValueError("batch has no donors")
    mask, kept = batch.paste, []

    def keep(_: nn.Module, __: Any, output: Tensor) -> None:
        kept.append(output)
        raise _Enough

    handle = layer.register_forward_hook(keep)
    try:
        with torch.no_grad():
            network(*donors)
    except _Enough:
        pass
    finally:
        handle.remove()

    def edit(_: nn.Module, __: Any, output: Tensor) -> Tensor:
        reduced = F.interpolate(mask, size=output.shape[-2:], mode="area")
        return paste_image(output, kept[0].to(output.dtype), reduced)

    handle = layer.register_forward_hook(edit)
    try:
        yield batch
    finally:
        handle.remove()

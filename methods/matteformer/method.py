"""MatteFormer's test-time procedure: from an image and a trimap of any size to a matte.

The published one (inference.py and utils/util.py of github.com/webtoon/matteformer at f09f090):
reflected borders, then progressive refinement: where the matte so far is uncertain, and a little
around it, the matte of the next finer stage takes its place. Uncertain pixels are found on a copy
of 640x640 pixels, whatever the image's size.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from p3mbench.method import Float32Array, UInt8Array, paste_known

from ..inference import (
    OneNetwork,
    arrays_of,
    check_multiple,
    checked_trimap,
    exact_inference,
    image_and_classes,
    loaded,
    plane_of,
)
from ..padding import MULTIPLE, reflected
from ..sampling import nearest
from .network import MatteFormer, MatteFormerOutputs, head_of

MARGIN = 32
COPY = 640  # side of the square copy on which uncertainty is looked for
AROUND = (15, 7)  # sides of the ellipses that widen it, before 1/4 and before full size
CERTAIN = 1 / 255  # distance from 0 or 1


def load(device: str, weights: Path) -> MatteFormerPredictor:
    """The predictor with the weights of a checkpoint file; see `spec.MatteFormerMethod.load`."""
    network = loaded(lambda width: MatteFormer(head_of(width)), weights)
    return MatteFormerPredictor(network, device)


def uncertain(alpha: Float32Array, around: int) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """(H, W) bool: where ``alpha`` (H, W) is neither 0 nor 1, widened by an ellipse."""
    small = nearest(alpha, (COPY, COPY))
    open_ = (small >= CERTAIN) & (small <= 1 - CERTAIN)
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (around, around))
    wide = cv2.dilate(open_.astype(np.uint8), element)
    return np.asarray(nearest(wide, alpha.shape) > 0)


def refined(outputs: MatteFormerOutputs) -> Float32Array:
    """(H, W): the coarse matte, with finer ones where it is uncertain."""
    alpha = plane_of(outputs.os8).copy()
    for finer, around in zip((outputs.os4, outputs.os1), AROUND, strict=True):
        where = uncertain(alpha, around)
        alpha[where] = plane_of(finer)[where]
    return alpha


class MatteFormerPredictor(OneNetwork[MatteFormer]):
    """A loaded MatteFormer."""

    channels_last = True

    def predict(self, image: UInt8Array, trimap: UInt8Array | None = None) -> Float32Array:
        """Alpha of ``image``, of any size; see `p3mbench.method.Predictor`.

        Raises:
            ValueError: there is no trimap, or it is not of the image's size.
        """
        trimap = checked_trimap(image, trimap, "matteformer")
        height, width = trimap.shape
        padded = reflected(image, MARGIN), reflected(trimap, MARGIN)
        with exact_inference():
            matte = refined(self.network(image_and_classes(*padded, self.device)))
        return paste_known(matte[MARGIN : MARGIN + height, MARGIN : MARGIN + width], trimap)

    def raw_outputs(
        self, image: UInt8Array, trimap: UInt8Array | None = None
    ) -> dict[str, Float32Array]:
        """What the network says of ``image`` as it is, without any padding or pasting.

        Args:
            image: (H, W, 3) uint8 RGB, H and W multiples of 32.
            trimap: (H, W) uint8 in {0, 128, 255}.

        Returns:
            ``alpha_os1``, ``alpha_os4``, ``alpha_os8``: (1, 1, H, W) float32 opacity in (0, 1).

        Raises:
            ValueError: a side is not a multiple of 32, or as `predict`.
        """
        trimap = checked_trimap(image, trimap, "matteformer")
        check_multiple(image, MULTIPLE)
        with exact_inference():
            return arrays_of(self.network(image_and_classes(image, trimap, self.device)).named())

"""AlphaGAN's test-time procedure: from an image and a trimap of any size to a matte.

The procedure of CDOTAD/AlphaGAN-Matting (eval.py): image and trimap are resized linearly as 8-bit
images to multiples of 32, the known pixels of the resized trimap are set in the matte, and the
matte is resized back. Unlike that code, we then set the known pixels of the original trimap again.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import Tensor

from p3mbench.method import Float32Array, UInt8Array, paste_known

from ..inference import (
    OneNetwork,
    arrays_of,
    check_multiple,
    checked_trimap,
    exact_inference,
    image_and_levels,
    loaded,
    plane_of,
)
from ..linear import MULTIPLE, levels_resized, linear, lowered_sides
from .network import AlphaGANGenerator, base_of

LONGEST = 6400


def load(device: str, weights: Path) -> AlphaGANPredictor:
    """The predictor with the weights of a checkpoint file; see `spec.AlphaGAN.load`."""
    network = loaded(lambda width: AlphaGANGenerator(base_of(width)), weights)
    return AlphaGANPredictor(network, device)


class AlphaGANPredictor(OneNetwork[AlphaGANGenerator]):
    """A loaded AlphaGAN."""

    def predict(self, image: UInt8Array, trimap: UInt8Array | None = None) -> Float32Array:
        """Predict the alpha of ``image``; see `p3mbench.method.Predictor`.

        Raises:
            ValueError: the trimap is missing or has another size than the image.
        """
        trimap = checked_trimap(image, trimap, "alphagan")
        height, width = trimap.shape
        sides = lowered_sides((height, width), LONGEST)
        known = levels_resized(trimap, sides)
        with exact_inference():
            matte = plane_of(self.network(self.input(levels_resized(image, sides), known)))
        enlarged = linear(paste_known(matte, known), (height, width)).clip(0, 1)
        return paste_known(enlarged.astype(np.float32), trimap)

    def raw_outputs(
        self, image: UInt8Array, trimap: UInt8Array | None = None
    ) -> dict[str, Float32Array]:
        """Return the network's output for ``image``, without resizing or pasting.

        Args:
            image: (H, W, 3) uint8 RGB, H and W multiples of 32.
            trimap: (H, W) uint8 in {0, 128, 255}.

        Returns:
            ``alpha``: (1, 1, H, W) float32 in [0, 1].

        Raises:
            ValueError: a side is not a multiple of 32, or as `predict`.
        """
        trimap = checked_trimap(image, trimap, "alphagan")
        check_multiple(image, MULTIPLE)
        with exact_inference():
            return arrays_of({"alpha": self.network(self.input(image, trimap))})

    def input(self, image: UInt8Array, trimap: UInt8Array) -> Tensor:
        """Return the (1, 4, H, W) input of the network."""
        return image_and_levels(image, trimap, self.device)

"""AlphaGAN's test-time procedure: from an image and a trimap of any size to a matte.

The procedure of CDOTAD/AlphaGAN-Matting (eval.py): image and trimap are resized linearly as 8-bit
images to multiples of 32, the resized trimap's known pixels are set in the matte, and that is
resized back. The trimap's own known pixels are set here once more, which that code leaves out.
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
        """Alpha of ``image``, of any size; see `p3mbench.method.Predictor`.

        Raises:
            ValueError: there is no trimap, or it is not of the image's size.
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
        """What the network says of ``image`` as it is, without resizing or pasting.

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
        """The (1, 4, H, W) tensor that the network is given."""
        return image_and_levels(image, trimap, self.device)

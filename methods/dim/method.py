"""DIM's test-time procedures: from an image and a trimap of any size to a matte.

open-mmlab/mmagic (0a560bb): image and trimap are padded to multiples of 32 at the bottom and the
right by reflection, and the matte is cut back. huochaitiantang/pytorch-deep-image-matting (f5f909d,
core/deploy.py): both are resized linearly as 8-bit images, the trimap too, so that levels between
the three appear, and the matte is resized back. Either way the trimap's known pixels are set.
The 8 bits that both save their mattes with are left to the harness.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
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
    normalised,
    plane_of,
    to_batch,
)
from ..linear import levels_resized, linear, lowered_sides
from ..padding import MULTIPLE, reflected
from .network import DIM, SkipDIM, base_of

LONGEST = 1600  # of a side, in the procedure that resizes
MEAN_255 = (123.675, 116.28, 103.53)  # mmagic normalises levels, not shares of 1
STD_255 = (58.395, 57.12, 57.375)


def load_plain(device: str, weights: Path, refiner: bool) -> PlainPredictor:
    """The predictor with the weights of a checkpoint file; see `spec.DIMPlain.load`."""
    network = loaded(lambda width: DIM(base_of(width), refiner), weights)
    return PlainPredictor(network, device)


def load_skip(device: str, weights: Path, refiner: bool, skips: bool) -> SkipPredictor:
    """The predictor with the weights of a checkpoint file; see `spec.DIMSkip.load`."""
    network = loaded(lambda width: SkipDIM(base_of(width), refiner, skips), weights)
    return SkipPredictor(network, device)


class PlainPredictor(OneNetwork[DIM]):
    """A loaded DIM without skips."""

    def predict(self, image: UInt8Array, trimap: UInt8Array | None = None) -> Float32Array:
        """Alpha of ``image``, of any size; see `p3mbench.method.Predictor`.

        Raises:
            ValueError: there is no trimap, or it is not of the image's size.
        """
        trimap = checked_trimap(image, trimap, "dim")
        height, width = trimap.shape
        with exact_inference():
            x = self.input(reflected(image), reflected(trimap))
            matte = plane_of(self.network(x).best)
        return paste_known(matte[:height, :width].copy(), trimap)

    def raw_outputs(
        self, image: UInt8Array, trimap: UInt8Array | None = None
    ) -> dict[str, Float32Array]:
        """Everything the network says of ``image`` as it is, without padding or pasting.

        Args:
            image: (H, W, 3) uint8 RGB, H and W multiples of 32.
            trimap: (H, W) uint8 in {0, 128, 255}.

        Returns:
            ``alpha`` and, if there is a refiner, ``refined``: (1, 1, H, W) float32 in [0, 1].

        Raises:
            ValueError: a side is not a multiple of 32, or as `predict`.
        """
        trimap = checked_trimap(image, trimap, "dim")
        check_multiple(image, MULTIPLE)
        with exact_inference():
            return arrays_of(self.network(self.input(image, trimap)).named())

    def input(self, image: UInt8Array, trimap: UInt8Array) -> Tensor:
        """The (1, 4, H, W) tensor that the network is given."""
        colours = normalised(to_batch(image, self.device), MEAN_255, STD_255)
        return torch.cat([colours, to_batch(trimap[..., None], self.device) / 255.0], dim=1)


class SkipPredictor(OneNetwork[SkipDIM]):
    """A loaded DIM with skips."""

    def predict(self, image: UInt8Array, trimap: UInt8Array | None = None) -> Float32Array:
        """Alpha of ``image``, of any size; see `p3mbench.method.Predictor`.

        Raises:
            ValueError: there is no trimap, or it is not of the image's size.
        """
        trimap = checked_trimap(image, trimap, "dim-skip")
        height, width = trimap.shape
        sides = lowered_sides((height, width), LONGEST)
        with exact_inference():
            x = self.input(levels_resized(image, sides), levels_resized(trimap, sides))
            matte = plane_of(self.network(x).best)
        enlarged = linear(matte, (height, width)).clip(0, 1)
        return paste_known(enlarged.astype(np.float32), trimap)

    def raw_outputs(
        self, image: UInt8Array, trimap: UInt8Array | None = None
    ) -> dict[str, Float32Array]:
        """Everything the network says of ``image`` as it is; as `PlainPredictor.raw_outputs`."""
        trimap = checked_trimap(image, trimap, "dim-skip")
        check_multiple(image, MULTIPLE)
        with exact_inference():
            return arrays_of(self.network(self.input(image, trimap)).named())

    def input(self, image: UInt8Array, trimap: UInt8Array) -> Tensor:
        """The (1, 4, H, W) tensor that the network is given."""
        return image_and_levels(image, trimap, self.device)

"""RESIZE, the test protocol of the P3M paper, for methods without a published one.

JizhiziLi/P3M, core/test.py: both sides are halved, lowered to a multiple of 32 and capped at 1600,
the image is resized as in scikit-image, and the matte is resized back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from p3mbench.method import Float32Array, UInt8Array
from p3mbench.resampling import Flavour, resize

from .inference import (
    OneNetwork,
    arrays_of,
    check_multiple,
    exact_inference,
    normalised,
    plane_of,
    to_batch,
)
from .sides import MULTIPLE, scaled_sides


def at_half_size(
    image: UInt8Array, matte_of: Callable[[npt.NDArray[Any]], Float32Array]
) -> Float32Array:
    """Predict the matte of ``image`` with a network at half size.

    Args:
        image: (H, W, 3) uint8 RGB of any size.
        matte_of: from (h, w, 3) float64 in [0, 1] to the (h, w) float32 matte.

    Returns:
        (H, W) float32.
    """
    size = image.shape[:2]
    matte = matte_of(resize(image, scaled_sides(size, 1 / 2), Flavour.CURRENT))
    return np.asarray(resize(matte, size, Flavour.CURRENT), np.float32)


class HalfSizePredictor(OneNetwork[nn.Module]):
    """A network that turns a normalised image into named outputs, ``alpha`` among them.

    Args:
        network: its forward takes (N, 3, H, W), sides multiples of 32, and returns a named tuple.
        device: ``cpu`` or a CUDA device of PyTorch.
    """

    channels_last = True

    def predict(self, image: UInt8Array, trimap: UInt8Array | None = None) -> Float32Array:
        """Predict the alpha of ``image``; see `p3mbench.method.Predictor`. No trimap is used."""

        def matte_of(scaled: npt.NDArray[Any]) -> Float32Array:
            return plane_of(self.network(normalised(to_batch(scaled, self.device))).alpha)

        with exact_inference():
            return at_half_size(image, matte_of)

    def raw_outputs(
        self, image: UInt8Array, trimap: UInt8Array | None = None
    ) -> dict[str, Float32Array]:
        """Return all outputs of the network for ``image`` by name, without resizing.

        Args:
            image: (H, W, 3) uint8 RGB, H and W multiples of 32.
            trimap: not used.

        Raises:
            ValueError: a side is not a multiple of 32.
        """
        check_multiple(image, MULTIPLE)
        with exact_inference():
            outputs = self.network(normalised(to_batch(image, self.device) / 255.0))
            return arrays_of(outputs._asdict())

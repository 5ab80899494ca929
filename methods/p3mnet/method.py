"""P3M-Net's test-time procedure: from an image of any size to its matte.

The published procedure (core/test.py of github.com/JizhiziLi/P3M at 9f9390f): the sides of
the network's input are ``int(ratio * side)``, lowered to a multiple of 32 and to at most 1600. The
aspect ratio may change; nothing is padded. `p3mbench.resampling` reproduces scikit-image's resize.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from p3mbench.method import Float32Array, UInt8Array
from p3mbench.resampling import Flavour, resize, resize_exactly

from ..inference import (
    OneNetwork,
    arrays_of,
    check_multiple,
    exact_inference,
    loaded,
    normalised,
    plane_of,
    to_batch,
)
from ..sides import MULTIPLE, scaled_sides
from .architectures import network_of
from .network import P3MNetFamily

TRIMAP_LEVELS = np.array([0, 128, 255], np.uint8)  # of the classes background, unknown, foreground


@dataclass(frozen=True)
class P3MNetStrategy:
    """A named test-time procedure: one or two passes, and the version of resizing."""

    hybrid: bool
    flavour: Flavour


STRATEGIES = {
    "resize": P3MNetStrategy(False, Flavour.CURRENT),
    "hybrid": P3MNetStrategy(True, Flavour.CURRENT),
    "resize-2021": P3MNetStrategy(False, Flavour.PINNED_2021),
    "hybrid-2021": P3MNetStrategy(True, Flavour.PINNED_2021),
}


def load(device: str, weights: Path, encoder: str, features: int, strategy: str) -> P3MNetPredictor:
    """The predictor with the weights of a checkpoint file; see `spec.P3MNetR34.load`."""
    network = loaded(lambda width: network_of(encoder, width, features), weights)
    return P3MNetPredictor(network, device, STRATEGIES[strategy])


class P3MNetPredictor(OneNetwork[P3MNetFamily]):
    """A loaded P3M-Net under one strategy.

    Args:
        network: has its weights; it is moved to ``device`` and put into evaluation mode.
        device: ``cpu`` or a CUDA device of PyTorch.
        strategy: what `predict` does around the network.
    """

    def __init__(self, network: P3MNetFamily, device: str, strategy: P3MNetStrategy) -> None:
        super().__init__(network, device)
        self.strategy = strategy

    def predict(self, image: UInt8Array, trimap: UInt8Array | None = None) -> Float32Array:
        """Predict the alpha of ``image``; see `p3mbench.method.Predictor`. No trimap is used."""
        with exact_inference():
            return self._hybrid(image) if self.strategy.hybrid else self._resize(image)

    def raw_outputs(
        self, image: UInt8Array, trimap: UInt8Array | None = None
    ) -> dict[str, Float32Array]:
        """Return all outputs of the network for ``image``, without resizing.

        Args:
            image: (H, W, 3) uint8 RGB, H and W multiples of 32.
            trimap: not used.

        Returns:
            ``global``, ``side2``, ``side1``, ``side0``: (1, 3, H, W) logits of background,
            unknown, foreground (BASIC has no sides); ``local``, ``fusion``: (1, 1, H, W) opacity.
            All float32.

        Raises:
            ValueError: a side is not a multiple of 32.
        """
        check_multiple(image, MULTIPLE)
        with exact_inference():
            return arrays_of(self.network(self._input(image)).named())

    def _resize(self, image: UInt8Array) -> Float32Array:
        matte = self.network.matte(self._resized(image, 1 / 2))
        alpha = resize(plane_of(matte), image.shape[:2], self.strategy.flavour)
        return alpha.astype(np.float32)

    def _hybrid(self, image: UInt8Array) -> Float32Array:
        """Predict classes at half size and opacity at full size.

        The trimap of the classes is enlarged as a grey image. Values other than exactly 0 or 255
        count as unknown. So the unknown band grows by the ramp of the interpolation and, with
        current scikit-image, by pixels that rounding leaves just below 255.
        """
        size, flavour = image.shape[:2], self.strategy.flavour
        classes = self.network.classes(self._resized(image, 1 / 2)).argmax(dim=1)[0]
        trimap = resize_exactly(TRIMAP_LEVELS[classes.cpu().numpy()], size, flavour) * 255.0
        local = self.network.opacity(self._resized(image, 1))
        alpha = resize(plane_of(local), size, flavour).astype(np.float32)
        alpha[trimap == 0] = 0.0
        alpha[trimap == 255] = 1.0
        return alpha

    def _resized(self, image: UInt8Array, ratio: float) -> Tensor:
        size = scaled_sides(image.shape[:2], ratio)
        return self._input(resize(image, size, self.strategy.flavour) * 255.0)

    def _input(self, image: npt.NDArray[Any]) -> Tensor:
        """Make the network's input from (H, W, 3) values in [0, 255], of any dtype.

        Dividing by 255 as the published code does keeps its rounding.
        """
        return normalised(to_batch(image, self.device) / 255.0)

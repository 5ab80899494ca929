"""FBA's test-time procedure: from an image and a trimap of any size to a matte.

The published procedure (demo.py of github.com/MarcoForte/FBA_Matting at 8dd100d): both sides are
raised to a multiple of 8 by resizing image and trimap planes, not by padding; alpha is resized back
and the trimap's known pixels are set. The published calls name Lanczos, but in the place of
OpenCV's argument for the destination, so that OpenCV's default runs: bilinear.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from torch import Tensor

from p3mbench.method import Float32Array, UInt8Array, paste_known

from ..inference import (
    OneNetwork,
    arrays_of,
    check_multiple,
    checked_trimap,
    exact_inference,
    loaded,
    normalised,
    plane_of,
    to_batch,
)
from ..windowed import Window, resize
from .inputs import distance_maps, known_planes
from .network import FBANet, Standardisation, base_of

MULTIPLE = 8
WINDOWS: dict[str, Window] = {"native": "linear", "native-lanczos": "lanczos"}


class Inputs(NamedTuple):
    """The tensors the network takes, in its order; see `FBANet.forward`."""

    image: Tensor
    trimap: Tensor
    normalised: Tensor
    maps: Tensor


def load(device: str, weights: Path, standardisation: str, strategy: str) -> FBAPredictor:
    """The predictor with the weights of a checkpoint file; see `spec.FBA.load`."""
    how = Standardisation(standardisation)
    network = loaded(lambda width: FBANet(base_of(width), how), weights)
    network.settle()
    return FBAPredictor(network, device, WINDOWS[strategy])


def network_sides(shape: tuple[int, int]) -> tuple[int, int]:
    """The (height, width) fed to the network for an image of (height, width)."""
    height, width = (-(-side // MULTIPLE) * MULTIPLE for side in shape)
    return height, width


class FBAPredictor(OneNetwork[FBANet]):
    """A loaded FBA Matting.

    Args:
        network: with its weights; it is moved to ``device`` and set to evaluation.
        device: ``cpu`` or a CUDA device of PyTorch.
        window: how images of other sizes are resized.
    """

    def __init__(self, network: FBANet, device: str, window: Window = "linear") -> None:
        super().__init__(network, device)
        self.window = window

    def predict(self, image: UInt8Array, trimap: UInt8Array | None = None) -> Float32Array:
        """Alpha of ``image``, of any size; see `p3mbench.method.Predictor`.

        Raises:
            ValueError: there is no trimap, or it is not of the image's size.
        """
        trimap = checked_trimap(image, trimap, "fba")
        sides = network_sides(image.shape[:2])
        inputs = self._inputs(
            resize(image / 255.0, sides, self.window),
            resize(known_planes(trimap), sides, self.window),
        )
        with exact_inference():
            alpha = plane_of(self.network(*inputs).alpha)
        enlarged = resize(alpha, image.shape[:2], self.window).clip(0, 1)  # as 8 bits clip there
        return paste_known(enlarged.astype(np.float32, copy=False), trimap)

    def raw_outputs(
        self, image: UInt8Array, trimap: UInt8Array | None = None
    ) -> dict[str, Float32Array]:
        """Everything the network says of ``image`` as it is, without any resizing or pasting.

        Args:
            image: (H, W, 3) uint8 RGB, H and W multiples of 8.
            trimap: (H, W) uint8 in {0, 128, 255}.

        Returns:
            ``alpha`` (1, 1, H, W), ``fg`` and ``bg`` (1, 3, H, W), float32 in [0, 1].

        Raises:
            ValueError: a side is not a multiple of 8, or as `predict`.
        """
        trimap = checked_trimap(image, trimap, "fba")
        check_multiple(image, MULTIPLE)
        with exact_inference():
            return arrays_of(self.network(*self.inputs(image, trimap))._asdict())

    def inputs(self, image: UInt8Array, trimap: UInt8Array) -> Inputs:
        """What the network is given for an image and trimap that need no resizing."""
        return self._inputs(image / 255.0, known_planes(trimap))

    def _inputs(self, image: npt.NDArray[np.float64], planes: npt.NDArray[np.float64]) -> Inputs:
        """From (H, W, 3) RGB about [0, 1] and (H, W, 2) planes, at the size of the network."""
        batch = to_batch(image, self.device)
        return Inputs(
            batch,
            to_batch(planes, self.device),
            normalised(batch),
            to_batch(distance_maps(planes), self.device),
        )

"""MODNet's test-time procedure: from an image of any size to its matte.

The published procedure (demo/image_matting/colab/inference.py of github.com/ZHKKKe/MODNet at
28165a4): an image that is smaller or larger than 512 in both directions is scaled so that its
shorter side is 512, and both sides are lowered to a multiple of 32. The image is brought to that
size, and the matte back, by averaging over areas, which when enlarging repeats pixels.
"""

from __future__ import annotations

from pathlib import Path

import torch.nn.functional as F
from torch import Tensor

from p3mbench.method import Float32Array, UInt8Array

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
from .network import MODNet

MULTIPLE = 32
REFERENCE = 512
CENTRE = SPREAD = (0.5, 0.5, 0.5)


def load(device: str, weights: Path, side: int = REFERENCE) -> MODNetPredictor:
    """The predictor with the weights of a checkpoint file; see `spec.MODNetPhotographic.load`."""
    return MODNetPredictor(loaded(MODNet, weights), device, side)


def network_sides(shape: tuple[int, int], side: int = REFERENCE) -> tuple[int, int]:
    """The (height, width) fed to the network for an image of (height, width).

    A side that comes out below 32 is raised to 32, where the published code fails.
    """
    height, width = shape
    if max(shape) < side or min(shape) > side:
        if width >= height:
            height, width = side, int(width / height * side)
        else:
            height, width = int(height / width * side), side
    return max(MULTIPLE, height - height % MULTIPLE), max(MULTIPLE, width - width % MULTIPLE)


def averaged(batch: Tensor, size: tuple[int, int]) -> Tensor:
    """(N, C, H, W) at another size: each new pixel is the mean of all old ones that it touches."""
    return F.interpolate(batch, size=size, mode="area")


class MODNetPredictor(OneNetwork[MODNet]):
    """A loaded MODNet.

    Args:
        network: with its weights; it is moved to ``device`` and set to evaluation.
        device: ``cpu`` or a CUDA device of PyTorch.
        side: what the shorter side of an image becomes; 512 as published.
    """

    channels_last = True

    def __init__(self, network: MODNet, device: str, side: int = REFERENCE) -> None:
        super().__init__(network, device)
        self.side = side

    def predict(self, image: UInt8Array, trimap: UInt8Array | None = None) -> Float32Array:
        """Alpha of ``image``, of any size; see `p3mbench.method.Predictor`. No trimap is used."""
        size = image.shape[:2]
        with exact_inference():
            matte = self.network.matte(averaged(self._input(image), network_sides(size, self.side)))
            return plane_of(averaged(matte, size))

    def raw_outputs(
        self, image: UInt8Array, trimap: UInt8Array | None = None
    ) -> dict[str, Float32Array]:
        """Everything the network says of ``image`` as it is, without any resizing.

        Args:
            image: (H, W, 3) uint8 RGB, H and W multiples of 32.
            trimap: not used.

        Returns:
            ``semantic``: (1, 1, H / 16, W / 16); ``detail``, ``matte``: (1, 1, H, W). Opacity in
            [0, 1], float32.

        Raises:
            ValueError: a side is not a multiple of 32.
        """
        check_multiple(image, MULTIPLE)
        with exact_inference():
            return arrays_of(self.network(self._input(image)).named())

    def _input(self, image: UInt8Array) -> Tensor:
        return normalised(to_batch(image, self.device) / 255.0, CENTRE, SPREAD)

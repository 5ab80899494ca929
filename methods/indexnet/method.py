"""IndexNet's test-time procedures: from an image and a trimap of any size to a matte.

The authors' (scripts/demo.py and hlvggnet's helpers of github.com/poppinace/indexnet_matting at
4beb06a): sides go up to multiples of 32. mmagic's (0a560bb): they go down. The network's answer is
not bounded: it is resized back, cut off at 0 and 1, and the trimap's known pixels are set.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from p3mbench.method import Float32Array, UInt8Array, paste_known
from p3mbench.weights import load_state, read_state_dict, recorded_width

from ..inference import (
    OneNetwork,
    arrays_of,
    check_multiple,
    checked_trimap,
    exact_inference,
    image_and_levels,
    plane_of,
)
from ..sampling import nearest
from ..windowed import resize
from .network import IndexNet, published_name

MULTIPLE = 32


def load(device: str, weights: Path, strategy: str) -> IndexNetPredictor:
    """The predictor with the weights of a checkpoint file; see `spec.IndexNetMethod.load`."""
    network = IndexNet(recorded_width(weights))
    state = {published_name(key): value for key, value in read_state_dict(weights).items()}
    load_state(network, state, weights)
    return IndexNetPredictor(network, device, strategy)


def network_sides(shape: tuple[int, int], enlarged: bool) -> tuple[int, int]:
    """The (height, width) fed to the network for an image of (height, width), 32 at least."""
    up = MULTIPLE - 1 if enlarged else 0
    height, width = (max(MULTIPLE, (side + up) // MULTIPLE * MULTIPLE) for side in shape)
    return height, width


class IndexNetPredictor(OneNetwork[IndexNet]):
    """A loaded IndexNet under one strategy.

    Args:
        network: with its weights; it is moved to ``device`` and set to evaluation.
        device: ``cpu`` or a CUDA device of PyTorch.
        strategy: ``enlarged`` or ``reduced``.
    """

    channels_last = True

    def __init__(self, network: IndexNet, device: str, strategy: str = "enlarged") -> None:
        super().__init__(network, device)
        self.enlarged = strategy == "enlarged"

    def predict(self, image: UInt8Array, trimap: UInt8Array | None = None) -> Float32Array:
        """Alpha of ``image``, of any size; see `p3mbench.method.Predictor`.

        Raises:
            ValueError: there is no trimap, or it is not of the image's size.
        """
        trimap = checked_trimap(image, trimap, "indexnet")
        size = network_sides(trimap.shape, self.enlarged)
        planes = np.asarray(trimap, np.float32)
        fitted = nearest(planes, size) if self.enlarged else resize(planes, size, "cubic")
        x = self.input(resize(image.astype(np.float32), size, "cubic"), fitted)
        with exact_inference():
            matte = plane_of(self.network(x))
        return paste_known(resize(matte, trimap.shape, "cubic").clip(0, 1), trimap)

    def raw_outputs(
        self, image: UInt8Array, trimap: UInt8Array | None = None
    ) -> dict[str, Float32Array]:
        """What the network says of ``image`` as it is, without any resizing or pasting.

        Args:
            image: (H, W, 3) uint8 RGB, H and W multiples of 32.
            trimap: (H, W) uint8 in {0, 128, 255}.

        Returns:
            ``alpha_raw``: (1, 1, H, W) float32 opacity, not bounded.

        Raises:
            ValueError: a side is not a multiple of 32, or as `predict`.
        """
        trimap = checked_trimap(image, trimap, "indexnet")
        check_multiple(image, MULTIPLE)
        with exact_inference():
            return arrays_of({"alpha_raw": self.network(self.input(image, trimap))})

    def input(self, image: npt.NDArray[Any], trimap: npt.NDArray[Any]) -> Tensor:
        """(1, 4, H, W): normalised RGB, and the trimap over 255."""
        return image_and_levels(image, trimap, self.device)

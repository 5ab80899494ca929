"""GFM's test-time procedure: from an image of any size to its matte.

The published procedure (core/test.py of github.com/JizhiziLi/GFM at 4b15ee0): the sides a network
sees are a half or a third of the image's, lowered to a multiple of 32 and to 1600 at most, whatever
that does to the aspect ratio; nothing is padded. Values enter as 0..255, not normalised.
"""

from __future__ import annotations

from collections.abc import Callable
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
    plane_of,
    to_batch,
)
from ..sides import MULTIPLE, scaled_sides
from .network import GFM, Encoder, Rosta, base_of
from .resampling import resize_pinned

FOCUS_RATIO = 1 / 2
GLANCE_RATIO = 1 / 3

Array = npt.NDArray[Any]
Resize = Callable[[Array, tuple[int, int]], Array]


@dataclass(frozen=True)
class GFMStrategy:
    """A named test-time procedure.

    Attributes:
        ratio: the part of the image's sides that the network (in HYBRID: the focus) sees.
        hybrid: whether the glance has a pass of its own, at a third of the sides.
        pinned: whether images are resized as by scikit-image 0.17.2, which the authors pin, instead
            of as by the current one.
    """

    ratio: float = FOCUS_RATIO
    hybrid: bool = False
    pinned: bool = False

    def resize(self, image: Array, size: tuple[int, int]) -> Array:
        """An image or an opacity at another size, in [0, 1]."""
        return resize_pinned(image, size) if self.pinned else resize(image, size, Flavour.CURRENT)

    def resize_labels(self, plane: UInt8Array, size: tuple[int, int]) -> Array:
        """A plane of labels at another size, with the very rounding of the scikit-image meant."""
        if self.pinned:
            return resize_pinned(plane, size)
        return resize_exactly(plane, size, Flavour.CURRENT)


STRATEGIES = {
    "resize": GFMStrategy(),
    "hybrid": GFMStrategy(hybrid=True),
    "resize-2021": GFMStrategy(pinned=True),
    "hybrid-2021": GFMStrategy(hybrid=True, pinned=True),
    "third": GFMStrategy(ratio=GLANCE_RATIO),
    "third-2021": GFMStrategy(ratio=GLANCE_RATIO, pinned=True),
}
LABELS = {  # how a class is written as a grey level
    Rosta.TT: np.array([0, 128, 255], np.uint8),
    Rosta.FT: np.array([0, 255], np.uint8),
    Rosta.BT: np.array([0, 255], np.uint8),
}


def load(device: str, weights: Path, encoder: str, rosta: str, strategy: str) -> GFMPredictor:
    """The predictor with the weights of a checkpoint file; see `spec.GFMR34.load`."""
    network = loaded(lambda width: GFM(Encoder(encoder), Rosta(rosta), base_of(width)), weights)
    return GFMPredictor(network, device, STRATEGIES[strategy])


class GFMPredictor(OneNetwork[GFM]):
    """A loaded GFM under one strategy.

    Args:
        network: with its weights; it is moved to ``device`` and set to evaluation.
        device: ``cpu`` or a CUDA device of PyTorch.
        strategy: what `predict` does around the network; RIM has no hybrid one.
    """

    channels_last = True

    def __init__(self, network: GFM, device: str, strategy: GFMStrategy) -> None:
        if strategy.hybrid and network.rosta is Rosta.RIM:
            raise ValueError("strategy must not be hybrid for RIM: it has three glances")
        super().__init__(network, device)
        self.strategy = strategy

    def predict(self, image: UInt8Array, trimap: UInt8Array | None = None) -> Float32Array:
        """Alpha of ``image``, of any size; see `p3mbench.method.Predictor`. No trimap is used."""
        with exact_inference():
            return self._hybrid(image) if self.strategy.hybrid else self._resize(image)

    def raw_outputs(
        self, image: UInt8Array, trimap: UInt8Array | None = None
    ) -> dict[str, Float32Array]:
        """Everything the network says of ``image`` as it is, without any resizing.

        Args:
            image: (H, W, 3) uint8 RGB, H and W multiples of 32.
            trimap: not used.

        Returns:
            ``glance``: (1, 3 or 2, H, W) scores in [0, 1] of the classes; ``focus``, ``fusion``:
            (1, 1, H, W) opacity. For RIM these three with ``tt_``, ``ft_`` and ``bt_`` before
            their names, and ``fusion`` of all, which may leave [0, 1]. All float32.

        Raises:
            ValueError: a side is not a multiple of 32.
        """
        check_multiple(image, MULTIPLE)
        with exact_inference():
            return arrays_of(self.network(to_batch(image, self.device)).named())

    def _resize(self, image: UInt8Array) -> Float32Array:
        matte = plane_of(self.network.matte(self._resized(image, self.strategy.ratio)))
        alpha = self.strategy.resize(matte, image.shape[:2]).astype(np.float32)
        return alpha.clip(0, 1)  # only RIM's integration leaves the range

    def _hybrid(self, image: UInt8Array) -> Float32Array:
        """Classes from a third of the size, opacity from half of it.

        The grey image of the classes is enlarged. TT: what is no longer exactly 0 or 255 counts as
        transition, so that it grows by the ramp of the interpolation (and, with current
        scikit-image, by the pixels that rounding leaves just short of 255). FT, BT: the ramp
        itself is added to or subtracted from.
        """
        size, rosta = image.shape[:2], self.network.rosta
        classes = self.network.classes(self._resized(image, GLANCE_RATIO)).argmax(dim=1)[0]
        labels = LABELS[rosta][classes.cpu().numpy()]
        glance = self.strategy.resize_labels(labels, size) * 255.0
        opacity = plane_of(self.network.opacity(self._resized(image, self.strategy.ratio)))
        focus = self.strategy.resize(opacity, size)
        if rosta is Rosta.TT:
            alpha = focus.astype(np.float32)
            alpha[glance == 0] = 0.0
            alpha[glance == 255] = 1.0
            return alpha
        signed = focus if rosta is Rosta.FT else -focus
        return (glance / 255.0 + signed).clip(0, 1).astype(np.float32)

    def _resized(self, image: UInt8Array, ratio: float) -> Tensor:
        size = scaled_sides(image.shape[:2], ratio)
        return to_batch(self.strategy.resize(image, size) * 255.0, self.device)

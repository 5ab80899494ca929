"""GCA's test-time procedures: from an image and a trimap of any size to a matte.

The published ones (github.com/Yaoyi-Li/GCA-Matting at 5a999be): reflected borders, no resizing; the
trimap's known pixels are set. The authors save 8 bits by truncation; that is left to the harness.
"""

from __future__ import annotations

from pathlib import Path

from p3mbench.method import Float32Array, UInt8Array, paste_known
from p3mbench.weights import load_state, read_state_dict, recorded_width

from ..inference import (
    OneNetwork,
    arrays_of,
    check_multiple,
    checked_trimap,
    exact_inference,
    image_and_classes,
    plane_of,
)
from ..padding import MULTIPLE, reflected
from .network import GCA, base_of, is_mmagic, published_name

MARGIN = 32


def load(device: str, weights: Path, strategy: str) -> GCAPredictor:
    """The predictor with the weights of a checkpoint file; see `spec.GCAMethod.load`."""
    state = read_state_dict(weights)
    network = GCA(base_of(recorded_width(weights)), rows=int(any(map(is_mmagic, state))))
    load_state(network, {published_name(key): value for key, value in state.items()}, weights)
    return GCAPredictor(network, device, strategy)


class GCAPredictor(OneNetwork[GCA]):
    """A loaded GCA Matting under one strategy.

    Args:
        network: with its weights; it is moved to ``device`` and set to evaluation.
        device: ``cpu`` or a CUDA device of PyTorch.
        strategy: ``native`` or ``margin``.
    """

    channels_last = True

    def __init__(self, network: GCA, device: str, strategy: str = "native") -> None:
        super().__init__(network, device)
        self.margin = MARGIN if strategy == "margin" else 0

    def predict(self, image: UInt8Array, trimap: UInt8Array | None = None) -> Float32Array:
        """Alpha of ``image``, of any size; see `p3mbench.method.Predictor`.

        Raises:
            ValueError: there is no trimap, or it is not of the image's size.
        """
        trimap = checked_trimap(image, trimap, "gca")
        height, width = trimap.shape
        padded = reflected(image, self.margin), reflected(trimap, self.margin)
        with exact_inference():
            matte = plane_of(self.network(image_and_classes(*padded, self.device)))
        m = self.margin
        return paste_known(matte[m : m + height, m : m + width], trimap)

    def raw_outputs(
        self, image: UInt8Array, trimap: UInt8Array | None = None
    ) -> dict[str, Float32Array]:
        """What the network says of ``image`` as it is, without any padding or pasting.

        Args:
            image: (H, W, 3) uint8 RGB, H and W multiples of 32.
            trimap: (H, W) uint8 in {0, 128, 255}.

        Returns:
            ``alpha``: (1, 1, H, W) float32 opacity in (0, 1).

        Raises:
            ValueError: a side is not a multiple of 32, or as `predict`.
        """
        trimap = checked_trimap(image, trimap, "gca")
        check_multiple(image, MULTIPLE)
        with exact_inference():
            return arrays_of({"alpha": self.network(image_and_classes(image, trimap, self.device))})

"""ViTMatte's test-time procedure: image and trimap as they are, padded within the network.

The published procedure (inference.py of github.com/hustvl/ViTMatte at 8cd7ef0) resizes nothing and
leaves the trimap's known pixels to the network; whoever scores pastes them.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from p3mbench.method import Float32Array, UInt8Array
from p3mbench.weights import load_into, read_state_dict, recorded_width

from ..inference import (
    OneNetwork,
    arrays_of,
    exact_inference,
    plane_of,
    to_batch,
)
from .network import ViTMatte, head_of

HUB_ONLY = "backbone.embeddings.projection.weight"


def load(device: str, weights: Path) -> ViTMattePredictor:
    """The predictor with the weights of a checkpoint file; see `spec.ViTMatteS.load`."""
    network = ViTMatte(head_of(recorded_width(weights)))
    of_the_hub = HUB_ONLY in read_state_dict(weights)
    load_into(network.model if of_the_hub else network, weights)
    return ViTMattePredictor(network, device)


class ViTMattePredictor(OneNetwork[ViTMatte]):
    """A loaded ViTMatte."""

    def predict(self, image: UInt8Array, trimap: UInt8Array | None = None) -> Float32Array:
        """Alpha of ``image``, of any size; see `p3mbench.method.Predictor`.

        Attention is global: memory grows with the square of the number of pixels.

        Raises:
            ValueError: there is no trimap, or it is not of the image's size.
        """
        with exact_inference():
            return plane_of(self.network(*self.inputs(image, trimap)))

    def raw_outputs(
        self, image: UInt8Array, trimap: UInt8Array | None = None
    ) -> dict[str, Float32Array]:
        """What the network says of ``image``; it takes any size by itself.

        Args:
            image: (H, W, 3) uint8 RGB.
            trimap: (H, W) uint8 in {0, 128, 255}.

        Returns:
            ``alpha`` (1, 1, H, W) float32 in [0, 1].

        Raises:
            ValueError: as `predict`.
        """
        with exact_inference():
            return arrays_of({"alpha": self.network(*self.inputs(image, trimap))})

    def inputs(self, image: UInt8Array, trimap: UInt8Array | None) -> tuple[Tensor, Tensor]:
        """(1, 3, H, W) image and (1, 1, H, W) trimap in [0, 1], as `ViTMatte.forward` takes them.

        Raises:
            ValueError: there is no trimap, or it is not of the image's size.
        """
        if trimap is None:
            raise ValueError("trimap is missing: vitmatte-s cannot do without")
        if trimap.shape != image.shape[:2]:
            raise ValueError(f"trimap is {trimap.shape}, but the image is {image.shape[:2]}")
        planes = (image, trimap[..., None])
        photograph, hints = (to_batch(plane, self.device) / 255.0 for plane in planes)
        return photograph, hints

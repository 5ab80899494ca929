"""ViTMatte's test-time procedure: image and trimap as they are, padded within the network.

The published procedure (inference.py of github.com/hustvl/ViTMatte at 8cd7ef0) resizes nothing and
does not set the trimap's known pixels; the harness pastes them.
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
from ..samples import drawn, write_sample
from .network import BASE, SMALL, ViTMatte, head_of

HUB_ONLY = "backbone.embeddings.projection.weight"
HEADS = {"small": SMALL, "base": BASE}
THIN = 1 / 8


def sample(size: str, method: str, folder: Path) -> Path:
    """Write a thin network with random weights; see `p3mbench.testing.weights.WritesSamples`."""
    network = drawn(lambda: ViTMatte(head_of(THIN), HEADS[size]))
    return write_sample(network, method, THIN, folder)


def load(device: str, weights: Path, size: str = "small") -> ViTMattePredictor:
    """The predictor with the weights of a checkpoint file; see `spec.ViTMatteS.load`."""
    network = ViTMatte(head_of(recorded_width(weights)), HEADS[size])
    of_the_hub = HUB_ONLY in read_state_dict(weights)
    load_into(network.model if of_the_hub else network, weights)
    return ViTMattePredictor(network, device)


class ViTMattePredictor(OneNetwork[ViTMatte]):
    """A loaded ViTMatte."""

    def predict(self, image: UInt8Array, trimap: UInt8Array | None = None) -> Float32Array:
        """Predict the alpha of ``image``; see `p3mbench.method.Predictor`.

        Attention is global: memory grows with the square of the number of pixels.

        Raises:
            ValueError: the trimap is missing or has another size than the image.
        """
        with exact_inference():
            return plane_of(self.network(*self.inputs(image, trimap)))

    def raw_outputs(
        self, image: UInt8Array, trimap: UInt8Array | None = None
    ) -> dict[str, Float32Array]:
        """Return the network's output for ``image``, which may have any size.

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
            ValueError: the trimap is missing or has another size than the image.
        """
        if trimap is None:
            raise ValueError("trimap is missing: ViTMatte needs one")
        if trimap.shape != image.shape[:2]:
            raise ValueError(f"trimap is {trimap.shape}, but the image is {image.shape[:2]}")
        planes = (image, trimap[..., None])
        photograph, hints = (to_batch(plane, self.device) / 255.0 for plane in planes)
        return photograph, hints

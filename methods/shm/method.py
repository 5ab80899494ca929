"""SHM's test-time procedure: from an image of any size to its matte."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from p3mbench.method import Float32Array, UInt8Array

from ..half_size import at_half_size
from ..inference import (
    OneNetwork,
    arrays_of,
    check_multiple,
    exact_inference,
    loaded,
    plane_of,
    to_batch,
)
from ..sides import MULTIPLE
from .network import SHM, Guide, base_of


def load(device: str, weights: Path, guide: Guide) -> SHMPredictor:
    """The predictor with the weights of a checkpoint file; see `spec.SHMMethod.load`."""
    return SHMPredictor(loaded(lambda width: SHM(base_of(width), guide), weights), device)


class SHMPredictor(OneNetwork[SHM]):
    """A loaded SHM."""

    def predict(self, image: UInt8Array, trimap: UInt8Array | None = None) -> Float32Array:
        """Alpha of ``image``, of any size; see `p3mbench.method.Predictor`. No trimap is used."""

        def matte_of(scaled: UInt8Array) -> Float32Array:
            return plane_of(self.network(to_batch(scaled, self.device)).alpha)

        with exact_inference():
            return at_half_size(image, matte_of)

    def raw_outputs(
        self, image: UInt8Array, trimap: UInt8Array | None = None
    ) -> dict[str, Float32Array]:
        """What the network says of ``image`` as it is, without any resizing.

        Args:
            image: (H, W, 3) uint8 RGB, H and W multiples of 32.
            trimap: not used.

        Returns:
            ``trimap_logits``: (1, 3, H, W) logits of background, unknown, foreground; ``alpha``,
            ``matte_u``: (1, 1, H, W), the fused matte and the M-Net's. All float32.

        Raises:
            ValueError: a side is not a multiple of 32.
        """
        check_multiple(image, MULTIPLE)
        with exact_inference():
            outputs = self.network(self._input(image))
            return arrays_of(
                {
                    "trimap_logits": outputs.trimap_logits,
                    "alpha": outputs.alpha,
                    "matte_u": outputs.raw,
                }
            )

    def _input(self, image: UInt8Array) -> Tensor:
        """(1, 3, H, W) RGB in [0, 1]; the re-implementation normalises no further."""
        return to_batch(image, self.device) / 255.0

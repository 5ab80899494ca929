"""StyleMatte's test-time procedure: at the image's own size, padded by reflection.

The published procedure (stylematte/test.py of github.com/chroneus/stylematte at 7f5dbba): if either
side is not a multiple of 8, both grow at the top and on the left to the *next* multiple, by 8
pixels if they are one already. Sides below 32 grow to 32 here; the published code fails below 16.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import Tensor

from p3mbench.method import Float32Array, UInt8Array
from p3mbench.weights import load_into, read_state_dict, recorded_width

from ..inference import OneNetwork, arrays_of, exact_inference, plane_of, to_batch
from ..samples import drawn, write_sample
from .names import INDEX
from .network import StyleMatteNet

MULTIPLE, LEAST = 8, 32
THIN = 1 / 4


def load(device: str, weights: Path, epsilon: float) -> StyleMattePredictor:
    """The predictor with the weights of a checkpoint file; see `spec.StyleMatte.load`."""
    indexed = any(name.endswith(INDEX) for name in read_state_dict(weights))
    network = StyleMatteNet(recorded_width(weights), indexed, epsilon)
    load_into(network, weights)
    return StyleMattePredictor(network, device)


def sample(method: str, folder: Path) -> Path:
    """Write a thin network with random weights; see `p3mbench.testing.weights.WritesSamples`."""
    return write_sample(drawn(lambda: StyleMatteNet(THIN)), method, THIN, folder)


def padding(height: int, width: int) -> tuple[int, int]:
    """Return the rows to add at the top and the columns to add on the left."""
    if height % MULTIPLE == 0 and width % MULTIPLE == 0:
        above, left = 0, 0
    else:
        above, left = (MULTIPLE - side % MULTIPLE for side in (height, width))
    return max(above, LEAST - height), max(left, LEAST - width)


class StyleMattePredictor(OneNetwork[StyleMatteNet]):
    """A loaded StyleMatte."""

    def predict(self, image: UInt8Array, trimap: UInt8Array | None = None) -> Float32Array:
        """Predict the alpha of ``image``; see `p3mbench.method.Predictor`. No trimap is used."""
        with exact_inference():
            return plane_of(self._matte(image))

    def raw_outputs(
        self, image: UInt8Array, trimap: UInt8Array | None = None
    ) -> dict[str, Float32Array]:
        """Return the network's output for ``image``, which may have any size.

        Returns:
            ``matte`` (1, 1, H, W) float32 opacity in [0, 1].
        """
        with exact_inference():
            return arrays_of({"matte": self._matte(image)})

    def _matte(self, image: UInt8Array) -> Tensor:
        above, left = padding(*image.shape[:2])
        padded = np.pad(image, ((above, 0), (left, 0), (0, 0)), mode="symmetric")
        matte: Tensor = self.network(to_batch(padded, self.device) / 255.0)
        return matte[..., above:, left:]

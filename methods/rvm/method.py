"""RVM's test-time procedure for a single image.

The published procedure (inference.py of github.com/PeterL1n/RobustVideoMatting at 53d74c6): encoder
and decoder work on the image reduced so that its longer side is 512, a guided filter carries the
result to full size, and recurrent states of zeros stand for the frames that there are not.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from p3mbench.method import Float32Array, UInt8Array

from ..inference import OneNetwork, arrays_of, exact_inference, loaded, plane_of, to_batch
from ..samples import drawn, write_sample
from .network import RVM

LONGER = 512
THIN = 1 / 8


def load(
    device: str, weights: Path, encoder: str, strategy: str, learned_filter: bool
) -> RVMPredictor:
    """The predictor with the weights of a checkpoint file; see `spec.RVMMobileNetV3.load`."""
    network = loaded(lambda width: RVM(encoder, width), weights)
    return RVMPredictor(network, device, strategy == "auto", learned_filter)


def sample(encoder: str, method: str, folder: Path) -> Path:
    """Write a thin network with random weights; see `p3mbench.testing.weights.WritesSamples`."""
    network = drawn(lambda: RVM(encoder, THIN))
    with torch.no_grad():  # else clamping leaves only 0 and 1
        network.project_mat.conv.weight.mul_(0.1)
        network.project_mat.conv.get_parameter("bias").fill_(0.5)
    return write_sample(network, method, THIN, folder)


def automatic_ratio(height: int, width: int) -> float:
    """Return the published ratio of the small size to an image's: its longer side becomes 512."""
    return min(LONGER / max(height, width), 1.0)


class RVMPredictor(OneNetwork[RVM]):
    """A loaded RVM.

    Args:
        network: has its weights; it is moved to ``device`` and put into evaluation mode.
        device: ``cpu`` or a CUDA device of PyTorch.
        automatic: whether large images are reduced by `automatic_ratio`.
        learned_filter: whether the guided filter uses its learned parts.
    """

    def __init__(
        self, network: RVM, device: str, automatic: bool = True, learned_filter: bool = True
    ) -> None:
        super().__init__(network, device)
        self.automatic, self.learned_filter = automatic, learned_filter

    def predict(self, image: UInt8Array, trimap: UInt8Array | None = None) -> Float32Array:
        """Predict the alpha of ``image``; see `p3mbench.method.Predictor`. No trimap is used."""
        with exact_inference():
            return plane_of(self._outputs(image)["pha"])

    def raw_outputs(
        self, image: UInt8Array, trimap: UInt8Array | None = None
    ) -> dict[str, Float32Array]:
        """Return the network's outputs for ``image``, which may have any size.

        Args:
            image: (H, W, 3) uint8 RGB.
            trimap: not used.

        Returns:
            ``fgr`` (1, 3, H, W): foreground colours; ``pha`` (1, 1, H, W): opacity; float32 in
            [0, 1].
        """
        with exact_inference():
            return arrays_of(self._outputs(image))

    def _outputs(self, image: UInt8Array) -> dict[str, Tensor]:
        ratio = automatic_ratio(*image.shape[:2]) if self.automatic else 1.0
        batch = to_batch(image, self.device) / 255.0
        found = self.network(batch, ratio=ratio, learned_filter=self.learned_filter)
        return {"fgr": found.fgr, "pha": found.pha}

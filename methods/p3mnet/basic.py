"""BASIC: P3M-Net without the modules by which its branches speak to each other.

The baseline of the ablation study of J. Li et al., "Privacy-Preserving Portrait Matting", ACM MM
2021, arXiv:2104.14222: no TFI, no sBFI, no dBFI. The authors released neither its code nor its
weights. What remains when the modules are taken from the published network, and what we decided:

* the encoder, shared by both decoders, and both decoders with the widths of the published ones;
* the glance decoder enlarges bilinearly, and has no side outputs, which belong to the dBFIs;
* the matting decoder puts values back where the encoder's poolings found them; that is all it
  takes from the encoder but for the deepest map, since the TFIs are what brings it more.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ..unpooling import unpool
from .network import Encoded, Parts, fuse, upsample


class BasicOutputs(NamedTuple):
    """What the network says of a batch; every map has the size of the input.

    Attributes:
        global_: (N, 3, H, W) logits of background, unknown, foreground.
        local: (N, 1, H, W) opacity in [0, 1], meant for the unknown region.
        fusion: (N, 1, H, W) opacity in [0, 1]: ``local`` where the global class is unknown.
    """

    global_: Tensor
    local: Tensor
    fusion: Tensor

    def named(self) -> dict[str, Tensor]:
        """The outputs by the names that P3M-Net's have."""
        return {name.rstrip("_"): value for name, value in self._asdict().items()}


class Basic(Parts):
    """One encoder and two decoders.

    Args:
        base: channels of the first convolution; 64 as in P3M-Net. Must be even.
    """

    def __init__(self, base: int = 64) -> None:
        super().__init__(base)
        self.add_decoders(base)

    def forward(self, x: Tensor) -> BasicOutputs:
        """All outputs for (N, 3, H, W) images, normalised; H and W multiples of 32."""
        encoded = self.encode(x)
        logits, local = self._logits(encoded), self._local(encoded)
        return BasicOutputs(logits, local, fuse(logits, local))

    def classes(self, x: Tensor) -> Tensor:
        """The ``global`` output alone."""
        return self._logits(self.encode(x))

    def opacity(self, x: Tensor) -> Tensor:
        """The ``local`` output alone."""
        return self._local(self.encode(x))

    def matte(self, x: Tensor) -> Tensor:
        """The ``fusion`` output alone."""
        return self.forward(x).fusion

    def _logits(self, encoded: Encoded) -> Tensor:
        x = encoded.maps[5]
        for k in (4, 3, 2, 1, 0):
            x = upsample(self.get_submodule(f"decoder{k}_g")(x), 2)
        return x

    def _local(self, encoded: Encoded) -> Tensor:
        x = encoded.maps[5]
        for k in (4, 3, 2, 1, 0):
            x = unpool(self.get_submodule(f"decoder{k}_l")(x), encoded.indices[k + 1])
        return torch.sigmoid(self.decoder_final_l(x))

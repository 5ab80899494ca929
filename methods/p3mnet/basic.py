"""BASIC: P3M-Net without the modules that connect its branches.

The baseline of the ablation study of J. Li et al., "Privacy-Preserving Portrait Matting", ACM MM
2021, arXiv:2104.14222: no TFI, no sBFI, no dBFI. The authors released neither its code nor its
weights. The network is the published one without these modules. Our decisions:

* Both decoders share the encoder and have the published widths.
* The glance decoder enlarges bilinearly. It has no side outputs, which belong to the dBFIs.
* The matting decoder unpools to the positions of the encoder's poolings. It takes only these and
  the deepest map from the encoder, because the TFIs bring everything else.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ..unpooling import unpool
from .network import Encoded, Parts, fuse, upsample


class BasicOutputs(NamedTuple):
    """The outputs of the network for a batch; every map has the size of the input.

    Attributes:
        global_: (N, 3, H, W) logits of background, unknown, foreground.
        local: (N, 1, H, W) opacity in [0, 1], for the unknown region.
        fusion: (N, 1, H, W) opacity in [0, 1]: ``local`` where the global class is unknown.
    """

    global_: Tensor
    local: Tensor
    fusion: Tensor

    def named(self) -> dict[str, Tensor]:
        """Return the outputs by the names in P3M-Net."""
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
        """Compute all outputs for (N, 3, H, W) images, normalised; H and W multiples of 32."""
        encoded = self.encode(x)
        logits, local = self._logits(encoded), self._local(encoded)
        return BasicOutputs(logits, local, fuse(logits, local))

    def classes(self, x: Tensor) -> Tensor:
        """Return only the ``global`` output."""
        return self._logits(self.encode(x))

    def opacity(self, x: Tensor) -> Tensor:
        """Return only the ``local`` output."""
        return self._local(self.encode(x))

    def matte(self, x: Tensor) -> Tensor:
        """Return only the ``fusion`` output."""
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

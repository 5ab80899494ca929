"""The decoders of P3M-Net with a transformer encoder.

S. Ma, J. Li, J. Zhang, H. Zhang, D. Tao, "Rethinking Portrait Matting with Privacy Preserving",
IJCV 2023, arXiv:2203.16828. They differ from those of the ResNet-34 network (`.network`): every
stage changes its channels in its first convolution, poolings are 2x2 without overlap, the first map
has half the channels, and the class head comes after the last enlargement. Written from facts on
github.com/ViTAE-Transformer/P3M-Net at 1db4f6b (core/network).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .network import (
    DeepFusion,
    Encoded,
    Glance,
    P3MNetFamily,
    P3MNetOutputs,
    ShallowFusion,
    TripleFusion,
    conv3,
    fuse,
    stage,
    upsample,
)


def enlarged(x: Tensor, indices: Tensor) -> Tensor:
    """Unpool: put each value back to its position before a 2x2 pooling; zeros elsewhere."""
    return F.max_unpool2d(x, indices, kernel_size=(2, 2), stride=(2, 2))


class Decoders(nn.Module):
    """Glance and matting decoder.

    Args:
        base: channels of the encoder's maps at 1/2 and 1/4; those at 1/8 and 1/16 have 2 and 4
            times as many, the deepest 8 times, and the map at full size half. Must be even.
    """

    def __init__(self, base: int) -> None:
        super().__init__()
        b, deep, first = base, 8 * base, base // 2
        self.decoder4_g = stage(deep, 4 * b, 4 * b, 4 * b)
        self.decoder3_g = stage(4 * b, 2 * b, 2 * b, 2 * b)
        self.decoder2_g = stage(2 * b, b, b, b)
        self.decoder1_g = stage(b, b, b, b)
        self.decoder0_g = nn.Sequential(*stage(b, first, first), conv3(first, first))
        self.decoder_final_g = conv3(first, 3)
        self.decoder4_l = stage(deep, 4 * b, 4 * b, 4 * b)
        self.decoder3_l = stage(4 * b, 2 * b, 2 * b, 2 * b)
        self.decoder2_l = stage(2 * b, b, b, b)
        self.decoder1_l = stage(b, b, b, b)
        self.decoder0_l = stage(b, first, first)
        self.decoder_final_l = conv3(first, 1)
        self.tfi_3 = TripleFusion(4 * b)
        self.tfi_2 = TripleFusion(2 * b)
        self.tfi_1 = TripleFusion(b)
        self.tfi_0 = TripleFusion(b)
        self.sbfi_2 = ShallowFusion(2 * b, first, stride=8)
        self.sbfi_1 = ShallowFusion(b, first, stride=4)
        self.sbfi_0 = ShallowFusion(b, first, stride=2)
        self.dbfi_2 = DeepFusion(2 * b, deep, factor=4)
        self.dbfi_1 = DeepFusion(b, deep, factor=8)
        self.dbfi_0 = DeepFusion(b, deep, factor=16)

    def forward(self, encoded: Encoded) -> P3MNetOutputs:
        """Compute all outputs from the encoder's maps and the positions of its poolings."""
        glance = self.glance(encoded)
        fused = self.dbfi_0(glance.plain[1], encoded.maps[5])
        logits = self.logits(encoded, glance)
        local = self.local(encoded, glance)
        return P3MNetOutputs(
            logits,
            local,
            fuse(logits, local),
            self.dbfi_2.side(glance.fused[3]),
            self.dbfi_1.side(glance.fused[2]),
            self.dbfi_0.side(fused),
        )

    def glance(self, encoded: Encoded) -> Glance:
        """Run the glance decoder except its last stage."""
        deep = encoded.maps[5]
        plain, fused = {}, {}
        plain[4] = upsample(self.decoder4_g(deep), 2)
        plain[3] = upsample(self.decoder3_g(plain[4]), 2)
        fused[3] = self.dbfi_2(plain[3], deep)
        plain[2] = upsample(self.decoder2_g(fused[3]), 2)
        fused[2] = self.dbfi_1(plain[2], deep)
        plain[1] = upsample(self.decoder1_g(fused[2]), 2)
        return Glance(plain, fused)

    def logits(self, encoded: Encoded, glance: Glance) -> Tensor:
        """(N, 3, H, W): the ``global`` output."""
        fused = self.dbfi_0(glance.plain[1], encoded.maps[5])
        logits: Tensor = self.decoder_final_g(upsample(self.decoder0_g(fused), 2))
        return logits

    def local(self, encoded: Encoded, glance: Glance) -> Tensor:
        """(N, 1, H, W) in [0, 1]: the ``local`` output."""
        maps, indices = encoded
        x = enlarged(self.decoder4_l(maps[5]), indices[5])
        x = self.tfi_3(glance.plain[4], x, maps[4])
        x = enlarged(self.decoder3_l(x), indices[4])
        x = self.sbfi_2(self.tfi_2(glance.plain[3], x, maps[3]), maps[0])
        x = enlarged(self.decoder2_l(x), indices[3])
        x = self.sbfi_1(self.tfi_1(glance.plain[2], x, maps[2]), maps[0])
        x = enlarged(self.decoder1_l(x), indices[2])
        x = self.sbfi_0(self.tfi_0(glance.plain[1], x, maps[1]), maps[0])
        x = enlarged(self.decoder0_l(x), indices[1])
        return torch.sigmoid(self.decoder_final_l(x))


class TransformerP3MNet(P3MNetFamily):
    """P3M-Net with a transformer: ``encoder`` gives `Encoded`, ``decoder`` is `Decoders`."""

    def __init__(self, encoder: nn.Module, decoder: Decoders) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, x: Tensor) -> P3MNetOutputs:
        """Compute all outputs for (N, 3, H, W) images, normalised; H and W multiples of 32."""
        answer: P3MNetOutputs = self.decoder(self.encoder(x))
        return answer

    def classes(self, x: Tensor) -> Tensor:
        """Return only the ``global`` output."""
        encoded = self.encoder(x)
        return self.decoder.logits(encoded, self.decoder.glance(encoded))

    def opacity(self, x: Tensor) -> Tensor:
        """Return only the ``local`` output."""
        encoded = self.encoder(x)
        return self.decoder.local(encoded, self.decoder.glance(encoded))

    def matte(self, x: Tensor) -> Tensor:
        """Return only the ``fusion`` output."""
        encoded = self.encoder(x)
        glance = self.decoder.glance(encoded)
        return fuse(self.decoder.logits(encoded, glance), self.decoder.local(encoded, glance))


class PooledMerging(nn.Module):
    """Layer norm, 2x2 pooling with positions, and a linear layer: halves the size."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(inputs)
        self.linear = nn.Linear(inputs, outputs, bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(N, H, W, C) to tokens (N, H / 2, W / 2, outputs), the normed map, and the positions."""
        seen = self.norm(x).permute(0, 3, 1, 2).contiguous()
        pooled, indices = F.max_pool2d(seen, 2, return_indices=True)
        return self.linear(pooled.permute(0, 2, 3, 1)), seen, indices


class Stem(nn.Module):
    """Three convolutions and two poolings with positions: image to tokens at 1/4.

    Args:
        base: channels of a token; the first convolution has half of them.
        last_relu: whether a ReLU follows the third convolution, as in the Swin network.
    """

    def __init__(self, base: int, last_relu: bool) -> None:
        super().__init__()
        self.proj1 = conv3(3, base // 2)
        self.proj2 = conv3(base // 2, base)
        self.proj3 = conv3(base, base)
        self.norm = nn.LayerNorm(base)
        self.last_relu = last_relu

    def forward(self, x: Tensor) -> tuple[Tensor, Encoded]:
        """(N, 3, H, W) to (N, H / 4, W / 4, base), and the maps before the poolings."""
        full = torch.relu(self.proj1(x))
        pooled, first = F.max_pool2d(full, 2, return_indices=True)
        half = torch.relu(self.proj2(pooled))
        pooled, second = F.max_pool2d(half, 2, return_indices=True)
        x = self.proj3(pooled)
        x = torch.relu(x) if self.last_relu else x
        return self.norm(x.permute(0, 2, 3, 1)), Encoded({0: full, 1: half}, {1: first, 2: second})

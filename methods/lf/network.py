"""The Late Fusion network, built from the paper.

Y. Zhang, L. Gong, L. Fan, P. Ren, Q. Huang, H. Bao, W. Xu, "A Late Fusion CNN for Digital
Matting", CVPR 2019. Its authors published an archive of Keras code that we did not see, and no
checkpoint that could be read here, so nothing below has been compared with theirs.

From the paper: a DenseNet-201 encoder; two decoders of five blocks with skips, one for foreground
and one for background; and a fusion network of five convolutions that sees the image and both
decoders' last features, and gives the weight beta in

    alpha = beta * F + (1 - beta) * (1 - B).

Decided by us, where the paper gives no number: the decoders' widths (512, 256, 128, 64, 64), two
3x3 convolutions with batch norm and ReLU per block after a bilinear doubling, skips of the stem and
the first three dense blocks, and 64 channels in the fusion network.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..densenet import DenseNet
from ..inference import published_times

PUBLISHED_BASE = 64
DEPTHS = (6, 12, 48, 32)  # DenseNet-201
WIDTHS = (8, 4, 2, 1, 1)  # of the decoders' blocks, in multiples of the base
FUSION_LAYERS = 5


def base_of(width: float) -> int:
    """The base of a network ``width`` times as wide as the published one."""
    return published_times(PUBLISHED_BASE, width, 2)


class LFOutputs(NamedTuple):
    """What the network says of a batch; every map is (N, 1, H, W) in [0, 1].

    Attributes:
        alpha: the matte.
        foreground, background: probabilities of either; their sum is not 1.
        weight: share of the foreground's opinion in alpha.
    """

    alpha: Tensor
    foreground: Tensor
    background: Tensor
    weight: Tensor


def convolutions(inputs: int, outputs: int, count: int) -> nn.Sequential:
    """3x3 convolutions with batch norm and ReLU that keep the size."""
    layers: list[nn.Module] = []
    for k in range(count):
        width = outputs if k else inputs
        layers += [nn.Conv2d(width, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs)]
        layers += [nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class Decoder(nn.Module):
    """From the encoder's maps to features at the image's size, and a probability.

    Args:
        skips: channels of the maps at 1/32, 1/16, 1/8, 1/4 and 1/2.
        base: channels of the last block.
    """

    def __init__(self, skips: list[int], base: int) -> None:
        super().__init__()
        width, beside = skips[0], [*skips[1:], 0]
        self.blocks = nn.ModuleList()
        for factor, skip in zip(WIDTHS, beside, strict=True):
            self.blocks.append(convolutions(width + skip, factor * base, 2))
            width = factor * base
        self.head = nn.Conv2d(base, 1, 1)

    def forward(self, maps: list[Tensor]) -> tuple[Tensor, Tensor]:
        """(N, base, H, W) features, and (N, 1, H, W) in [0, 1]."""
        x = maps[0]
        for block, skip in zip(self.blocks, [*maps[1:], None], strict=True):
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = block(x if skip is None else torch.cat([x, skip], dim=1))
        return x, torch.sigmoid(self.head(x))


class LateFusion(nn.Module):
    """The whole method.

    Args:
        base: channels of the encoder's stem; all other counts scale with it. 64 is DenseNet-201.
            Must be even.
    """

    def __init__(self, base: int = PUBLISHED_BASE) -> None:
        super().__init__()
        if base < 2 or base % 2:
            raise ValueError(f"base must be even and at least 2, not {base}")
        self.encoder = DenseNet(DEPTHS, base)
        del self.encoder.classifier
        features = self.encoder.features
        between = (features.transition3, features.transition2, features.transition1)
        norms = (features.norm5, *(transition.norm for transition in between))
        skips = [*(norm.num_features for norm in norms), base]
        self.foreground = Decoder(skips, base)
        self.background = Decoder(skips, base)
        self.fusion = nn.Sequential(
            convolutions(3 + 2 * base, base, FUSION_LAYERS - 1), nn.Conv2d(base, 1, 3, padding=1)
        )

    def forward(self, image: Tensor) -> LFOutputs:
        """From (N, 3, H, W) normalised RGB, sides multiples of 32, to `LFOutputs`."""
        maps = self._encode(image)
        seen, foreground = self.foreground(maps)
        behind, background = self.background(maps)
        weight = torch.sigmoid(self.fusion(torch.cat([image, seen, behind], dim=1)))
        alpha = weight * foreground + (1 - weight) * (1 - background)
        return LFOutputs(alpha, foreground, background, weight)

    def _encode(self, image: Tensor) -> list[Tensor]:
        """Maps at 1/32 to 1/2."""
        net = self.encoder.features
        maps = [net.relu0(net.norm0(net.conv0(image)))]
        x = F.max_pool2d(maps[0], 3, stride=2, padding=1)
        for k in (1, 2, 3):
            x = net.get_submodule(f"denseblock{k}")(x)
            maps.append(x)
            x = net.get_submodule(f"transition{k}")(x)
        maps.append(F.relu(net.norm5(net.denseblock4(x))))
        return maps[::-1]

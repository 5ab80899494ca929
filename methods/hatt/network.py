"""HAttMatting, built from the paper.

Y. Qiao, Y. Liu, X. Yang, D. Zhou, M. Xu, Q. Zhang, X. Wei, "Attention-Guided Hierarchical Structure
Aggregation for Image Matting", CVPR 2020. Its authors released data scripts only; two public
re-implementations (github.com/Windaway/HAttMatting, github.com/vietnamican/HAttMatting) differ
from the paper and from each other in encoder, activations and in whether the channel attention is
used at all, so none is followed.

From the paper: a ResNeXt-101 encoder; atrous spatial pyramid pooling of its deepest map; channel
attention, pooled means through two layers and a sigmoid, that distils the pyramid; spatial
attention made of the distilled pyramid by two crossed pairs of 1x7 and 7x1 convolutions, that
filters the appearance cues of the first block; both joined and refined into the matte at 1/4 of the
image's size, enlarged by four.

Decided by us: ResNeXt-101 as 32 groups of 4; output stride 16 (the last block dilated by 2);
dilations 6, 12, 18; 256 channels in the pyramid and beside it; a squeeze to a half in the channel
attention.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..inference import published_times

PUBLISHED_BASE = 64
BLOCKS = (3, 4, 23, 3)  # ResNeXt-101
GROUPS = 32
EXPANSION = 4
RATES = (6, 12, 18)
CROSS = 7  # length of the crossed convolutions


def base_of(width: float) -> int:
    """The base of a network ``width`` times as wide as the published one."""
    return published_times(PUBLISHED_BASE, width, 4)


class HATTOutputs(NamedTuple):
    """What the network says of a batch.

    Attributes:
        alpha: (N, 1, H, W) in [0, 1].
        attention: (N, 1, H / 4, W / 4) in [0, 1]: where the appearance cues count.
    """

    alpha: Tensor
    attention: Tensor


def unit(
    inputs: int, outputs: int, size: int | tuple[int, int], dilation: int = 1
) -> nn.Sequential:
    """A convolution that keeps the size, batch norm, ReLU."""
    sizes = (size, size) if isinstance(size, int) else size
    rows, columns = (dilation * (side // 2) for side in sizes)
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, sizes, 1, (rows, columns), dilation, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Bottleneck(nn.Module):
    """ResNeXt's block (S. Xie et al., CVPR 2017): a grouped 3x3 convolution between two 1x1."""

    def __init__(
        self, inputs: int, planes: int, groups: int, stride: int = 1, dilation: int = 1
    ) -> None:
        super().__init__()
        inner, out = 2 * planes, EXPANSION * planes
        self.conv1 = nn.Conv2d(inputs, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(
            inner, inner, 3, stride, dilation, dilation, groups=groups, bias=False
        )
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.downsample = None
        if stride != 1 or inputs != out:
            shortcut = nn.Conv2d(inputs, out, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, 4 planes, H / stride, W / stride)."""
        kept = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        return F.relu(self.bn3(self.conv3(x)) + kept)


class ResNeXt(nn.Module):
    """The encoder, under torchvision's names: the maps of its first block and of its last."""

    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential
    layer4: nn.Sequential

    def __init__(self, base: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, base, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(base)
        inputs, groups = base, GROUPS * base // 64
        for k, count in enumerate(BLOCKS):
            planes, dilation = base * 2**k, 2 if k == 3 else 1
            stride = 2 if k in (1, 2) else 1
            layer = [Bottleneck(inputs, planes, groups, stride, dilation)]
            inputs = EXPANSION * planes
            layer += [Bottleneck(inputs, planes, groups, 1, dilation) for _ in range(count - 1)]
            self.add_module(f"layer{k + 1}", nn.Sequential(*layer))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 3, H, W) to maps at 1/4 and 1/16, with 4 and 32 times the base's channels."""
        x = F.relu(self.bn1(self.conv1(x)))
        first = self.layer1(F.max_pool2d(x, 3, stride=2, padding=1))
        return first, self.layer4(self.layer3(self.layer2(first)))


class AtrousPyramid(nn.Module):
    """ASPP (L.-C. Chen et al., arXiv:1706.05587): one map at several ranges, and its mean."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.near = unit(inputs, outputs, 1)
        self.far = nn.ModuleList(unit(inputs, outputs, 3, rate) for rate in RATES)
        self.mean = nn.Sequential(nn.Conv2d(inputs, outputs, 1), nn.ReLU(inplace=True))
        self.project = unit((2 + len(RATES)) * outputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) to (N, outputs, h, w)."""
        mean = self.mean(x.mean(dim=(2, 3), keepdim=True)).expand(-1, -1, *x.shape[2:])
        parts = [self.near(x), *(branch(x) for branch in self.far), mean]
        out: Tensor = self.project(torch.cat(parts, dim=1))
        return out


class Distillation(nn.Module):
    """Channel attention: every channel times a weight made of the means of all."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, channels // 2, 1)
        self.excite = nn.Conv2d(channels // 2, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) to the same."""
        weight = self.excite(F.relu(self.squeeze(x.mean(dim=(2, 3), keepdim=True))))
        return x * torch.sigmoid(weight)


class Filtration(nn.Module):
    """Spatial attention on appearance cues, made of the pyramid."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        along, across = (1, CROSS), (CROSS, 1)
        self.prepare = unit(channels, channels, 3)
        self.first = nn.Sequential(unit(channels, half, along), unit(half, half, across))
        self.second = nn.Sequential(unit(channels, half, across), unit(half, half, along))
        self.attend = nn.Conv2d(channels, 1, 1)

    def forward(self, pyramid: Tensor) -> Tensor:
        """(N, C, h, w) to (N, 1, h, w) in [0, 1]."""
        x = self.prepare(pyramid)
        return torch.sigmoid(self.attend(torch.cat([self.first(x), self.second(x)], dim=1)))


class HATT(nn.Module):
    """The whole method.

    Args:
        base: channels of the encoder's stem; all other counts and the groups scale with it. 64 is
            the published network. A multiple of 4.
    """

    def __init__(self, base: int = PUBLISHED_BASE) -> None:
        super().__init__()
        if base < 4 or base % 4:
            raise ValueError(f"base must be a multiple of 4 and at least 4, not {base}")
        width = 4 * base
        self.encoder = ResNeXt(base)
        self.pyramid = AtrousPyramid(32 * base, width)
        self.distil = Distillation(width)
        self.cues = unit(4 * base, width, 3)
        self.filter = Filtration(width)
        self.refine = nn.Sequential(unit(2 * width, width, 3), unit(width, width, 3))
        self.head = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, image: Tensor) -> HATTOutputs:
        """From (N, 3, H, W) normalised RGB, sides multiples of 32, to `HATTOutputs`."""
        first, deep = self.encoder(image)
        pyramid = self.distil(self.pyramid(deep))
        pyramid = F.interpolate(pyramid, first.shape[2:], mode="bilinear", align_corners=False)
        attention = self.filter(pyramid)
        joined = self.refine(torch.cat([pyramid, self.cues(first) * attention], dim=1))
        alpha = torch.sigmoid(self.head(joined))
        alpha = F.interpolate(alpha, image.shape[2:], mode="bilinear", align_corners=False)
        return HATTOutputs(alpha, attention)

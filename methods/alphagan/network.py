"""AlphaGAN's generator (Lutz et al., BMVC 2018, arXiv 1807.10088).

A dilated ResNet-50 and atrous spatial pyramid pooling see the image and the trimap; the decoder
enlarges with skips, once by putting values back to where the stem's pooling found its maxima. It
was trained against a discriminator of compositions, which is not needed to predict.

Its authors released no code. The tensors' names and what the paper leaves open follow the public
re-implementation CDOTAD/AlphaGAN-Matting (fa0f4ee), which has published weights. Decisions, each
checked against its output (2.6e-6 under golden weights):

- Group normalisation where the paper has batch normalisation: the checkpoints were trained so.
- Only the *first* block of the third and of the fourth stage is dilated, by 2 and 4; the others are
  not, though their input was not shrunk either.
- The middle layer of ``deconv2_x`` is a transposed convolution that doubles the size; the other
  layers called deconvolutions are convolutions.
- ReLU everywhere. After the pyramid's pooled branch and its last layer the golden output cannot
  tell ReLU from ReLU6, as nothing exceeds 6 there.
- The last skip is the normalised RGB, without the trimap.
- The last convolution has no bias.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..inference import published_times
from ..unpooling import pool, unpool

PUBLISHED_BASE = 64
EXPANSION = 4  # of ResNet's bottlenecks
STAGES = ((1, 3, 1, 1), (2, 4, 2, 1), (4, 6, 1, 2), (8, 3, 1, 4))  # bases, blocks, stride, dilation
RATES = (1, 6, 12, 18)  # of the pyramid


def base_of(width: float) -> int:
    """The base of a network ``width`` times as wide as the published one."""
    return published_times(PUBLISHED_BASE, width, 2)


class AlphaGANGenerator(nn.Module):
    """The whole network.

    Args:
        base: channels of the stem, even; 64 is the published width.

    Raises:
        ValueError: ``base`` is odd or below 2.
    """

    def __init__(self, base: int = PUBLISHED_BASE) -> None:
        super().__init__()
        if base < 2 or base % 2:
            raise ValueError(f"base must be even and at least 2, not {base}")
        self.encoder = Encoder(base)
        self.decoder = Decoder(base)

    def forward(self, x: Tensor) -> Tensor:
        """From (N, 4, H, W) normalised RGB and trimap in [0, 1] to the (N, 1, H, W) matte.

        H and W are multiples of 8.
        """
        stem, places, quarter, deepest = self.encoder(x)
        matte: Tensor = self.decoder(x[:, :3], stem, places, quarter, deepest)
        return matte


class Encoder(nn.Module):
    """The ResNet and the pyramid on top of it."""

    def __init__(self, base: int) -> None:
        super().__init__()
        self.resnet50 = ResNet(base)
        self.aspp = Pyramid(8 * EXPANSION * base, 4 * base, base // 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """As `ResNet.forward`, the last through the pyramid."""
        stem, places, quarter, deepest = self.resnet50(x)
        return stem, places, quarter, self.aspp(deepest)


class ResNet(nn.Module):
    """ResNet-50 with four input channels that stops shrinking at 1/8."""

    def __init__(self, base: int) -> None:
        super().__init__()
        groups = base // 2  # so that a group has as many channels as in the published network
        self.conv_1 = nn.Conv2d(4, base, 7, 2, 3, bias=False)
        self.bn1 = nn.GroupNorm(groups, base)
        width = base
        for i, (bases, count, stride, dilation) in enumerate(STAGES, start=1):
            planes = bases * base
            blocks = [Bottleneck(width, planes, stride, dilation, groups)]
            width = EXPANSION * planes
            blocks += [Bottleneck(width, planes, 1, 1, groups) for _ in range(count - 1)]
            setattr(self, f"layer{i}", nn.Sequential(*blocks))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Features at 1/2, where pooling found their maxima, features at 1/4 and at 1/8."""
        stem = F.relu(self.bn1(self.conv_1(x)))
        halved, places = pool(stem)
        at = [halved]
        for i in range(1, len(STAGES) + 1):
            at.append(getattr(self, f"layer{i}")(at[-1]))
        return stem, places, at[1], at[-1]


class Bottleneck(nn.Module):
    """ResNet's bottleneck with group normalisation; the 3x3 convolution is strided or dilated."""

    def __init__(self, width: int, planes: int, stride: int, dilation: int, groups: int) -> None:
        super().__init__()
        out = EXPANSION * planes
        self.conv1 = nn.Conv2d(width, planes, 1, bias=False)
        self.bn1 = nn.GroupNorm(groups, planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, dilation, dilation, bias=False)
        self.bn2 = nn.GroupNorm(groups, planes)
        self.conv3 = nn.Conv2d(planes, out, 1, bias=False)
        self.bn3 = nn.GroupNorm(groups, out)
        self.downsample = None
        if width != out:
            shortcut = nn.Conv2d(width, out, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.GroupNorm(groups, out))

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) -> (N, 4 planes, H / stride, W / stride)."""
        kept = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        return F.relu(self.bn3(self.conv3(x)) + kept)


class Pyramid(nn.Module):
    """Atrous spatial pyramid pooling: four dilations and the mean of all, joined."""

    def __init__(self, width: int, out: int, groups: int) -> None:
        super().__init__()
        for rate in RATES:
            setattr(self, f"aspp_{rate}", Branch(width, out, rate, groups))
        self.image_pooling = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), *_unit(nn.Conv2d(width, out, 1, bias=False), groups)
        )
        joined = nn.Conv2d((len(RATES) + 1) * out, out, 1, bias=False)
        self.conv1 = nn.Sequential(*_unit(joined, groups))

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) -> (N, out, H, W)."""
        branches = [getattr(self, f"aspp_{rate}")(x) for rate in RATES]
        branches.append(self.image_pooling(x).expand_as(branches[0]))
        joined: Tensor = self.conv1(torch.cat(branches, dim=1))
        return joined


class Branch(nn.Module):
    """One dilation of the pyramid; a rate of 1 is a 1x1 convolution."""

    def __init__(self, width: int, out: int, rate: int, groups: int) -> None:
        super().__init__()
        kernel, padding = (1, 0) if rate == 1 else (3, rate)
        self.atrous_conv = nn.Conv2d(width, out, kernel, 1, padding, rate, bias=False)
        self.bn = nn.GroupNorm(groups, out)

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) -> (N, out, H, W)."""
        return F.relu(self.bn(self.atrous_conv(x)))


class Decoder(nn.Module):
    """From 1/8 to the full size."""

    def __init__(self, base: int) -> None:
        super().__init__()
        half, groups = base // 2, base // 2
        self.skip_3 = nn.Sequential(*_unit(nn.Conv2d(4 * base, base, 1, bias=False), groups))
        self.deconv1_x = nn.Sequential(
            *_unit(_three(5 * base, 4 * base), groups),
            *_unit(_three(4 * base, 2 * base), groups),
            *_unit(_three(2 * base, base), groups),
        )
        self.skip_2 = nn.Sequential(*_unit(nn.Conv2d(base, half, 1, bias=False), groups))
        doubling = nn.ConvTranspose2d(base, base, 3, 2, 1, output_padding=1, bias=False)
        self.deconv2_x = nn.Sequential(
            *_unit(_three(base + half, base), groups),
            *_unit(doubling, groups),
            *_unit(_three(base, half), groups),
        )
        self.deconv3_x = nn.Sequential(
            *_unit(_three(half + 3, half), groups), *_unit(_three(half, half), groups)
        )
        self.deconv4_x = nn.Sequential(_three(half, 1), nn.Sigmoid())

    def forward(
        self, colours: Tensor, stem: Tensor, places: Tensor, quarter: Tensor, deepest: Tensor
    ) -> Tensor:
        """The matte, from the RGB input and what `Encoder` gives."""
        x = F.interpolate(deepest, size=quarter.shape[2:], mode="bilinear", align_corners=True)
        x = self.deconv1_x(torch.cat([x, self.skip_3(quarter)], dim=1))
        x = torch.cat([unpool(x, places), self.skip_2(stem)], dim=1)
        x = torch.cat([self.deconv2_x(x), colours], dim=1)
        matte: Tensor = self.deconv4_x(self.deconv3_x(x))
        return matte


def _three(width: int, out: int) -> nn.Conv2d:
    return nn.Conv2d(width, out, 3, padding=1, bias=False)


def _unit(convolution: nn.Conv2d | nn.ConvTranspose2d, groups: int) -> list[nn.Module]:
    norm = nn.GroupNorm(groups, convolution.out_channels)
    return [convolution, norm, nn.ReLU(inplace=True)]

"""The MODNet network, under the key names of the published checkpoint.

Z. Ke, J. Sun, K. Li, Q. Yan, R. W. H. Lau, "MODNet: Real-Time Trimap-Free Portrait Matting via
Objective Decomposition", AAAI 2022, arXiv:2011.11961. A low-resolution branch says where the
person is, a high-resolution branch what the boundary looks like, and a third fuses both. Facts on
layers, sizes and key names from src/models of github.com/ZHKKKe/MODNet (28165a4); written anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .mobilenet import STAGE_CHANNELS, MobileNetV2

HIGH = 32  # channels of the high-resolution branch at the published width
REDUCTION = 4

Scaled = Callable[[int], int]


class MODNetOutputs(NamedTuple):
    """What the network says of a batch; opacity in [0, 1] throughout.

    Attributes:
        semantic: (N, 1, H / 16, W / 16) of the person as a whole.
        detail: (N, 1, H, W) meant for the boundary.
        matte: (N, 1, H, W) of both.
    """

    semantic: Tensor
    detail: Tensor
    matte: Tensor

    def named(self) -> dict[str, Tensor]:
        """The outputs by their published names."""
        return self._asdict()


class Low(NamedTuple):
    """What the other branches read of the low-resolution branch: its map at 1/8 and the encoder's
    first two, at 1/2 and 1/4."""

    eighth: Tensor
    half: Tensor
    quarter: Tensor


def doubled(x: Tensor) -> Tensor:
    """Bilinear enlargement to twice the size."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def reduced(x: Tensor, factor: int) -> Tensor:
    """Bilinear reduction by a whole factor, without smoothing."""
    return F.interpolate(x, scale_factor=1 / factor, mode="bilinear", align_corners=False)


class HalfInstanceNorm(nn.Module):
    """Batch norm for the first half of the channels, instance norm for the second.

    Instance norm knows no running statistics: what the network says of a pixel depends on the
    whole image, in evaluation too.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.split = channels // 2
        self.bnorm = nn.BatchNorm2d(self.split)
        self.inorm = nn.InstanceNorm2d(channels - self.split, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) to the same."""
        first, second = x[:, : self.split].contiguous(), x[:, self.split :].contiguous()
        return torch.cat([self.bnorm(first), self.inorm(second)], dim=1)


class Block(nn.Module):
    """A convolution with half instance norm and ReLU; ``plain`` leaves both out."""

    def __init__(
        self, inputs: int, outputs: int, side: int = 3, stride: int = 1, plain: bool = False
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, side, stride, side // 2)]
        if not plain:
            layers += [HalfInstanceNorm(outputs), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        out: Tensor = self.layers(x)
        return out


class SqueezeExcitation(nn.Module):
    """Each channel weighted by what all channels' averages say (Hu et al., 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(1, channels // REDUCTION)
        self.fc = nn.Sequential(
            nn.Linear(channels, inner, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(inner, channels, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) to the same."""
        weights: Tensor = self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))
        return x * weights[:, :, None, None]


class Backbone(nn.Module):
    """The encoder under the name that the checkpoint gives it."""

    def __init__(self, scaled: Scaled) -> None:
        super().__init__()
        self.model = MobileNetV2(scaled)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, 3, H, W) to the maps at 1/2, 1/4, 1/8, 1/16 and 1/32 of the size."""
        maps: list[Tensor] = self.model(x)
        return maps


class LowBranch(nn.Module):
    """Semantics: from the deepest map up to 1/8 of the size."""

    def __init__(self, backbone: Backbone, scaled: Scaled) -> None:
        super().__init__()
        *_, eighth, sixteenth, deepest = map(scaled, STAGE_CHANNELS)
        self.backbone = backbone
        self.se_block = SqueezeExcitation(deepest)
        self.conv_lr16x = Block(deepest, sixteenth, side=5)
        self.conv_lr8x = Block(sixteenth, eighth, side=5)
        self.conv_lr = Block(eighth, 1, stride=2, plain=True)

    def forward(self, image: Tensor) -> Low:
        """Everything but the ``semantic`` output; see `semantic`."""
        half, quarter, *_, deepest = self.backbone(image)
        x = self.conv_lr16x(doubled(self.se_block(deepest)))
        return Low(self.conv_lr8x(doubled(x)), half, quarter)

    def semantic(self, low: Low) -> Tensor:
        """(N, 1, H / 16, W / 16) opacity."""
        return torch.sigmoid(self.conv_lr(low.eighth))


class HighBranch(nn.Module):
    """Detail: the image and the encoder's first maps, guided by the semantics."""

    def __init__(self, scaled: Scaled) -> None:
        super().__init__()
        c, (half, quarter, eighth, *_) = scaled(HIGH), map(scaled, STAGE_CHANNELS)
        self.tohr_enc2x = Block(half, c, side=1)
        self.conv_enc2x = Block(c + 3, c, stride=2)
        self.tohr_enc4x = Block(quarter, c, side=1)
        self.conv_enc4x = Block(2 * c, 2 * c)
        self.conv_hr4x = nn.Sequential(
            Block(2 * c + eighth + 3, 2 * c), Block(2 * c, 2 * c), Block(2 * c, c)
        )
        self.conv_hr2x = nn.Sequential(
            Block(2 * c, 2 * c), Block(2 * c, c), Block(c, c), Block(c, c)
        )
        self.conv_hr = nn.Sequential(Block(c + 3, c), Block(c, 1, side=1, plain=True))

    def forward(self, image: Tensor, low: Low) -> Tensor:
        """(N, channels, H / 2, W / 2); everything but the ``detail`` output, see `detail`."""
        half = self.tohr_enc2x(low.half)
        x = self.conv_enc2x(torch.cat([reduced(image, 2), half], dim=1))
        x = self.conv_enc4x(torch.cat([x, self.tohr_enc4x(low.quarter)], dim=1))
        x = self.conv_hr4x(torch.cat([x, doubled(low.eighth), reduced(image, 4)], dim=1))
        high: Tensor = self.conv_hr2x(torch.cat([doubled(x), half], dim=1))
        return high

    def detail(self, image: Tensor, high: Tensor) -> Tensor:
        """(N, 1, H, W) opacity."""
        return torch.sigmoid(self.conv_hr(torch.cat([doubled(high), image], dim=1)))


class FusionBranch(nn.Module):
    """The matte from semantics, detail and the image."""

    def __init__(self, scaled: Scaled) -> None:
        super().__init__()
        c, eighth = scaled(HIGH), scaled(STAGE_CHANNELS[2])
        self.conv_lr4x = Block(eighth, c, side=5)
        self.conv_f2x = Block(2 * c, c)
        self.conv_f = nn.Sequential(
            Block(c + 3, scaled(HIGH // 2)), Block(scaled(HIGH // 2), 1, side=1, plain=True)
        )

    def forward(self, image: Tensor, low: Low, high: Tensor) -> Tensor:
        """(N, 1, H, W) opacity."""
        x = doubled(self.conv_lr4x(doubled(low.eighth)))
        x = self.conv_f2x(torch.cat([x, high], dim=1))
        return torch.sigmoid(self.conv_f(torch.cat([doubled(x), image], dim=1)))


class MODNet(nn.Module):
    """MODNet.

    Args:
        width: by what all numbers of channels are multiplied, rounded to even ones of 2 at least;
            1 is the published network.

    The encoder is registered twice, as ``backbone`` and as ``lr_branch.backbone``, because the
    checkpoint holds both; of two differing copies the second would win.
    """

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        if width <= 0:
            raise ValueError(f"width must be positive, not {width}")

        def scaled(channels: int) -> int:
            return max(2, 2 * round(channels * width / 2))

        self.backbone = Backbone(scaled)
        self.lr_branch = LowBranch(self.backbone, scaled)
        self.hr_branch = HighBranch(scaled)
        self.f_branch = FusionBranch(scaled)

    def forward(self, image: Tensor) -> MODNetOutputs:
        """All outputs for (N, 3, H, W) images in [-1, 1]; H and W multiples of 32."""
        low = self.lr_branch(image)
        high = self.hr_branch(image, low)
        return MODNetOutputs(
            self.lr_branch.semantic(low),
            self.hr_branch.detail(image, high),
            self.f_branch(image, low, high),
        )

    def matte(self, image: Tensor) -> Tensor:
        """The ``matte`` output alone."""
        low = self.lr_branch(image)
        matte: Tensor = self.f_branch(image, low, self.hr_branch(image, low))
        return matte

"""The RVM network, under the key names of the published checkpoints.

S. Lin, L. Yang, I. Saleemi, S. Sengupta, "Robust High-Resolution Video Matting with Temporal
Guidance", WACV 2022, arXiv:2108.11515. An encoder at a small size, a pooled pyramid, a decoder with
recurrent units at four sizes, and a guided filter up to the size of the frame. Facts on layers and
key names come from model/ of github.com/PeterL1n/RobustVideoMatting (53d74c6). The code is ours.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .encoders import MobileNetV3, ResNet50, scaled_by
from .refiners import DeepGuidedFilter, fast_guided

States = tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]
NO_STATES: States = (None, None, None, None)
PYRAMID = {"mobilenetv3": 128, "resnet50": 256}
DECODER = {"mobilenetv3": (80, 40, 32, 16), "resnet50": (128, 64, 32, 16)}
RGB = 3


class RVMOutputs(NamedTuple):
    """The outputs of the network for a batch.

    Attributes:
        fgr: (N, 3, H, W) foreground colours, RGB in [0, 1].
        pha: (N, 1, H, W) opacity in [0, 1].
        states: four recurrent states for the next frame, at 1/2, 1/4, 1/8 and 1/16 of the small
            size.
    """

    fgr: Tensor
    pha: Tensor
    states: States


class ConvGRU(nn.Module):
    """A gated recurrent unit (Cho et al., 2014) whose products are 3x3 convolutions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.ih = nn.Sequential(nn.Conv2d(2 * channels, 2 * channels, 3, padding=1), nn.Sigmoid())
        self.hh = nn.Sequential(nn.Conv2d(2 * channels, channels, 3, padding=1), nn.Tanh())

    def forward(self, x: Tensor, state: Tensor | None) -> Tensor:
        """The new state, from input and old state of (N, channels, H, W); None means zeros."""
        old = torch.zeros_like(x) if state is None else state
        reset, update = self.ih(torch.cat([x, old], dim=1)).chunk(2, dim=1)
        candidate = self.hh(torch.cat([x, reset * old], dim=1))
        new: Tensor = (1 - update) * old + update * candidate
        return new


class DeepStage(nn.Module):
    """A recurrent unit at 1/16 of the size."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gru = ConvGRU(channels // 2)


class UpStage(nn.Module):
    """A convolution of the enlarged map, the encoder's map and the image; a recurrent unit."""

    def __init__(self, inputs: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(*_unit(inputs + skip + RGB, outputs))
        self.gru = ConvGRU(outputs // 2)

    def joined(self, x: Tensor, skip: Tensor, image: Tensor) -> Tensor:
        """(N, outputs, H, W) from the smaller map, the encoder's and the image of this size."""
        out: Tensor = self.conv(torch.cat([_doubled(x, image), skip, image], dim=1))
        return out


class LastStage(nn.Module):
    """Enlarge to the small image's size and convolve twice."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(*_unit(inputs + RGB, outputs), *_unit(outputs, outputs))

    def forward(self, x: Tensor, image: Tensor) -> Tensor:
        """(N, outputs, H, W)."""
        out: Tensor = self.conv(torch.cat([_doubled(x, image), image], dim=1))
        return out


class Decoder(nn.Module):
    """From the encoder's maps to features of the small image's size, with four states.

    Args:
        channels: of the encoder's maps at 1/2, 1/4 and 1/8, and of the pyramid at 1/16.
        widths: channels out of each stage, the deepest first.
    """

    def __init__(self, channels: tuple[int, ...], widths: tuple[int, ...]) -> None:
        super().__init__()
        half, quarter, eighth, deepest = channels
        self.decode4 = DeepStage(deepest)
        self.decode3 = UpStage(deepest, eighth, widths[0])
        self.decode2 = UpStage(widths[0], quarter, widths[1])
        self.decode1 = UpStage(widths[1], half, widths[2])
        self.decode0 = LastStage(widths[2], widths[3])

    def forward(self, image: Tensor, maps: list[Tensor], states: States) -> tuple[Tensor, States]:
        """Decode the maps at 1/2, 1/4, 1/8 and 1/16; see `RVMOutputs` for the states."""
        images = [image]
        for _ in range(3):
            images.append(F.avg_pool2d(images[-1], 2, 2, ceil_mode=True, count_include_pad=False))
        x, fourth = remembered(self.decode4.gru, maps[3], states[3])
        found = [fourth]
        for level, stage in ((3, self.decode3), (2, self.decode2), (1, self.decode1)):
            x = stage.joined(x, maps[level - 1], images[level])
            x, state = remembered(stage.gru, x, states[level - 1])
            found.insert(0, state)
        first, second, third, _ = found
        return self.decode0(x, image), (first, second, third, fourth)


def remembered(gru: ConvGRU, x: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
    """(N, C, H, W) with its second half replaced by the unit's new state; and that state."""
    passed, fed = x.chunk(2, dim=1)
    new: Tensor = gru(fed, state)
    return torch.cat([passed, new], dim=1), new


class Pyramid(nn.Module):
    """Lite R-ASPP (Howard et al., 2019): a projection, weighted by one of the map's mean."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.aspp1 = nn.Sequential(*_unit(inputs, outputs, kernel=1))
        projection = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.aspp2 = nn.Sequential(nn.AdaptiveAvgPool2d(1), projection, nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H, W)."""
        out: Tensor = self.aspp1(x) * self.aspp2(x)
        return out


class Projection(nn.Module):
    """A 1x1 convolution under the name that the checkpoint gives it."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H, W)."""
        out: Tensor = self.conv(x)
        return out


class RVM(nn.Module):
    """The whole network; ``project_seg`` is a part of the checkpoints that no matte needs.

    Args:
        encoder: ``mobilenetv3`` or ``resnet50``.
        width: factor on the published network's channels.
    """

    def __init__(self, encoder: str = "mobilenetv3", width: float = 1.0) -> None:
        super().__init__()
        scaled = scaled_by(width)
        self.backbone = ResNet50(scaled) if encoder == "resnet50" else MobileNetV3(scaled)
        pyramid, widths = scaled(PYRAMID[encoder]), tuple(map(scaled, DECODER[encoder]))
        *skips, deepest = self.backbone.channels
        self.aspp = Pyramid(deepest, pyramid)
        self.decoder = Decoder((*skips, pyramid), widths)
        self.project_mat = Projection(widths[-1], RGB + 1)
        self.project_seg = Projection(widths[-1], 1)
        self.refiner = DeepGuidedFilter(widths[-1])

    def forward(
        self,
        image: Tensor,
        states: States = NO_STATES,
        ratio: float = 1.0,
        learned_filter: bool = True,
    ) -> RVMOutputs:
        """Predict a frame.

        Args:
            image: (N, 3, H, W) RGB in [0, 1], of any size.
            states: of the frame before; the default is none.
            ratio: size at which encoder and decoder work, over the image's; above 0, at most 1.
            learned_filter: whether the guided filter uses its learned parts, below ratio 1.
        """
        small = reduced(image, ratio)
        maps = self.backbone(small)
        maps[3] = self.aspp(maps[3])
        features, new = self.decoder(small, maps, states)
        target = self.project_mat(features)
        if ratio < 1:
            target = self._enlarged(image, small, target, features if learned_filter else None)
        residual, pha = target.split([RGB, 1], dim=1)
        return RVMOutputs((residual + image).clamp(0, 1), pha.clamp(0, 1), new)

    def _enlarged(
        self, image: Tensor, small: Tensor, target: Tensor, features: Tensor | None
    ) -> Tensor:
        """Filter in float32: a variance is the small difference of two products."""
        with torch.autocast(image.device.type, enabled=False):
            if features is None:
                return fast_guided(image, small, target.float())
            out: Tensor = self.refiner(image, small, target.float(), features.float())
            return out


def reduced(image: Tensor, ratio: float) -> Tensor:
    """(N, C, H, W) reduced bilinearly by a ratio, without smoothing; no side becomes 0."""
    height, width = image.shape[2:]
    if ratio >= 1:
        return image
    if min(height, width) * ratio < 1:
        size = (max(1, int(height * ratio)), max(1, int(width * ratio)))
        return F.interpolate(image, size, mode="bilinear", align_corners=False)
    return F.interpolate(
        image,
        scale_factor=ratio,
        mode="bilinear",
        align_corners=False,
        recompute_scale_factor=False,
    )


def _unit(inputs: int, outputs: int, kernel: int = 3) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


def _doubled(x: Tensor, like: Tensor) -> Tensor:
    """Enlarge to twice the size, cut to that of ``like``, which may be one less."""
    height, width = like.shape[2:]
    large = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    return large[..., :height, :width]

"""The building blocks of GFM's decoders."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

POOLED = (1, 3, 5)  # sides of the pyramid pooling's maps


def upsample(factor: int) -> nn.Upsample:
    """Bilinear enlargement by a whole factor."""
    return nn.Upsample(scale_factor=factor, mode="bilinear", align_corners=False)


def stage(*widths: int, dilation: int = 1) -> list[nn.Module]:
    """3x3 convolutions with batch norm and ReLU, from ``widths[0]`` channels to the last."""
    layers: list[nn.Module] = []
    for inputs, outputs in zip(widths, widths[1:], strict=False):
        convolution = nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation)
        layers += [convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
    return layers


class PyramidPooling(nn.Module):
    """Concatenate the map with its averages over coarse grids, then a 1x1 convolution (PSPNet)."""

    def __init__(self, planes: int) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(side), nn.Conv2d(planes, planes, 1, bias=False))
            for side in POOLED
        )
        self.bottleneck = nn.Conv2d((len(POOLED) + 1) * planes, planes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, planes, H, W) to the same; averages are enlarged with aligned corners."""
        size = x.shape[2:]
        parts = [
            F.interpolate(branch(x), size=size, mode="bilinear", align_corners=True)
            for branch in self.stages
        ]
        return F.relu(self.bottleneck(torch.cat([*parts, x], dim=1)))


class SqueezeExcitation(nn.Module):
    """Weight each channel by a function of all channels' averages (Hu et al., 2018)."""

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()
        inner = max(1, channels // reduction)
        self.fc = nn.Sequential(
            nn.Linear(channels, inner, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(inner, channels, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) to the same."""
        weights: Tensor = self.fc(x.mean(dim=(2, 3)))
        return x * weights[:, :, None, None]

"""The two encoders of RVM, under torchvision's names of tensors; both stop at 1/16 of the size.

A. Howard et al., "Searching for MobileNetV3", ICCV 2019, arXiv:1905.02244; K. He et al., "Deep
Residual Learning for Image Recognition", CVPR 2016, arXiv:1512.03385. The last stage of either is
dilated instead of strided, as for semantic segmentation.
"""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

from ..inference import normalised, published_times
from ..shm.network import Bottleneck

Scaled = Callable[[int], int]

HARD, PLAIN = nn.Hardswish, nn.ReLU
STEM = 16
LAST = 960
EPSILON, MOMENTUM = 1e-3, 0.01  # of MobileNetV3's batch norms
BLOCKS = (  # kernel, inner channels, channels, squeeze and excitation, activation, stride, dilation
    (3, 16, 16, False, PLAIN, 1, 1),
    (3, 64, 24, False, PLAIN, 2, 1),
    (3, 72, 24, False, PLAIN, 1, 1),
    (5, 72, 40, True, PLAIN, 2, 1),
    (5, 120, 40, True, PLAIN, 1, 1),
    (5, 120, 40, True, PLAIN, 1, 1),
    (3, 240, 80, False, HARD, 2, 1),
    (3, 200, 80, False, HARD, 1, 1),
    (3, 184, 80, False, HARD, 1, 1),
    (3, 184, 80, False, HARD, 1, 1),
    (3, 480, 112, True, HARD, 1, 1),
    (3, 672, 112, True, HARD, 1, 1),
    (5, 672, 160, True, HARD, 1, 2),
    (5, 960, 160, True, HARD, 1, 2),
    (5, 960, 160, True, HARD, 1, 2),
)
TAPS = (1, 3, 6, 16)  # features whose maps go to the decoder
RESNET_BLOCKS = (3, 4, 6, 3)


def scaled_by(width: float) -> Scaled:
    """Return the function from a published number of channels to that of a thinner network."""
    return lambda channels: published_times(channels, width, 8)


def unit(
    inputs: int,
    outputs: int,
    kernel: int = 1,
    activation: type[nn.Module] | None = None,
    stride: int = 1,
    dilation: int = 1,
    groups: int = 1,
) -> nn.Sequential:
    """A convolution without bias, batch norm and perhaps an activation."""
    padding = kernel // 2 * dilation
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias=False),
        nn.BatchNorm2d(outputs, EPSILON, MOMENTUM),
    ]
    return nn.Sequential(*layers, *([activation()] if activation else []))


class Excitation(nn.Module):
    """Weight each channel by a function of all channels' means, with a hard sigmoid."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = divisible(channels // 4)
        self.fc1 = nn.Conv2d(channels, inner, 1)
        self.fc2 = nn.Conv2d(inner, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) to the same."""
        weights = self.fc2(F.relu(self.fc1(F.adaptive_avg_pool2d(x, 1))))
        return F.hardsigmoid(weights) * x


def divisible(channels: int) -> int:
    """The multiple of 8 nearest to a number of channels, but no less than 0.9 of it."""
    nearest = max(8, (channels + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * channels else nearest


class InvertedBlock(nn.Module):
    """Expand, filter depthwise, weight channels, project; with a shortcut if the shape stays."""

    def __init__(self, inputs: int, row: int, scaled: Scaled) -> None:
        super().__init__()
        kernel, inner, outputs, excited, activation, stride, dilation = BLOCKS[row]
        inner, outputs = scaled(inner), scaled(outputs)
        layers: list[nn.Module] = [] if row == 0 else [unit(inputs, inner, 1, activation)]
        layers.append(unit(inner, inner, kernel, activation, stride, dilation, groups=inner))
        if excited:
            layers.append(Excitation(inner))
        layers.append(unit(inner, outputs))
        self.block = nn.Sequential(*layers)
        self.keeps = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        out: Tensor = self.block(x)
        return out + x if self.keeps else out


class MobileNetV3(nn.Module):
    """MobileNetV3-Large without the classifier; it normalises its input itself."""

    def __init__(self, scaled: Scaled) -> None:
        super().__init__()
        width = scaled(STEM)
        features: list[nn.Module] = [unit(3, width, 3, HARD, stride=2)]
        for row, (_, _, channels, *_) in enumerate(BLOCKS):
            features.append(InvertedBlock(width, row, scaled))
            width = scaled(channels)
        features.append(unit(width, scaled(LAST), 1, HARD))
        self.features = nn.Sequential(*features)
        self.channels = (scaled(STEM), scaled(24), scaled(40), scaled(LAST))

    def forward(self, image: Tensor) -> list[Tensor]:
        """(N, 3, H, W) RGB in [0, 1] to the maps at 1/2, 1/4, 1/8 and 1/16 of the size."""
        x, maps = normalised(image), []
        for number, feature in enumerate(self.features):
            x = feature(x)
            if number in TAPS:
                maps.append(x)
        return maps


class ResNet50(nn.Module):
    """ResNet-50 without the classifier; as published, it gets the image without normalisation."""

    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential
    layer4: nn.Sequential

    def __init__(self, scaled: Scaled) -> None:
        super().__init__()
        base = scaled(64)
        self.conv1 = nn.Conv2d(3, base, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(base)
        width, channels = base, [base]
        for stage, blocks in enumerate(RESNET_BLOCKS):
            planes, stride = base << stage, 2 if stage in (1, 2) else 1
            layers = [Bottleneck(width, planes, stride, 1)]
            width = 4 * planes
            dilation = 2 if stage == 3 else 1  # but not in the stage's first block
            layers += [Bottleneck(width, planes, 1, dilation) for _ in range(blocks - 1)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
            channels.append(width)
        self.channels = (channels[0], channels[1], channels[2], channels[4])

    def forward(self, image: Tensor) -> list[Tensor]:
        """(N, 3, H, W) RGB in [0, 1] to the maps at 1/2, 1/4, 1/8 and 1/16 of the size."""
        half = F.relu(self.bn1(self.conv1(image)))
        quarter = self.layer1(F.max_pool2d(half, 3, 2, 1))
        eighth = self.layer2(quarter)
        return [half, quarter, eighth, self.layer4(self.layer3(eighth))]

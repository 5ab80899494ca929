"""MobileNetV2 as MODNet uses it: five stages, without the classifier.

M. Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018,
arXiv:1801.04381.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

EXPANSION = 6
BLOCKS = (  # expansion, channels, number of blocks, stride of the first
    (1, 16, 1, 1),
    (EXPANSION, 24, 2, 2),
    (EXPANSION, 32, 3, 2),
    (EXPANSION, 64, 4, 2),
    (EXPANSION, 96, 3, 1),
    (EXPANSION, 160, 3, 2),
    (EXPANSION, 320, 1, 1),
)
STEM, LAST = 32, 1280
STAGE_ENDS = (2, 4, 7, 14, 19)  # how many of the 19 features come before 1/2, 1/4, ... 1/32 end
STAGE_CHANNELS = (16, 24, 32, 96, LAST)


def convolution(
    inputs: int, outputs: int, side: int, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    """A padded convolution with batch norm and ReLU6."""
    return [
        nn.Conv2d(inputs, outputs, side, stride, side // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(inplace=True),
    ]


class InvertedResidual(nn.Module):
    """Expand, filter depthwise, project; with a shortcut if the shape stays."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        layers = convolution(inputs, inner, 1) if expansion > 1 else []
        layers += convolution(inner, inner, 3, stride, groups=inner)
        layers += [nn.Conv2d(inner, outputs, 1, bias=False), nn.BatchNorm2d(outputs)]
        self.conv = nn.Sequential(*layers)
        self.keeps = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        out: Tensor = self.conv(x)
        return x + out if self.keeps else out


class MobileNetV2(nn.Module):
    """The features of a MobileNetV2.

    Args:
        scaled: function from a published number of channels to the one used.
    """

    def __init__(self, scaled: Callable[[int], int]) -> None:
        super().__init__()
        inputs = scaled(STEM)
        features: list[nn.Module] = [nn.Sequential(*convolution(3, inputs, 3, stride=2))]
        for expansion, channels, count, stride in BLOCKS:
            for k in range(count):
                outputs, step = scaled(channels), stride if k == 0 else 1
                features.append(InvertedResidual(inputs, outputs, step, expansion))
                inputs = outputs
        features.append(nn.Sequential(*convolution(inputs, scaled(LAST), 1)))
        self.features = nn.Sequential(*features)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, 3, H, W) to the maps at 1/2, 1/4, 1/8, 1/16 and 1/32 of the size."""
        maps = []
        for start, end in zip((0, *STAGE_ENDS), STAGE_ENDS, strict=False):
            x = self.features[start:end](x)
            maps.append(x)
        return maps

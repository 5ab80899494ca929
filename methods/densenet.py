"""DenseNet as GFM and Late Fusion use it, under the key names of torchvision's checkpoints.

G. Huang et al., "Densely Connected Convolutional Networks", CVPR 2017, arXiv:1608.06993. The
class is a container: the matting networks define the order of the parts and leave some out, but
GFM's checkpoints contain all of them, including the classifier for ImageNet's 1000 classes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

IMAGENET_CLASSES = 1000
BOTTLENECK = 4  # inner channels of a layer over those it adds


class DenseLayer(nn.Module):
    """Batch norm, ReLU and convolution, 1x1 and then 3x3: ``growth`` new channels from all."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        inner = BOTTLENECK * growth
        self.norm1 = nn.BatchNorm2d(inputs)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(inputs, inner, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(inner)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(inner, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, growth, H, W)."""
        x = self.conv1(self.relu1(self.norm1(x)))
        out: Tensor = self.conv2(self.relu2(self.norm2(x)))
        return out


class DenseBlock(nn.Module):
    """Layers that each take the block's input and the output of all earlier layers."""

    def __init__(self, inputs: int, growth: int, depth: int) -> None:
        super().__init__()
        for k in range(depth):
            self.add_module(f"denselayer{k + 1}", DenseLayer(inputs + k * growth, growth))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, inputs + depth * growth, H, W)."""
        for layer in self.children():
            x = torch.cat([x, layer(x)], dim=1)
        return x


class Transition(nn.Sequential):
    """Batch norm, ReLU and a 1x1 convolution to half the channels, then to half the size."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(inputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(inputs, inputs // 2, 1, bias=False)
        self.pool = nn.AvgPool2d(2)


class Features(nn.Module):
    """The parts of a DenseNet except its classifier; see `DenseNet`."""

    denseblock4: DenseBlock
    transition1: Transition
    transition2: Transition
    transition3: Transition

    def __init__(self, depths: Sequence[int], base: int) -> None:
        super().__init__()
        growth = base // 2
        self.conv0 = nn.Conv2d(3, base, 7, stride=2, padding=3, bias=False)
        self.norm0 = nn.BatchNorm2d(base)
        self.relu0 = nn.ReLU(inplace=True)
        channels = base
        for k, depth in enumerate(depths, start=1):
            self.add_module(f"denseblock{k}", DenseBlock(channels, growth, depth))
            channels += depth * growth
            if k < len(depths):
                self.add_module(f"transition{k}", Transition(channels))
                channels //= 2
        self.norm5 = nn.BatchNorm2d(channels)


class DenseNet(nn.Module):
    """The parts of a DenseNet, in ``features``.

    Args:
        depths: layers per block; (6, 12, 24, 16) is DenseNet-121, (6, 12, 48, 32) DenseNet-201.
        base: channels of the stem, even; each layer adds half as many. 64 is the published network.
    """

    def __init__(self, depths: Sequence[int], base: int) -> None:
        super().__init__()
        self.features = Features(depths, base)
        self.classifier = nn.Linear(self.features.norm5.num_features, IMAGENET_CLASSES)

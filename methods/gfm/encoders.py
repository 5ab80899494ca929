"""ResNet as GFM uses it, under the key names of torchvision's checkpoints.

K. He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, arXiv:1512.03385. The
class is a container: `GFM` defines the order of the parts and leaves some out, but its checkpoints
contain all of them, including the classifier for ImageNet's 1000 classes.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

IMAGENET_CLASSES = 1000
BOTTLENECK = 4  # ResNet-101 widens by this factor


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut; ``stride`` is that of the first.

    Args:
        inputs: input channels.
        planes: channels inside and out.
        stride: 1 or 2.
    """

    expansion = 1

    def __init__(self, inputs: int, planes: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, planes, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = shortcut(inputs, planes, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, planes, H / stride, W / stride)."""
        kept = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        out: Tensor = self.relu(self.bn2(self.conv2(x)) + kept)
        return out


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions with a shortcut; ``stride`` is that of the 3x3 one.

    Args:
        inputs: input channels.
        planes: inner channels; the output has four times as many.
        stride: 1 or 2.
    """

    expansion = BOTTLENECK

    def __init__(self, inputs: int, planes: int, stride: int = 1) -> None:
        super().__init__()
        outputs = planes * self.expansion
        self.conv1 = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = shortcut(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, 4 * planes, H / stride, W / stride)."""
        kept = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        out: Tensor = self.relu(self.bn3(self.conv3(x)) + kept)
        return out


def shortcut(inputs: int, outputs: int, stride: int) -> nn.Sequential | None:
    """A 1x1 convolution with batch norm if a block changes the shape, else nothing."""
    if inputs == outputs and stride == 1:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class ResNet(nn.Module):
    """The parts of a ResNet; ``layer2`` to ``layer4`` halve the size.

    Args:
        block: `BasicBlock` (ResNet-34) or `Bottleneck` (ResNet-101).
        depths: blocks per layer.
        base: channels of the stem; all other counts scale with it. 64 is the published network.
    """

    def __init__(
        self, block: type[BasicBlock | Bottleneck], depths: Sequence[int], base: int
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, base, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(base)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        inputs = base
        for k, depth in enumerate(depths):
            planes = base * 2**k
            layer = [block(inputs, planes, stride=1 if k == 0 else 2)]
            inputs = planes * block.expansion
            layer += [block(inputs, planes) for _ in range(depth - 1)]
            self.add_module(f"layer{k + 1}", nn.Sequential(*layer))
        self.fc = nn.Linear(inputs, IMAGENET_CLASSES)

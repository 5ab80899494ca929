"""IndexNet Matting: learned index maps for pooling and for unpooling.

H. Lu, Y. Dai, C. Shen, S. Xu, "Indices Matter: Learning to Index for Deep Image Matting", ICCV
2019, arXiv:1908.00672. A MobileNetV2 with all strides 1. *Index maps* are predicted from the
features. They weight each pixel of a 2x2 cell in pooling (the weights sum to 1) and in unpooling.
This is the published variant: modelwise-to-one ("m2o"), nonlinear, with context, a separable ASPP
and 5x5 decoder convolutions. Written from the paper and from notes on
github.com/poppinace/indexnet_matting at 4beb06a (scripts/hlmobilenetv2.py); the state dict has the
549 entries of ``indexnet_matting.pth.tar``. github.com/open-mmlab/mmagic has the same network under
other names; see `published_name`.
"""

from __future__ import annotations

import re

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# expansion, output channels, blocks of the encoder's layers 1 to 7
LAYERS = ((1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1))
INDEXED = (0, 2, 3, 4, 6)  # layers whose output is pooled
STEM, CONTEXT, PREDICTED = 32, 256, 32
RATES = (2, 4, 8)  # of the ASPP's dilated branches
CELL = 4  # pixels of a cell

# what a name, or a part of it, is called by mmagic and in the published checkpoint
RENAMED = (
    (r"^backbone\.encoder\.layers\.0\.conv\.", "layer0.0."),
    (r"^backbone\.encoder\.layers\.0\.bn\.", "layer0.1."),
    (r"^backbone\.encoder\.layers\.(\d)\.", r"layer\1."),
    (r"^(layer1\.\d\.)conv\.depthwise_conv\.conv\.", r"\1conv.0."),
    (r"^(layer1\.\d\.)conv\.depthwise_conv\.bn\.", r"\1conv.1."),
    (r"^(layer1\.\d\.)conv\.pointwise_conv\.conv\.", r"\1conv.3."),
    (r"^(layer1\.\d\.)conv\.pointwise_conv\.bn\.", r"\1conv.4."),
    (r"^(layer\d\.\d\.)conv\.0\.conv\.", r"\1conv.0."),
    (r"^(layer\d\.\d\.)conv\.0\.bn\.", r"\1conv.1."),
    (r"^(layer\d\.\d\.)conv\.1\.depthwise_conv\.conv\.", r"\1conv.3."),
    (r"^(layer\d\.\d\.)conv\.1\.depthwise_conv\.bn\.", r"\1conv.4."),
    (r"^(layer\d\.\d\.)conv\.1\.pointwise_conv\.conv\.", r"\1conv.6."),
    (r"^(layer\d\.\d\.)conv\.1\.pointwise_conv\.bn\.", r"\1conv.7."),
    (r"^backbone\.encoder\.dconv\.convs\.0\.conv\.", "dconv_pp.aspp1.atrous_conv.0."),
    (r"^backbone\.encoder\.dconv\.convs\.0\.bn\.", "dconv_pp.aspp1.atrous_conv.1."),
    (r"^backbone\.encoder\.dconv\.convs\.4\.1\.conv\.", "dconv_pp.global_avg_pool.1."),
    (r"^backbone\.encoder\.dconv\.convs\.4\.1\.bn\.", "dconv_pp.global_avg_pool.2."),
    (r"^backbone\.encoder\.dconv\.project\.0\.conv\.", "dconv_pp.bottleneck_conv.0."),
    (r"^backbone\.encoder\.dconv\.project\.0\.bn\.", "dconv_pp.bottleneck_conv.1."),
    (r"^backbone\.decoder\.pred\.0\.conv\.", "pred.0.0."),
    (r"^backbone\.decoder\.pred\.0\.bn\.", "pred.0.1."),
    (r"^backbone\.decoder\.pred\.1\.", "pred.1."),
)
_SEPARABLE = {"depthwise_conv.conv": 0, "depthwise_conv.bn": 1}
_SEPARABLE |= {"pointwise_conv.conv": 3, "pointwise_conv.bn": 4}


def published_name(key: str) -> str:
    """Translate a name of mmagic to the published name; keep a published name."""
    match = re.match(
        r"backbone\.encoder\.index_layers\.(\d)\.index_blocks\.(\d)\.(.*)\.(\w+)$", key
    )
    if match:
        layer, block, part, name = match.groups()
        place = {"0.conv": 0, "0.bn": 1, "1.conv": 3}.get(part, part)
        return f"index{INDEXED[int(layer)]}.indexnet{int(block) + 1}.{place}.{name}"
    match = re.match(r"backbone\.encoder\.dconv\.convs\.([123])\.(.*)\.(\w+)$", key)
    if match:
        branch, part, name = match.groups()
        return f"dconv_pp.aspp{int(branch) + 1}.atrous_conv.{_SEPARABLE.get(part, part)}.{name}"
    match = re.match(r"backbone\.decoder\.decoder_layers\.(\d)\.conv\.(conv|bn)\.(\w+)$", key)
    if match:
        layer, part, name = match.groups()
        return f"decoder_layer{6 - int(layer)}.dconv.{('conv', 'bn').index(part)}.{name}"
    for pattern, published in RENAMED:
        key = re.sub(pattern, published, key)
    return key


def unit(inputs: int, outputs: int, size: int, padding: int = 0) -> list[nn.Module]:
    """A convolution without bias, batch norm, ReLU6."""
    return [
        nn.Conv2d(inputs, outputs, size, padding=padding, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(inplace=True),
    ]


def depthwise(channels: int, padding: int = 0, dilation: int = 1) -> list[nn.Module]:
    """A depthwise 3x3 convolution, batch norm, ReLU6."""
    conv = nn.Conv2d(
        channels, channels, 3, padding=padding, dilation=dilation, groups=channels, bias=False
    )
    return [conv, nn.BatchNorm2d(channels), nn.ReLU6(inplace=True)]


class InvertedResidual(nn.Module):
    """MobileNetV2's block. The border is padded before the expansion, so it is not 0 after it."""

    def __init__(self, inputs: int, outputs: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        layers = unit(inputs, inner, 1) if expansion > 1 else []
        last = nn.Conv2d(inner, outputs, 1, bias=False)
        self.conv = nn.Sequential(*layers, *depthwise(inner), last, nn.BatchNorm2d(outputs))
        self.shortcut = inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H, W)."""
        y: Tensor = self.conv(F.pad(x, (1, 1, 1, 1)))
        return x + y if self.shortcut else y


class IndexMaps(nn.Module):
    """The weights of the four pixels of each 2x2 cell, for pooling and for unpooling."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        for k in range(1, CELL + 1):
            looking = nn.Conv2d(channels, channels, 4, stride=2, padding=1, bias=False)
            layers = [looking, nn.BatchNorm2d(channels), nn.ReLU6(inplace=True)]
            block = nn.Sequential(*layers, nn.Conv2d(channels, channels, 1, bias=False))
            self.add_module(f"indexnet{k}", block)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, H, W) to two of the same shape: weights that sum to 1, and free ones in (0, 1)."""
        blocks = [self.get_submodule(f"indexnet{k}")(x) for k in range(1, CELL + 1)]
        shares = torch.sigmoid(torch.stack(blocks, dim=2))
        return _spread(shares.softmax(dim=2)), _spread(shares)


def _spread(cells: Tensor) -> Tensor:
    """(N, C, 4, H, W) to (N, C, 2 H, 2 W)."""
    return F.pixel_shuffle(cells.flatten(1, 2), 2)


class Pyramid(nn.Module):
    """ASPP of separable convolutions, with the mean over the image as fifth branch."""

    def __init__(self, inputs: int, inner: int, outputs: int) -> None:
        super().__init__()
        self.aspp1 = nn.Module()
        self.aspp1.atrous_conv = nn.Sequential(*unit(inputs, inner, 1))
        for k, rate in enumerate(RATES, start=2):
            branch = nn.Module()
            separable = [*depthwise(inputs, rate, rate), *unit(inputs, inner, 1)]
            branch.atrous_conv = nn.Sequential(*separable)
            self.add_module(f"aspp{k}", branch)
        self.global_avg_pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), *unit(inputs, inner, 1))
        branches = len(RATES) + 2
        self.bottleneck_conv = nn.Sequential(*unit(branches * inner, outputs, 1))
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H, W)."""
        names = [f"aspp{k}.atrous_conv" for k in range(1, len(RATES) + 2)]
        branches = [self.get_submodule(name)(x) for name in names]
        mean = self.global_avg_pool(x).expand(-1, -1, *x.shape[2:])
        joined: Tensor = self.bottleneck_conv(torch.cat([*branches, mean], dim=1))
        return self.dropout(joined)  # type: ignore[no-any-return]


class IndexNet(nn.Module):
    """IndexNet Matting.

    Args:
        width: factor on all numbers of channels, which are rounded to even numbers of at least 2;
            1 is the published network.
    """

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        if width <= 0:
            raise ValueError(f"width must be positive, not {width}")

        def scaled(channels: int) -> int:
            return max(2, 2 * round(channels * width / 2))

        maps = [scaled(STEM), *(scaled(outputs) for _, outputs, _ in LAYERS)]
        self.layer0 = nn.Sequential(*unit(4, maps[0], 3, padding=1))
        for k, (expansion, _, blocks) in enumerate(LAYERS, start=1):
            first = InvertedResidual(maps[k - 1], maps[k], expansion)
            rest = [InvertedResidual(maps[k], maps[k], expansion) for _ in range(blocks - 1)]
            self.add_module(f"layer{k}", nn.Sequential(first, *rest))
        for k in INDEXED:
            self.add_module(f"index{k}", IndexMaps(maps[k]))
        self.dconv_pp = Pyramid(maps[7], scaled(CONTEXT), maps[6])
        outputs = [scaled(PREDICTED), scaled(STEM), *maps[1:6]]  # of decoder layers 0 to 6
        above = maps[6]
        for k in range(6, -1, -1):
            layer = nn.Module()
            layer.dconv = nn.Sequential(*unit(above + maps[k], outputs[k], 5, padding=2))
            self.add_module(f"decoder_layer{k}", layer)
            above = outputs[k]
        last = nn.Conv2d(1, 1, 5, padding=2, bias=False)
        self.pred = nn.Sequential(nn.Sequential(*unit(above, 1, 5, padding=2)), last)

    def forward(self, x: Tensor) -> Tensor:
        """Compute (N, 1, H, W) unbounded opacity.

        Args:
            x: (N, 4, H, W), H and W multiples of 32: normalised RGB, and the trimap over 255.
        """
        maps, enlarging = [], {}
        for k in range(7):
            x = self.get_submodule(f"layer{k}")(x)
            if k in INDEXED:
                pooling, enlarging[k] = self.get_submodule(f"index{k}")(x)
                x = pooling * x
            maps.append(x)
            if k in INDEXED:
                x = CELL * F.avg_pool2d(x, 2)
        x = self.dconv_pp(self.get_submodule("layer7")(x))
        for k in range(6, -1, -1):
            if k in INDEXED:
                x = self._enlarged(x, enlarging[k])
            x = self.get_submodule(f"decoder_layer{k}.dconv")(torch.cat([x, maps[k]], dim=1))
        alpha: Tensor = self.pred(x)
        return alpha

    @staticmethod
    def _enlarged(x: Tensor, indices: Tensor) -> Tensor:
        return indices * F.interpolate(x, scale_factor=2, mode="nearest")

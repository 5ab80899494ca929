"""The P3M-Net network with its ResNet-34 encoder, under the key names of the published checkpoint.

J. Li, S. Ma, J. Zhang, D. Tao, "Privacy-Preserving Portrait Matting", ACM MM 2021,
arXiv:2104.14222. Written from the paper and from notes on the published code; the state dict has
the 713 entries of ``p3mnet_pretrained_on_p3m10k.pth``.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..unpooling import pool, unpool

Maps = dict[int, Tensor]


class Named(Protocol):
    """What a network of the family returns."""

    def named(self) -> dict[str, Tensor]:
        """Return the outputs by their published names."""
        ...


class P3MNetFamily(nn.Module):
    """What the test-time procedure needs of a network for (N, 3, H, W) normalised images."""

    def forward(self, x: Tensor) -> Named:
        """All outputs."""
        raise NotImplementedError

    def classes(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) logits of background, unknown, foreground."""
        raise NotImplementedError

    def opacity(self, x: Tensor) -> Tensor:
        """(N, 1, H, W) opacity, meant for the unknown region."""
        raise NotImplementedError

    def matte(self, x: Tensor) -> Tensor:
        """(N, 1, H, W) opacity."""
        raise NotImplementedError


class P3MNetOutputs(NamedTuple):
    """The outputs of the network for a batch; every map has the size of the input.

    Attributes:
        global_: (N, 3, H, W) logits of background, unknown, foreground.
        local: (N, 1, H, W) opacity in [0, 1], for the unknown region.
        fusion: (N, 1, H, W) opacity in [0, 1]: ``local`` where the global class is unknown.
        side2, side1, side0: (N, 3, H, W) logits of the deep supervision heads.
    """

    global_: Tensor
    local: Tensor
    fusion: Tensor
    side2: Tensor
    side1: Tensor
    side0: Tensor

    def named(self) -> dict[str, Tensor]:
        """Return the outputs by their published names; ``global`` is a keyword in Python."""
        return {name.rstrip("_"): value for name, value in self._asdict().items()}


class Encoded(NamedTuple):
    """The encoder's maps: ``maps[k]`` at 1/2**k of the input's size (``maps[0]`` at its size).

    ``maps[1]`` is ``maps[0]`` after one pooling; ``indices[k]`` has the positions of the maxima in
    ``maps[k - 1]`` that the pooling to 1/2**k found.
    """

    maps: Maps
    indices: Maps


class Glance(NamedTuple):
    """The glance decoder's maps at 1/2**k: ``plain[k]``, and ``fused[k]`` after a `DeepFusion`."""

    plain: Maps
    fused: Maps


def conv3(inputs: int, outputs: int, bias: bool = True) -> nn.Conv2d:
    """A 3x3 convolution that keeps the size."""
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias)


def conv1(inputs: int, outputs: int) -> nn.Conv2d:
    """A 1x1 convolution without bias."""
    return nn.Conv2d(inputs, outputs, 1, bias=False)


def stage(*widths: int) -> nn.Sequential:
    """3x3 convolutions with batch norm and ReLU, from ``widths[0]`` channels to the last."""
    layers: list[nn.Module] = []
    for inputs, outputs in zip(widths, widths[1:], strict=False):
        layers += [conv3(inputs, outputs), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def upsample(x: Tensor, factor: int) -> Tensor:
    """Bilinear enlargement by a whole factor."""
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


def fuse(logits: Tensor, local: Tensor) -> Tensor:
    """Return (N, 1, H, W): 0 or 1 where the likeliest class is known, else ``local``."""
    label = logits.argmax(dim=1, keepdim=True)
    return torch.where(label == 1, local, (label == 2).to(local.dtype))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut; the stride is 1 throughout (He et al., 2016)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = conv3(inputs, outputs, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3(outputs, outputs, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if inputs != outputs:
            self.downsample = nn.Sequential(conv1(inputs, outputs), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H, W)."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        out: Tensor = self.relu(self.bn2(self.conv2(x)) + shortcut)
        return out


class ResNet34Pooled(nn.Module):
    """The parts of a ResNet-34 with max pooling with indices in place of strides.

    The class is a container: `P3MNet` defines the order of the parts. ``fc`` is never used, but the
    checkpoint contains it.
    """

    def __init__(self, base: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, base, 7, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(base)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = self._layer(base, base, 3)
        self.layer2 = self._layer(base, 2 * base, 4)
        self.layer3 = self._layer(2 * base, 4 * base, 6)
        self.layer4 = self._layer(4 * base, 8 * base, 3)
        self.fc = nn.Linear(8 * base, 1000)

    @staticmethod
    def _layer(inputs: int, outputs: int, blocks: int) -> nn.Sequential:
        rest = [BasicBlock(outputs, outputs) for _ in range(blocks - 1)]
        return nn.Sequential(BasicBlock(inputs, outputs), *rest)


class TripleFusion(nn.Module):
    """TFI: the glance decoder, the matting decoder and the encoder at one scale."""

    def __init__(self, planes: int) -> None:
        super().__init__()
        self.transform = conv1(planes, planes // 2)
        self.conv1 = conv3(3 * (planes // 2), planes, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, glance: Tensor, matting: Tensor, encoder: Tensor) -> Tensor:
        """Fuse three (N, planes, H, W) into one; all three pass the same 1x1 convolution."""
        parts = [self.transform(x) for x in (glance, matting, encoder)]
        fused: Tensor = self.relu(self.bn1(self.conv1(torch.cat(parts, dim=1))))
        return fused


class ShallowFusion(nn.Module):
    """sBFI: the encoder's full-size map into the matting decoder at 1/``stride``."""

    def __init__(self, planes: int, shallow: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.transform1 = conv1(planes, planes // 2)
        self.transform2 = conv1(shallow, planes // 2)
        self.conv1 = conv3(planes // 2 * 2, planes, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, matting: Tensor, shallow: Tensor) -> Tensor:
        """(N, planes, h, w) and (N, shallow, H, W) to (N, planes, h, w).

        The 2x2 pooling with a larger stride reads only one corner of each cell, as in the published
        network.
        """
        corner = F.max_pool2d(shallow, 2, stride=self.stride)
        parts = [self.transform1(matting), self.transform2(corner)]
        fused: Tensor = matting + self.relu(self.bn1(self.conv1(torch.cat(parts, dim=1))))
        return fused


class DeepFusion(nn.Module):
    """dBFI: the encoder's deepest map into the glance decoder, ``factor`` times its size."""

    def __init__(self, planes: int, deep: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.transform1 = conv1(planes, planes // 2)
        self.transform2 = conv1(deep, planes // 2)
        self.conv1 = conv3(planes // 2 * 2, planes, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = conv3(planes, 3, bias=False)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, glance: Tensor, deep: Tensor) -> Tensor:
        """(N, planes, h, w) and (N, deep, h / factor, w / factor) to (N, planes, h, w)."""
        enlarged = upsample(self.transform2(deep), self.factor)
        parts = [self.transform1(glance), enlarged]
        fused: Tensor = glance + self.relu(self.bn1(self.conv1(torch.cat(parts, dim=1))))
        return fused

    def side(self, fused: Tensor) -> Tensor:
        """(N, 3, H, W) logits at the input's size, from what ``forward`` returned."""
        return upsample(self.conv2(fused), 32 // self.factor)


class Parts(P3MNetFamily):
    """The encoder, and the decoder stages of P3M-Net and its ablation baseline.

    Args:
        base: channels of the first convolution; all other counts scale with it. Must be even.

    The encoder's layers are registered twice, as ``resnet.*`` and as ``encoder*``, because the
    checkpoint contains both. If they differ, the second wins.
    """

    def __init__(self, base: int) -> None:
        super().__init__()
        if base < 2 or base % 2:
            raise ValueError(f"base must be even and at least 2, not {base}")
        self.resnet = ResNet34Pooled(base)
        self.encoder0 = nn.Sequential(self.resnet.conv1, self.resnet.bn1, self.resnet.relu)
        self.encoder1 = nn.Sequential(self.resnet.layer1)
        self.encoder2 = self.resnet.layer2
        self.encoder3 = self.resnet.layer3
        self.encoder4 = self.resnet.layer4

    def add_decoders(self, base: int) -> None:
        """Register the glance and the matting decoder; they are last in the checkpoint."""
        b, deep = base, 8 * base
        self.decoder4_g = stage(deep, deep, deep, 4 * b)
        self.decoder3_g = stage(4 * b, 4 * b, 4 * b, 2 * b)
        self.decoder2_g = stage(2 * b, 2 * b, 2 * b, b)
        self.decoder1_g = stage(b, b, b, b)
        self.decoder0_g = nn.Sequential(*stage(b, b, b), conv3(b, 3))
        self.decoder4_l = stage(deep, deep, deep, 4 * b)
        self.decoder3_l = stage(4 * b, 4 * b, 4 * b, 2 * b)
        self.decoder2_l = stage(2 * b, 2 * b, 2 * b, b)
        self.decoder1_l = stage(b, b, b, b)
        self.decoder0_l = stage(b, b, b)
        self.decoder_final_l = conv3(b, 1)

    def encode(self, x: Tensor) -> Encoded:
        """Return the encoder's maps of (N, 3, H, W), and the positions of its poolings."""
        maps, indices = {0: self.encoder0(x)}, {}
        stages = (nn.Identity(), self.encoder1, self.encoder2, self.encoder3, self.encoder4)
        for k, layers in enumerate(stages, start=1):
            pooled, indices[k] = pool(maps[k - 1])
            maps[k] = layers(pooled)
        return Encoded(maps, indices)


class P3MNet(Parts):
    """P3M-Net: one encoder, a glance decoder (classes) and a matting decoder (opacity).

    Args:
        base: channels of the first convolution; all other counts scale with it. 64 is the
            published network. Must be even.
    """

    def __init__(self, base: int = 64) -> None:
        super().__init__(base)
        b, deep = base, 8 * base
        self.tfi_3 = TripleFusion(4 * b)
        self.tfi_2 = TripleFusion(2 * b)
        self.tfi_1 = TripleFusion(b)
        self.tfi_0 = TripleFusion(b)
        self.sbfi_2 = ShallowFusion(2 * b, b, stride=8)
        self.sbfi_1 = ShallowFusion(b, b, stride=4)
        self.sbfi_0 = ShallowFusion(b, b, stride=2)
        self.dbfi_2 = DeepFusion(2 * b, deep, factor=4)
        self.dbfi_1 = DeepFusion(b, deep, factor=8)
        self.dbfi_0 = DeepFusion(b, deep, factor=16)
        self.add_decoders(base)

    def forward(self, x: Tensor) -> P3MNetOutputs:
        """Compute all outputs for (N, 3, H, W) images, normalised; H and W multiples of 32."""
        encoded = self.encode(x)
        glance = self._glance(encoded)
        fused = self._last_glance(encoded, glance)
        logits = self._logits(fused)
        local = self._local(encoded, glance)
        return P3MNetOutputs(
            logits,
            local,
            fuse(logits, local),
            self.dbfi_2.side(glance.fused[3]),
            self.dbfi_1.side(glance.fused[2]),
            self.dbfi_0.side(fused),
        )

    def classes(self, x: Tensor) -> Tensor:
        """Return only the ``global`` output, without the matting decoder's work."""
        encoded = self.encode(x)
        return self._logits(self._last_glance(encoded, self._glance(encoded)))

    def opacity(self, x: Tensor) -> Tensor:
        """Return only the ``local`` output, without the glance decoder's last stage."""
        encoded = self.encode(x)
        return self._local(encoded, self._glance(encoded))

    def matte(self, x: Tensor) -> Tensor:
        """Return only the ``fusion`` output, without the deep supervision heads."""
        encoded = self.encode(x)
        glance = self._glance(encoded)
        logits = self._logits(self._last_glance(encoded, glance))
        return fuse(logits, self._local(encoded, glance))

    def _glance(self, encoded: Encoded) -> Glance:
        deep = encoded.maps[5]
        plain, fused = {}, {}
        plain[4] = upsample(self.decoder4_g(deep), 2)
        plain[3] = upsample(self.decoder3_g(plain[4]), 2)
        fused[3] = self.dbfi_2(plain[3], deep)
        plain[2] = upsample(self.decoder2_g(fused[3]), 2)
        fused[2] = self.dbfi_1(plain[2], deep)
        plain[1] = upsample(self.decoder1_g(fused[2]), 2)
        return Glance(plain, fused)

    def _last_glance(self, encoded: Encoded, glance: Glance) -> Tensor:
        fused: Tensor = self.dbfi_0(glance.plain[1], encoded.maps[5])
        return fused

    def _logits(self, fused: Tensor) -> Tensor:
        return upsample(self.decoder0_g(fused), 2)

    def _local(self, encoded: Encoded, glance: Glance) -> Tensor:
        maps, indices = encoded
        x = unpool(self.decoder4_l(maps[5]), indices[5])
        x = self.tfi_3(glance.plain[4], x, maps[4])
        x = unpool(self.decoder3_l(x), indices[4])
        x = self.sbfi_2(self.tfi_2(glance.plain[3], x, maps[3]), maps[0])
        x = unpool(self.decoder2_l(x), indices[3])
        x = self.sbfi_1(self.tfi_1(glance.plain[2], x, maps[2]), maps[0])
        x = unpool(self.decoder1_l(x), indices[2])
        x = self.sbfi_0(self.tfi_0(glance.plain[1], x, maps[1]), maps[0])
        x = unpool(self.decoder0_l(x), indices[1])
        return torch.sigmoid(self.decoder_final_l(x))

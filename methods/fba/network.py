"""The FBA Matting network, under the key names of the published checkpoint.

M. Forte, F. Pitie, "F, B, Alpha Matting", arXiv:2003.07711: a dilated ResNet-50 with group
normalisation and weight standardisation, a pyramid-pooling decoder that answers alpha, foreground
and background at once, and one closed-form step that makes the three agree with the image. Written
from the paper and from notes on github.com/MarcoForte/FBA_Matting at 8dd100d (networks/); the state
dict has the 197 entries of ``FBA.pth``.

Decisions:

* The checkpoint holds raw weights. The published code standardises them in place whenever its mode
  is set, which drifts if done twice and leaves training without a gradient through it. Here it is
  part of the forward pass; `FBANet.settle` makes it permanent, once, for inference.
* ``FBA.pth`` was published with code of 2020 that standardised by another formula; see
  `Standardisation`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..inference import published_times

PUBLISHED_BASE = 64
GROUPS = 32  # of every group norm, at the published width
POOLED_SIDES = (1, 2, 3, 6)
STEM_INPUTS = 11  # normalised RGB, six distance maps, two trimap planes
TRUST = 0.1  # weight of the decoder's own alpha in the fusion step (lambda in the published code)
EPSILON = 1e-5


def base_of(width: float) -> int:
    """The base of a network ``width`` times as wide as the published one."""
    return published_times(PUBLISHED_BASE, width, 4)


class Standardisation(StrEnum):
    """How a filter is brought to mean 0 and spread 1."""

    HEAD = "head"  # divided by sqrt(biased variance + 1e-5): the published code today
    PUBLISHED_2020 = "2020"  # divided by unbiased deviation + 1e-5: the code FBA.pth came with


class FBAOutputs(NamedTuple):
    """What the network says of a batch, everything in [0, 1].

    Attributes:
        alpha: (N, 1, H, W) opacity.
        fg, bg: (N, 3, H, W) colour of foreground and background.
    """

    alpha: Tensor
    fg: Tensor
    bg: Tensor


def standardised(weight: Tensor, how: Standardisation) -> Tensor:
    """(out, in, h, w) filters, each with mean 0 and spread 1.

    Batch norm's own kernel does ``HEAD``, as in the published code: the network answers the
    rounding of another formula with 4e-4 in alpha.
    """
    flat = weight.flatten(1)
    if how is Standardisation.HEAD:
        normed = F.batch_norm(flat[None], None, None, training=True, eps=EPSILON)
        return normed.view_as(weight)
    centred = flat - flat.mean(dim=1, keepdim=True)
    return (centred / (flat.std(dim=1, keepdim=True) + EPSILON)).view_as(weight)


class StandardisedConv2d(nn.Conv2d):
    """A convolution whose filters are standardised on their way in (Qiao et al., 2019)."""

    how: Standardisation | None = Standardisation.HEAD  # None: the weights are standardised already

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) to (N, out, H', W')."""
        weight = self.weight if self.how is None else standardised(self.weight, self.how)
        return F.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation)


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions with a shortcut; the stride is on the 3x3 (He et al., 2016).

    Args:
        inputs: channels in.
        planes: channels of the 3x3; four times as many come out.
        groups: of the group norms.
        stride: of the 3x3 and of the shortcut's projection.
        dilation: of the 3x3.
        project: whether the shortcut is a 1x1 convolution.
    """

    def __init__(
        self, inputs: int, planes: int, groups: int, stride: int, dilation: int, project: bool
    ) -> None:
        super().__init__()
        outputs = 4 * planes
        self.conv1 = StandardisedConv2d(inputs, planes, 1, bias=False)
        self.bn1 = nn.GroupNorm(groups, planes)
        self.conv2 = StandardisedConv2d(
            planes, planes, 3, stride, padding=dilation, dilation=dilation, bias=False
        )
        self.bn2 = nn.GroupNorm(groups, planes)
        self.conv3 = StandardisedConv2d(planes, outputs, 1, bias=False)
        self.bn3 = nn.GroupNorm(groups, outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if project:
            self.downsample = nn.Sequential(
                StandardisedConv2d(inputs, outputs, 1, stride, bias=False),
                nn.GroupNorm(groups, outputs),
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, 4 * planes, H / stride, W / stride)."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.bn3(self.conv3(self.relu(self.bn2(self.conv2(x)))))
        summed: Tensor = self.relu(x + shortcut)
        return summed


class Encoder(nn.Module):
    """A ResNet-50 that stops shrinking at 1/8 and dilates instead."""

    def __init__(self, base: int, groups: int) -> None:
        super().__init__()
        b = base
        self.conv1 = StandardisedConv2d(STEM_INPUTS, b, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.GroupNorm(groups, b)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = self._layer(3, b, b, groups)
        self.layer2 = self._layer(4, 4 * b, 2 * b, groups, stride=2)
        self.layer3 = self._layer(6, 8 * b, 4 * b, groups, dilation=2)
        self.layer4 = self._layer(3, 16 * b, 8 * b, groups, dilation=4)

    @staticmethod
    def _layer(
        blocks: int, inputs: int, planes: int, groups: int, stride: int = 1, dilation: int = 1
    ) -> nn.Sequential:
        """``blocks`` of them. The first one, which in ResNet-50 has the stride, dilates half."""
        first = Bottleneck(inputs, planes, groups, stride, max(1, dilation // 2), project=True)
        rest = [
            Bottleneck(4 * planes, planes, groups, 1, dilation, project=False)
            for _ in range(blocks - 1)
        ]
        return nn.Sequential(first, *rest)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(N, 11, H, W) to the maps at 1/2, 1/4 and 1/8 of the size."""
        half = self.relu(self.bn1(self.conv1(x)))
        quarter = self.layer1(self.maxpool(half))
        return half, quarter, self.layer4(self.layer3(self.layer2(quarter)))


def convolved(inputs: int, outputs: int, size: int, groups: int) -> list[nn.Module]:
    """A standardised convolution with bias that keeps the size, group norm, leaky ReLU."""
    return [
        StandardisedConv2d(inputs, outputs, size, padding=size // 2),
        nn.GroupNorm(groups, outputs),
        nn.LeakyReLU(),
    ]


def double(x: Tensor) -> Tensor:
    """Bilinear enlargement by two."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class Decoder(nn.Module):
    """Pyramid pooling of the deepest map, then three doublings; 7 planes come out, unbounded."""

    def __init__(self, base: int, groups: int) -> None:
        super().__init__()
        b, deep = base, 32 * base
        self.ppm = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(side), *convolved(deep, 4 * b, 1, groups))
            for side in POOLED_SIDES
        )
        pyramid = deep + len(POOLED_SIDES) * 4 * b
        self.conv_up1 = nn.Sequential(
            *convolved(pyramid, 4 * b, 3, groups), *convolved(4 * b, 4 * b, 3, groups)
        )
        self.conv_up2 = nn.Sequential(*convolved(4 * b + 4 * b, 4 * b, 3, groups))
        self.conv_up3 = nn.Sequential(*convolved(4 * b + b, b, 3, groups))
        self.conv_up4 = nn.Sequential(  # plain: neither standardised nor normalised
            nn.Conv2d(b + 3 + 3 + 2, b // 2, 3, padding=1),
            nn.LeakyReLU(),
            nn.Conv2d(b // 2, b // 4, 3, padding=1),
            nn.LeakyReLU(),
            nn.Conv2d(b // 4, 7, 1),
        )

    def forward(self, maps: tuple[Tensor, Tensor, Tensor], full: Tensor) -> Tensor:
        """The encoder's maps and 8 planes at full size to (N, 7, H, W)."""
        half, quarter, deep = maps
        pooled = [
            F.interpolate(branch(deep), deep.shape[2:], mode="bilinear", align_corners=False)
            for branch in self.ppm
        ]
        x = self.conv_up1(torch.cat([deep, *pooled], dim=1))
        x = self.conv_up2(torch.cat([double(x), quarter], dim=1))
        x = self.conv_up3(torch.cat([double(x), half], dim=1))
        answer: Tensor = self.conv_up4(torch.cat([double(x), full], dim=1))
        return answer


def fuse(alpha: Tensor, fg: Tensor, bg: Tensor, image: Tensor) -> FBAOutputs:
    """One step towards image = alpha * fg + (1 - alpha) * bg, for each of the three in turn.

    The background is updated with the foreground already updated, as in the published code, and
    alpha with both.
    """
    mixed = alpha * (1 - alpha)
    fg = alpha * image + (1 - alpha**2) * fg - mixed * bg
    bg = (1 - alpha) * image + (2 * alpha - alpha**2) * bg - mixed * fg
    fg, bg = fg.clamp(0, 1), bg.clamp(0, 1)
    span = fg - bg
    along = ((image - bg) * span).sum(dim=1, keepdim=True)
    length = (span * span).sum(dim=1, keepdim=True)
    return FBAOutputs(((alpha * TRUST + along) / (length + TRUST)).clamp(0, 1), fg, bg)


class FBANet(nn.Module):
    """FBA Matting: encoder, decoder, fusion.

    Args:
        base: channels of the first convolution; all other counts, and the groups of the group
            norms, scale with it. 64 is the published network. A multiple of 4.
        standardisation: by which formula filters are standardised.
    """

    def __init__(
        self, base: int = PUBLISHED_BASE, standardisation: Standardisation = Standardisation.HEAD
    ) -> None:
        super().__init__()
        if base < 4 or base % 4:
            raise ValueError(f"base must be a multiple of 4 and at least 4, not {base}")
        groups = base * GROUPS // 64
        self.encoder = Encoder(base, groups)
        self.decoder = Decoder(base, groups)
        for conv in self._standardised():
            conv.how = standardisation

    def forward(
        self, image: Tensor, trimap: Tensor, normalised: Tensor, maps: Tensor
    ) -> FBAOutputs:
        """All outputs; H and W multiples of 8.

        Args:
            image: (N, 3, H, W) RGB in [0, 1].
            trimap: (N, 2, H, W), 1 where known background and where known foreground, else 0.
            normalised: ``image`` with ImageNet's mean and spread taken out.
            maps: (N, 6, H, W) nearness to the known background and foreground; see
                `.inputs.distance_maps`.
        """
        encoded = self.encoder(torch.cat([normalised, maps, trimap], dim=1))
        answer = self.decoder(encoded, torch.cat([normalised, image, trimap], dim=1))
        alpha, colours = answer[:, :1].clamp(0, 1), torch.sigmoid(answer[:, 1:])
        return fuse(alpha, colours[:, :3], colours[:, 3:], image)

    @torch.no_grad()
    def settle(self) -> None:
        """Standardise every filter for good, so that a forward pass need not; for inference.

        The state dict is no longer that of a checkpoint afterwards. A second call does nothing.
        """
        for conv in self._standardised():
            if conv.how is not None:
                conv.weight.copy_(standardised(conv.weight, conv.how))
                conv.how = None

    def _standardised(self) -> list[StandardisedConv2d]:
        return [part for part in self.modules() if isinstance(part, StandardisedConv2d)]

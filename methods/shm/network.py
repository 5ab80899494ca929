"""Semantic Human Matting (Chen et al., ACM MM 2018, arXiv 1809.01354).

A T-Net guesses a trimap, an M-Net a matte from image and trimap; the fusion keeps the guessed
foreground and lets the M-Net decide where the guess is unsure: alpha = F + U * alpha_r, with F and
U the T-Net's probabilities of foreground and unknown (the paper's equation 4).

Its authors released no code. What the paper leaves open follows the public re-implementation
nikhilweee/semantic-human-matting (77b4691), whose names of tensors are kept, so that its
checkpoints load:

- T-Net: PSPNet-50 with the three-convolution stem, dilated from the third stage on, pooled to 1,
  2, 3 and 6 cells; an auxiliary head is part of the weights and used in training alone.
- M-Net: the thirteen convolutions of VGG-16 with batch normalisation and four poolings, a decoder
  of 5x5 convolutions after unpooling, no skips and, in both public re-implementations, no
  activation but the last sigmoid.
- Classes in the order background, unknown, foreground.

One decision departs from it: the paper feeds the M-Net with the T-Net's *softmax* probabilities,
the re-implementation feeds raw logits. The paper's way is the default; ``guide="logits"`` is the
other, for checkpoints trained so and for the comparison with its outputs.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..inference import published_times

PUBLISHED_BASE = 64
Guide = Literal["softmax", "logits"]
BACKGROUND, UNKNOWN, FOREGROUND = range(3)
BLOCKS = (3, 4, 6, 3)  # of ResNet-50
CELLS = (1, 2, 3, 6)  # of the pyramid pooling
EXPANSION = 4
ENCODER = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # of VGG-16: width, convolutions


def base_of(width: float) -> int:
    """The base of a network ``width`` times as wide as the published one."""
    return published_times(PUBLISHED_BASE, width, 4)


class SHMOutputs(NamedTuple):
    """What the network gives for (N, 3, H, W) images.

    Attributes:
        trimap_logits: (N, 3, H, W), background, unknown, foreground.
        alpha: (N, 1, H, W) in [0, 1], the fused matte.
        raw: (N, 1, H, W) in (0, 1), the M-Net's matte.
        auxiliary: (N, 3, H, W) logits of the auxiliary head; empty unless in training.
    """

    trimap_logits: Tensor
    alpha: Tensor
    raw: Tensor
    auxiliary: Tensor


class SHM(nn.Module):
    """The whole method.

    Args:
        base: channels of the first stage of both networks; 64 is the published width.
        guide: what the M-Net is told of the trimap, see the module's docstring.
    """

    def __init__(self, base: int = PUBLISHED_BASE, guide: Guide = "softmax") -> None:
        super().__init__()
        self.guide = guide
        self.tnet = TNet(base)
        self.mnet = MNet(base)

    def forward(self, image: Tensor, trimap: Tensor | None = None) -> SHMOutputs:
        """From (N, 3, H, W) RGB in [0, 1], sides multiples of 16, to `SHMOutputs`.

        ``trimap``, (N, 3, H, W) shares of the classes, takes the place of the T-Net's guess when
        the M-Net is trained alone.
        """
        logits, auxiliary = self.tnet(image)
        shares = logits.softmax(dim=1) if trimap is None else trimap
        guide = logits if self.guide == "logits" and trimap is None else shares
        raw = self.mnet(torch.cat([image, guide], dim=1))
        alpha = shares[:, FOREGROUND, None] + shares[:, UNKNOWN, None] * raw
        return SHMOutputs(logits, alpha, raw, auxiliary)


class TNet(nn.Module):
    """PSPNet-50: (N, 3, H, W) -> logits of the three classes at the same size."""

    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential
    layer4: nn.Sequential

    def __init__(self, base: int) -> None:
        super().__init__()
        self.layer0 = nn.Sequential(
            *_unit(3, base, stride=2),
            *_unit(base, base),
            *_unit(base, 2 * base),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        width = 2 * base
        for stage, blocks in enumerate(BLOCKS):
            planes, dilation = base << stage, (1, 1, 2, 4)[stage]
            stride = 2 if stage == 1 else 1
            layers = [Bottleneck(width, planes, stride, dilation)]
            width = EXPANSION * planes
            layers += [Bottleneck(width, planes, 1, dilation) for _ in range(blocks - 1)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
        self.ppm = PyramidPooling(width, width // len(CELLS))
        self.cls = _head(2 * width, 8 * base)
        self.aux = _head(width // 2, 4 * base)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, and those of the auxiliary head in training (else an empty tensor)."""
        size = image.shape[2:]
        x = self.layer2(self.layer1(self.layer0(image)))
        middle = self.layer3(x)
        logits = _enlarged(self.cls(self.ppm(self.layer4(middle))), size)
        if not self.training:
            return logits, logits.new_empty(0)
        return logits, _enlarged(self.aux(middle), size)


class Bottleneck(nn.Module):
    """ResNet's bottleneck with a dilated 3x3 convolution that carries the stride."""

    def __init__(self, width: int, planes: int, stride: int, dilation: int) -> None:
        super().__init__()
        out = EXPANSION * planes
        self.conv1 = nn.Conv2d(width, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.downsample = None
        if stride != 1 or width != out:
            shortcut = nn.Conv2d(width, out, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) -> (N, 4 planes, H / stride, W / stride)."""
        kept = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        return F.relu(self.bn3(self.conv3(x)) + kept)


class PyramidPooling(nn.Module):
    """Means over 1, 2, 3 and 6 cells a side, projected, enlarged and put behind the input."""

    def __init__(self, width: int, projected: int) -> None:
        super().__init__()
        self.features = nn.ModuleList(
            nn.Sequential(
                nn.AdaptiveAvgPool2d(cells),
                nn.Conv2d(width, projected, 1, bias=False),
                nn.BatchNorm2d(projected),
                nn.ReLU(inplace=True),
            )
            for cells in CELLS
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, 2 C, H, W)."""
        return torch.cat([x, *(_enlarged(f(x), x.shape[2:]) for f in self.features)], dim=1)


class MNet(nn.Module):
    """VGG-16 without skips: (N, 6, H, W) image and trimap -> (N, 1, H, W) matte in (0, 1)."""

    down5: Down

    def __init__(self, base: int) -> None:
        super().__init__()
        widths = [width * base // 64 for width, _ in ENCODER]
        for i, (_, convolutions) in enumerate(ENCODER):
            setattr(self, f"down{i + 1}", Down([6, *widths][i], widths[i], convolutions))
        self.up5 = Up(widths[4], widths[3])
        for i in (4, 3, 2):
            setattr(self, f"up{i}", Up(widths[i - 1], widths[i - 2]))
        self.up1 = Up(widths[0], 1)

    def forward(self, x: Tensor) -> Tensor:
        """Encode, remembering where maxima were, and decode by putting values back there."""
        places = []
        for i in range(1, 5):
            x, where = F.max_pool2d(getattr(self, f"down{i}")(x), 2, return_indices=True)
            places.append(where)
        x = self.up5(self.down5(x))
        for i in (4, 3, 2, 1):
            x = F.max_unpool2d(x.contiguous(), places[i - 1].contiguous(), (2, 2))
            x = getattr(self, f"up{i}")(x)
        return torch.sigmoid(x)


class Unit(nn.Module):
    """A convolution with batch normalisation; the caller applies the activation."""

    def __init__(self, width: int, out: int, kernel: int) -> None:
        super().__init__()
        convolution = nn.Conv2d(width, out, kernel, padding=kernel // 2)
        self.cbr_unit = nn.Sequential(convolution, nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) -> (N, out, H, W)."""
        normalised: Tensor = self.cbr_unit(x)
        return normalised


class Down(nn.Module):
    """A stage of the encoder: two or three 3x3 convolutions."""

    def __init__(self, width: int, out: int, convolutions: int) -> None:
        super().__init__()
        self.names = [f"conv{i + 1}" for i in range(convolutions)]
        for i, name in enumerate(self.names):
            setattr(self, name, Unit(width if i == 0 else out, out, 3))

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) -> (N, out, H, W)."""
        for name in self.names:
            x = F.relu(getattr(self, name)(x))
        return x


class Up(nn.Module):
    """A stage of the decoder: one 5x5 convolution."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.conv = Unit(width, out, 5)

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) -> (N, out, H, W)."""
        decoded: Tensor = self.conv(x)
        return decoded


def _unit(width: int, out: int, stride: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(width, out, 3, stride, 1, bias=False)
    return [convolution, nn.BatchNorm2d(out), nn.ReLU(inplace=True)]


def _head(width: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(*_unit(width, hidden), nn.Dropout2d(0.1), nn.Conv2d(hidden, 3, 1))


def _enlarged(x: Tensor, size: torch.Size) -> Tensor:
    return F.interpolate(x, size=size, mode="bilinear", align_corners=True)

"""GCA: opacity flows to where it is unknown from where the image looks alike.

Y. Li, H. Lu, "Natural Image Matting via Guided Contextual Attention", AAAI 2020,
arXiv:2001.04069. A U-Net of residual blocks with spectral normalisation; before 1/16 and after it
*guided contextual attention* replaces patches of the opacity features by a mixture of others,
weighted by how alike the low-level features of the image are there. Written from the paper and from
notes on github.com/Yaoyi-Li/GCA-Matting at 5a999be (resnet_gca_encoder_29, res_gca_decoder_22); the
state dict has the 578 entries of ``gca-dist.pth``. github.com/open-mmlab/mmagic has the same
network under other names (`published_name`), but normalises transposed convolutions along the other
axis.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..inference import published_times
from ..spectral import SLOPE, SpectralConv, SpectralDoubling, decoder_stage, shortcut

PUBLISHED_BASE = 32
BLOCKS = (3, 4, 4, 2)  # of the encoder's stages
DECODER_BLOCKS = (2, 3, 3, 2)
GUIDANCE = (16, 32, 128)  # channels of the guidance, at 1/2, 1/4 and 1/8
SELF = -1e4  # added where an unknown patch would attend to itself
SMALLEST = 1e-4  # norm of a patch, at least
SCALES = (0.1, 10.0)  # of the attention's logits

# what a part of a name is called by mmagic and in the published checkpoint, in this order
RENAMED = (
    (r"^backbone\.", ""),
    (r"^encoder\.layer4\.", "encoder.layer_bottleneck."),
    (r"\.interpolation\.1\.conv\.", ".{side}.1.conv."),
    (r"\.interpolation\.1\.bn\.", ".{side}.2."),
    (r"\.gca\.out_conv\.conv\.", ".gca.W.0."),
    (r"\.gca\.out_conv\.bn\.", ".gca.W.1."),
    (r"^(encoder\.shortcut\.\d)\.0\.conv\.", r"\1.0.conv."),
    (r"^(encoder\.shortcut\.\d)\.0\.bn\.", r"\1.2."),
    (r"^(encoder\.shortcut\.\d)\.1\.conv\.", r"\1.3.conv."),
    (r"^(encoder\.shortcut\.\d)\.1\.bn\.", r"\1.5."),
    (r"^decoder\.conv2\.conv\.", "decoder.conv2."),
    (r"\.conv(\d)\.bn\.", r".bn\1."),
    (r"\.conv\.weight_orig$", ".module.weight_bar"),
    (r"\.conv\.(weight_[uv])$", r".module.\1"),
)


def base_of(width: float) -> int:
    """The base of a network ``width`` times as wide as the published one."""
    return published_times(PUBLISHED_BASE, width, 2)


def published_name(key: str) -> str:
    """The published name of one of mmagic's; a published name stays as it is."""
    if not key.startswith("backbone."):
        return key
    match = re.match(r"backbone\.encoder\.guidance_head\.(\d)\.(conv|bn)\.(\w+)$", key)
    if match:
        place, part, name = int(match[1]), match[2], match[3]
        if part == "bn":
            return f"encoder.guidance_head.{4 * place + 3}.{name}"
        return f"encoder.guidance_head.{4 * place + 1}.module.{name.replace('_orig', '_bar')}"
    side = "downsample" if ".encoder." in key else "upsample"
    for pattern, published in RENAMED:
        key = re.sub(pattern, published.replace("{side}", side), key)
    return key


def is_mmagic(key: str) -> bool:
    """Whether a name is one of mmagic's."""
    return key.startswith("backbone.encoder.")


class Attended(NamedTuple):
    """What the decoder takes over from the encoder.

    Attributes:
        deep: (N, 512, H / 32, W / 32).
        shortcuts: maps at 1, 1/2, 1/4, 1/8 and 1/16 of the size.
        guidance: (N, 128, H / 8, W / 8), low-level features of the image.
        unknown: (N, 1, H / 8, W / 8), 1 in the unknown region.
    """

    deep: Tensor
    shortcuts: list[Tensor]
    guidance: Tensor
    unknown: Tensor


class EncoderBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut, which averages where the stride is 2."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = SpectralConv(inputs, outputs, 3, stride)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.activation = nn.ReLU(inplace=True)
        self.conv2 = SpectralConv(outputs, outputs, 3)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1:
            pooled, mixed = nn.AvgPool2d(2, stride), SpectralConv(inputs, outputs, 1)
            self.downsample = nn.Sequential(pooled, mixed, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        kept = x if self.downsample is None else self.downsample(x)
        x = self.activation(self.bn1(self.conv1(x)))
        out: Tensor = self.activation(self.bn2(self.conv2(x)) + kept)
        return out


def encoder_stage(inputs: int, outputs: int, blocks: int, stride: int) -> nn.Sequential:
    """``blocks`` encoder blocks, the first with a stride."""
    rest = [EncoderBlock(outputs, outputs) for _ in range(blocks - 1)]
    return nn.Sequential(EncoderBlock(inputs, outputs, stride), *rest)


class GuidedAttention(nn.Module):
    """Guided contextual attention, at 1/8 of the image's size.

    Each 4x4 patch of the opacity features becomes a mixture of all of them; the weights are the
    softmax of how alike the 3x3 patches of the guidance (of half the size) are. The result passes a
    1x1 convolution and is added to what was there.
    """

    def __init__(self, channels: int, guidance: int) -> None:
        super().__init__()
        self.guidance_conv = nn.Conv2d(guidance, guidance // 2, 1)
        scaled = nn.BatchNorm2d(channels)
        nn.init.constant_(scaled.weight, 1e-3)
        self.W = nn.Sequential(nn.Conv2d(channels, channels, 1, bias=False), scaled)

    def forward(self, guidance: Tensor, x: Tensor, unknown: Tensor) -> Tensor:
        """(N, C, h, w), h and w even; ``guidance`` and ``unknown`` have its size."""
        guidance = _halved(self.guidance_conv(guidance))
        unknown = _halved(unknown)
        looks = _patches(guidance, 3, 1)
        keys = looks / looks.norm(dim=1, keepdim=True).clamp(min=SMALLEST)
        strange = (_patches(unknown, 3, 1).mean(dim=1) > 0).to(x.dtype)  # (N, patches)
        scores = keys.transpose(1, 2) @ looks * self._scale(unknown, strange)[:, :, None]
        scores = scores + SELF * torch.diag_embed(strange)
        weights = scores.softmax(dim=1)
        mixed = F.fold(_patches(x, 4, 2) @ weights, x.shape[2:], 4, padding=1, stride=2)
        out: Tensor = x + self.W(mixed / 4)
        return out

    @staticmethod
    def _scale(unknown: Tensor, strange: Tensor) -> Tensor:
        """(N, patches): unknown patches count the more, the larger the unknown region is."""
        share = unknown.mean(dim=(2, 3))
        ratio = (share / (1 - share)).sqrt()
        return torch.where(strange > 0, ratio.clamp(*SCALES), (1 / ratio).clamp(*SCALES))


def _halved(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=0.5, mode="nearest")


def _patches(x: Tensor, size: int, stride: int) -> Tensor:
    """(N, C size^2, patches): the patches of a map with one reflected pixel around it."""
    return F.unfold(F.pad(x, (1, 1, 1, 1), mode="reflect"), size, stride=stride)


class Encoder(nn.Module):
    """Residual stages to 1/32, attention at 1/8, and a small network that sees colours only."""

    def __init__(self, base: int) -> None:
        super().__init__()
        b = base
        self.conv1 = SpectralConv(6, b, 3, 2)
        self.conv2 = SpectralConv(b, b, 3)
        self.conv3 = SpectralConv(b, 2 * b, 3, 2)
        self.bn1 = nn.BatchNorm2d(b)
        self.bn2 = nn.BatchNorm2d(b)
        self.bn3 = nn.BatchNorm2d(2 * b)
        self.activation = nn.ReLU(inplace=True)
        self.layer1 = encoder_stage(2 * b, 2 * b, BLOCKS[0], 1)
        self.layer2 = encoder_stage(2 * b, 4 * b, BLOCKS[1], 2)
        self.layer3 = encoder_stage(4 * b, 8 * b, BLOCKS[2], 2)
        self.layer_bottleneck = encoder_stage(8 * b, 16 * b, BLOCKS[3], 2)
        ends = ((6, b), (b, b), (2 * b, 2 * b), (4 * b, 4 * b), (8 * b, 8 * b))
        self.shortcut = nn.ModuleList(shortcut(*pair) for pair in ends)
        guidance = [3, *(max(2, channels * b // 32) for channels in GUIDANCE)]
        layers: list[nn.Module] = []
        for inputs, outputs in zip(guidance, guidance[1:], strict=False):
            layers += [nn.ReflectionPad2d(1), SpectralConv(inputs, outputs, 3, 2, padding=0)]
            layers += [nn.ReLU(inplace=True), nn.BatchNorm2d(outputs)]
        self.guidance_head = nn.Sequential(*layers)
        self.gca = GuidedAttention(4 * b, guidance[-1])

    def forward(self, x: Tensor) -> Attended:
        """See `GCA.forward`."""
        out = self.activation(self.bn1(self.conv1(x)))
        half = self.activation(self.bn2(self.conv2(out)))
        quarter = self.layer1(self.activation(self.bn3(self.conv3(half))))
        guidance = self.guidance_head(x[:, :3])
        unknown = F.interpolate(x[:, 4:5], scale_factor=1 / 8, mode="nearest")
        eighth = self.gca(guidance, self.layer2(quarter), unknown)
        sixteenth = self.layer3(eighth)
        maps = (x, half, quarter, eighth, sixteenth)
        kept = [layers(one) for layers, one in zip(self.shortcut, maps, strict=True)]
        return Attended(self.layer_bottleneck(sixteenth), kept, guidance, unknown)


class Decoder(nn.Module):
    """Residual stages back to full size, with attention at 1/8."""

    def __init__(self, base: int, rows: int) -> None:
        super().__init__()
        b = base
        self.conv1 = SpectralDoubling(b, rows)
        self.bn1 = nn.BatchNorm2d(b)
        self.activation = nn.LeakyReLU(SLOPE, inplace=True)
        self.conv2 = nn.Conv2d(b, 1, 3, padding=1)
        self.layer1 = decoder_stage(16 * b, 8 * b, DECODER_BLOCKS[0], rows)
        self.layer2 = decoder_stage(8 * b, 4 * b, DECODER_BLOCKS[1], rows)
        self.layer3 = decoder_stage(4 * b, 2 * b, DECODER_BLOCKS[2], rows)
        self.layer4 = decoder_stage(2 * b, b, DECODER_BLOCKS[3], rows)
        self.gca = GuidedAttention(4 * b, max(2, GUIDANCE[-1] * b // 32))

    def forward(self, seen: Attended) -> Tensor:
        """(N, 1, H, W), unbounded."""
        full, half, quarter, eighth, sixteenth = seen.shortcuts
        x = self.layer1(seen.deep) + sixteenth
        x = self.gca(seen.guidance, self.layer2(x) + eighth, seen.unknown)
        x = self.layer3(x) + quarter
        x = self.layer4(x) + half
        x = self.activation(self.bn1(self.conv1(x))) + full
        answer: Tensor = self.conv2(x)
        return answer


class GCA(nn.Module):
    """GCA Matting.

    Args:
        base: channels of the first convolution; all other counts scale with it. 32 is the published
            network. Must be even.
        rows: axis that the spectral norm of transposed convolutions takes for rows: 0 as its
            authors do, 1 as PyTorch and mmagic do.
    """

    def __init__(self, base: int = PUBLISHED_BASE, rows: int = 0) -> None:
        super().__init__()
        if base < 2 or base % 2:
            raise ValueError(f"base must be even and at least 2, not {base}")
        self.encoder = Encoder(base)
        self.decoder = Decoder(base, rows)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, H, W) opacity in (0, 1).

        Args:
            x: (N, 6, H, W), H and W multiples of 32: normalised RGB, and 1 where the trimap says
                background, unknown, foreground. Memory grows with the square of H W.
        """
        return (torch.tanh(self.decoder(self.encoder(x))) + 1) / 2

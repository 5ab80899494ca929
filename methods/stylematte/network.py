"""The StyleMatte network, under the key names of the published checkpoints.

S. Chicherin, K. Efremyan, "Adversarially-Guided Portrait Matting", arXiv:2305.02981. Mask2Former's
pixel-level module (Swin-T and a deformable decoder, of the ``transformers`` package) gives four
maps; a feature pyramid fuses them into a matte at a quarter of the size, and a fast guided filter
carries it to full size. Facts on layers, sizes and key names come from stylematte/models.py of
github.com/chroneus/stylematte (7f5dbba). The code is ours. Nothing is downloaded.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import Mask2FormerConfig, SwinConfig
from transformers.models.mask2former.modeling_mask2former import Mask2FormerPixelLevelModule

from ..inference import IMAGENET_MEAN, IMAGENET_STD, normalised, published_times
from .names import INDEX, TABLE, published_name, relative_positions

FEATURES, EMBEDDED = 256, 96
WINDOW = 7
SMALL = 4  # the matte before the guided filter is smaller than the image by this factor
EPSILON = 1e-8
(RED, GREEN, BLUE), (R, G, B) = IMAGENET_MEAN, IMAGENET_STD
UNDONE_MEAN, UNDONE_STD = (-RED / R, -GREEN / G, -BLUE / B), (1 / R, 1 / G, 1 / B)  # undo these


def configuration(width: float) -> Mask2FormerConfig:
    """Mask2Former with Swin-T, for a network ``width`` times as wide as the published one."""
    features = published_times(FEATURES, width, 32)
    backbone: dict[str, Any] = dict(
        embed_dim=published_times(EMBEDDED, width, 24),
        depths=[2, 2, 6, 2],
        num_heads=[3, 6, 12, 24],
        window_size=WINDOW,
        out_features=[f"stage{k}" for k in range(1, 5)],
    )
    return Mask2FormerConfig(
        backbone_config=SwinConfig(**backbone),
        feature_size=features,
        mask_feature_size=features,
        hidden_dim=features,
        encoder_feedforward_dim=4 * features,
    )


class Fusion(nn.Module):
    """A feature pyramid from 1/32 of the size to 1/4; one convolution smooths all its steps."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.conv1x1 = nn.ModuleList(nn.Conv2d(features, features, 1) for _ in range(3))
        smooth = nn.Conv2d(features, features, 3, padding=1)
        self.smooth_conv = nn.ModuleList([smooth] * 3)
        self.conv_fusion = nn.Sequential(
            nn.Conv2d(2 * features, features, 3, padding=1, bias=False),
            nn.BatchNorm2d(features),
            nn.ReLU(inplace=True),
        )

    def forward(self, maps: list[Tensor]) -> Tensor:
        """(N, features, H, W) maps, the smallest first, to one of the last one's size."""
        last = maps[3]
        small = [layer(x) for layer, x in zip(self.conv1x1, maps[:3], strict=True)]
        x = small[0]
        for smooth, larger in zip(self.smooth_conv, [*small[1:], last], strict=True):
            x = larger + _enlarged(smooth(x), larger.shape[2:])
        fused: Tensor = self.conv_fusion(torch.cat([x, last], dim=1))
        return fused


class StyleMatteNet(nn.Module):
    """The whole network.

    Args:
        width: factor on the published network's channels.
        indexed: whether its state dict has the constant indices of relative positions, as those
            written by transformers of 2023 have.
        epsilon: added to the variance in the guided filter.
    """

    def __init__(self, width: float = 1.0, indexed: bool = True, epsilon: float = EPSILON) -> None:
        super().__init__()
        features = published_times(FEATURES, width, 32)
        self.indexed, self.epsilon = indexed, epsilon
        self.fpn = Fusion(features)
        self.pixel_decoder = Mask2FormerPixelLevelModule(configuration(width))
        swin = getattr(self.pixel_decoder.encoder, "swin", None)
        if swin is not None:
            swin.layernorm = nn.Identity()  # for a whole Swin; the checkpoints have none
        self.conv = nn.Conv2d(features, 1, 3, padding=1)
        self.register_state_dict_post_hook(_to_published)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_pre_hook(_from_published)  # type: ignore[no-untyped-call]

    def forward(self, image: Tensor) -> Tensor:
        """(N, 1, H, W) opacity in [0, 1].

        Args:
            image: (N, 3, H, W) RGB in [0, 1]; H and W multiples of 4, at least 16.
        """
        coloured = normalised(image)
        grey = normalised(coloured, UNDONE_MEAN, UNDONE_STD).clamp(0, 1).mean(dim=1, keepdim=True)
        matte = self.coarse(coloured)
        with torch.autocast(image.device.type, enabled=False):
            small = F.interpolate(grey, scale_factor=1 / SMALL, mode="bicubic", align_corners=True)
            return guided(small, matte.float(), grey, self.epsilon).clamp(0, 1)

    def coarse(self, image: Tensor) -> Tensor:
        """(N, 1, H / 4, W / 4) matte before the guided filter, from a normalised image."""
        found = self.pixel_decoder(image)
        maps = [*found.decoder_hidden_states, found.decoder_last_hidden_state]
        matte: Tensor = self.conv(self.fpn(maps))
        return matte


def guided(guide: Tensor, target: Tensor, image: Tensor, epsilon: float) -> Tensor:
    """Fast guided filter (He and Sun, arXiv:1505.00996) with 3x3 windows, cut at the borders.

    The moments are computed in double precision: a variance is the small difference of two large
    numbers. The published code takes them from running sums in single precision.

    Args:
        guide, target: (N, 1, h, w), grey image and matte.
        image: (N, 1, H, W), the grey image at full size.
    """
    x, y = guide.double(), target.double()
    first, second = _mean(x), _mean(y)
    variance = _mean(x * x) - first * first
    slope = (_mean(x * y) - first * second) / (variance + epsilon)
    lines = torch.cat([slope, second - slope * first], dim=1).float()
    slopes, offsets = _enlarged(lines, image.shape[2:]).chunk(2, dim=1)
    return slopes * image + offsets


def _mean(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def _enlarged(x: Tensor, size: torch.Size) -> Tensor:
    return F.interpolate(x, size=size, mode="bilinear", align_corners=True)


def _to_published(
    module: StyleMatteNet, state: dict[str, Any], prefix: str, metadata: object
) -> None:
    """After ``state_dict``: published names, with or without the indices of relative positions."""
    own = [key for key in state if key.startswith(prefix)]
    entries = {published_name(key.removeprefix(prefix)): state.pop(key) for key in own}
    for name, value in entries.items():
        if not name.endswith(INDEX):
            state[prefix + name] = value
        if name.endswith(TABLE) and module.indexed:
            indices = relative_positions(WINDOW).to(value.device)
            state[prefix + name.replace(TABLE, INDEX)] = indices


def _from_published(
    module: StyleMatteNet, state: dict[str, Any], prefix: str, *unused: object
) -> None:
    """Before ``load_state_dict``: the names of the network's own entries.

    Indices that this version of transformers does not store are dropped, and those that it stores
    are kept as it made them.
    """
    own: dict[str, Tensor] = dict(nn.Module.named_parameters(module, remove_duplicate=False))
    own |= dict(nn.Module.named_buffers(module, remove_duplicate=False))
    stored = {name for name in own if not _transient(module, name)}
    names = {published_name(name): name for name in stored}
    for key in [key for key in state if key.startswith(prefix)]:
        published = key.removeprefix(prefix)
        if published.endswith(INDEX) and published not in names:
            state.pop(key)
        elif published in names and names[published] != published:
            state[prefix + names[published]] = state.pop(key)
    for name in stored:
        if name.endswith(INDEX):
            state.setdefault(prefix + name, own[name])


def _transient(module: nn.Module, name: str) -> bool:
    """Whether a name is that of a buffer that state dicts leave out."""
    owner, _, leaf = name.rpartition(".")
    return leaf in module.get_submodule(owner)._non_persistent_buffers_set

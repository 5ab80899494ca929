"""ViTMatte of the ``transformers`` package, under the key names of the published checkpoint.

J. Yao, X. Wang, S. Yang, B. Wang, "ViTMatte: Boosting Image Matting with Pretrained Plain Vision
Transformers", Information Fusion 2024, arXiv:2305.15272: a plain vision transformer with windowed
attention takes image and trimap together, and a light convolutional decoder adds the detail.

The network is ``VitMatteForImageMatting`` (transformers 5.23 was found equal to
github.com/hustvl/ViTMatte at 8cd7ef0, modeling/, for equal weights). We add the configuration,
which `transformers` ships only on its hub, the mapping of the key names, ImageNet's normalisation
and the published rule of padding. Nothing is downloaded.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import VitDetConfig, VitMatteConfig, VitMatteForImageMatting

from ..inference import normalised, published_times

MULTIPLE = 32
SMALL, BASE = 6, 12  # attention heads of ViT-S and ViT-B
BLOCKS = 12
PUBLISHED_HEAD = 64  # channels of one attention head
CONVSTREAM = (48, 96, 192)
FUSION = (256, 128, 64, 32)

# what a name, or a part of it, is called in the published checkpoint and in transformers
RENAMED = (
    ("backbone.pos_embed", "backbone.embeddings.position_embeddings"),
    ("backbone.patch_embed.proj.", "backbone.embeddings.projection."),
    ("backbone.blocks.", "backbone.encoder.layer."),
    (".attn.", ".attention."),
    ("decoder.fusion_blks.", "decoder.fusion_blocks."),
    (".bn.", ".batch_norm."),
)


def hub_name(key: str) -> str:
    """Translate a published name to transformers; keep a name of transformers."""
    for published, hub in RENAMED:
        key = key.replace(published, hub)
    return key


def published_name(key: str) -> str:
    """Translate a name of transformers to the published name; keep a published name."""
    for published, hub in RENAMED:
        key = key.replace(hub, published)
    return key


def padding(height: int, width: int) -> tuple[int, int]:
    """Return the rows to add below and columns to add on the right, by the published rule.

    Both are 0 if both sides are multiples of 32. Otherwise each side grows to the *next* multiple,
    by 32 if it is one already: 150x160 becomes 160x192.
    """
    if height % MULTIPLE == 0 and width % MULTIPLE == 0:
        return 0, 0
    return MULTIPLE - height % MULTIPLE, MULTIPLE - width % MULTIPLE


def configuration(head: int, heads: int) -> VitMatteConfig:
    """ViTMatte for 512x512 crops; every third block attends globally, the others in windows.

    Args:
        head: channels of one attention head; 64 is the published network.
        heads: attention heads, `SMALL` or `BASE`.
    """
    hidden = heads * head
    last_of_three = list(range(2, BLOCKS, 3))
    backbone: dict[str, Any] = dict(
        hidden_size=hidden,
        num_hidden_layers=BLOCKS,
        num_attention_heads=heads,
        num_channels=4,
        image_size=512,
        pretrain_image_size=224,
        patch_size=16,
        window_size=14,
        window_block_indices=[k for k in range(BLOCKS) if k not in last_of_three],
        residual_block_indices=last_of_three,
        use_relative_position_embeddings=True,
        out_features=[f"stage{BLOCKS}"],
    )
    return VitMatteConfig(
        backbone_config=VitDetConfig(**backbone),
        hidden_size=hidden,
        convstream_hidden_sizes=[width * head // PUBLISHED_HEAD for width in CONVSTREAM],
        fusion_hidden_sizes=[width * head // PUBLISHED_HEAD for width in FUSION],
    )


def head_of(width: float) -> int:
    """Channels of an attention head of a network ``width`` times as wide as the published one."""
    return published_times(PUBLISHED_HEAD, width, 4)


class ViTMatte(nn.Module):
    """ViTMatte, whose state dict has the 258 entries of ``ViTMatte_S_Com.pth``.

    ``load_state_dict`` takes both layouts, published and hub. ``model`` is the network within,
    whose own state dict has the hub's names.

    Args:
        head: channels of one attention head; a multiple of 4; all other counts scale with it except
            the 16 of the last convolution, which transformers fixes. 64 is the published network.
        heads: attention heads, `SMALL` or `BASE`: ViTMatte-S or ViTMatte-B.
    """

    def __init__(self, head: int = PUBLISHED_HEAD, heads: int = SMALL) -> None:
        super().__init__()
        if head < 4 or head % 4:
            raise ValueError(f"head must be a multiple of 4 and at least 4, not {head}")
        self.model = VitMatteForImageMatting(configuration(head, heads))
        self.register_state_dict_post_hook(_to_published)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_pre_hook(_from_either)  # type: ignore[no-untyped-call]

    def forward(self, image: Tensor, trimap: Tensor) -> Tensor:
        """(N, 1, H, W) opacity in [0, 1], of any size.

        Args:
            image: (N, 3, H, W) RGB in [0, 1].
            trimap: (N, 1, H, W) in [0, 1]: a pixel's value over 255, so 0.502 where unknown.
        """
        height, width = image.shape[2:]
        below, right = padding(height, width)
        joined = torch.cat([normalised(image), trimap], dim=1)
        alphas: Tensor = self.model(pixel_values=F.pad(joined, (0, right, 0, below))).alphas
        return alphas[..., :height, :width]


def _to_published(module: nn.Module, state: dict[str, Any], prefix: str, metadata: object) -> None:
    """After ``state_dict``: the names of the module's own entries become published ones."""
    inner = f"{prefix}model."
    for key in [key for key in state if key.startswith(inner)]:
        state[prefix + published_name(key.removeprefix(inner))] = state.pop(key)


def _from_either(module: nn.Module, state: dict[str, Any], prefix: str, *unused: object) -> None:
    """Before ``load_state_dict``: published or hub names become those of the module's entries.

    If two names mean the same entry, the second is not changed, so that strict loading refuses it.
    """
    for key in [key for key in state if key.startswith(prefix)]:
        target = f"{prefix}model.{hub_name(key.removeprefix(prefix))}"
        if target not in state:
            state[target] = state.pop(key)

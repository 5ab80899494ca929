"""The Swin-T encoder of P3M-Net: attention within shifted windows, poolings with positions.

Z. Liu et al., "Swin Transformer", ICCV 2021, arXiv:2103.14030, in the variant of S. Ma et al.
(`.decoders`): a stem of convolutions, and merging by 2x2 pooling. Written from notes on
github.com/ViTAE-Transformer/P3M-Net at 1db4f6b (core/network/Swin_T). No matting weights were
published for it. The state dict has the 480 entries that its code would load, including the masks
of a 512x512 image.

Maps with sides that are not multiples of 7 are padded with zeros below and on the right. Unlike the
usual Swin network, this one masks the padding in *every* block, shifted or not.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..members import members
from ..windows import MLP, SIDE, StochasticDepth, merged, partitioned, relative_positions
from .decoders import Decoders, PooledMerging, Stem, TransformerP3MNet
from .network import Encoded

DEPTHS = (2, 2, 6, 2)
HEADS = (3, 6, 12, 24)
HEAD = 32  # channels of one attention head at the published width
SHIFT = SIDE // 2
PUBLISHED_SIDE = 512  # side of the image whose masks are in the checkpoint
FORBIDDEN = -100.0  # added for two tokens that may not attend to each other


def zones(side: int, shift: int, device: torch.device | None = None) -> Tensor:
    """Return (padded side,) zone numbers of a rolled side; tokens attend within their zone only.

    The padding is a separate zone and moves with the roll. Shifted windows cut the side before
    its last window and before its last ``shift`` places, as in the usual Swin network.
    """
    padded = side + -side % SIDE
    place = torch.arange(padded, device=device)
    found = (place >= side).int().roll(-shift)
    if shift:
        found += 2 * (place >= padded - SIDE).int() + 4 * (place >= padded - shift).int()
    return found


def window_mask(height: int, width: int, shift: int, device: torch.device | None = None) -> Tensor:
    """(windows, 49, 49): `FORBIDDEN` between tokens of different zones, else 0.

    Args:
        height, width: size of the map in tokens, before padding.
        shift: shift of the windows, 0 or 3.
        device: device of the result.
    """
    area = zones(height, shift, device)[:, None] * 8 + zones(width, shift, device)[None, :]
    cells = partitioned(area[None, :, :, None].float())[..., 0]
    return (cells[:, None, :] != cells[:, :, None]).float() * FORBIDDEN


class WindowAttention(nn.Module):
    """Attention within windows, with a learned bias for each relative position."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        table = torch.empty((2 * SIDE - 1) ** 2, heads)
        self.relative_position_bias_table = nn.Parameter(nn.init.trunc_normal_(table, std=0.02))
        self.register_buffer("relative_position_index", relative_positions())
        self.relative_position_index: Tensor
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(N windows, 49, C) to the same; ``mask`` (windows, 49, 49) is added to the scores."""
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        bias = self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)
        scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1) + bias
        windows = mask.shape[0]
        scores = (scores.unflatten(0, (-1, windows)) + mask[None, :, None]).flatten(0, 1)
        out: Tensor = self.proj((scores.softmax(dim=-1) @ v).transpose(1, 2).flatten(2))
        return out


class Block(nn.Module):
    """Attention in windows, shifted in every other block, and an MLP.

    Args:
        side: side of the square map whose mask is stored, because the checkpoint contains it.
    """

    def __init__(self, width: int, heads: int, shift: int, drop: float, side: int) -> None:
        super().__init__()
        self.shift = shift
        self.register_buffer("attn_mask", window_mask(side, side, shift))
        self.attn_mask: Tensor
        self.side = side
        self.norm1 = nn.LayerNorm(width)
        self.attn = WindowAttention(width, heads)
        self.drop = StochasticDepth(drop)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = MLP(width, 4 * width)

    def forward(self, x: Tensor) -> Tensor:
        """(N, H, W, C) to the same."""
        _, height, width, _ = x.shape
        padded = F.pad(self.norm1(x), (0, 0, 0, -width % SIDE, 0, -height % SIDE))
        sides = padded.shape[1], padded.shape[2]
        rolled = padded.roll((-self.shift, -self.shift), dims=(1, 2)) if self.shift else padded
        back = merged(self.attn(partitioned(rolled), self._mask(height, width)), *sides)
        back = back.roll((self.shift, self.shift), dims=(1, 2)) if self.shift else back
        x = x + self.drop(back[:, :height, :width])
        out: Tensor = x + self.drop(self.mlp(self.norm2(x)))
        return out

    def _mask(self, height: int, width: int) -> Tensor:
        if (height, width) == (self.side, self.side):
            return self.attn_mask
        mask = window_mask(height, width, self.shift, self.attn_mask.device)
        return mask.to(self.attn_mask.dtype)


class Stage(nn.Module):
    """Blocks at one size, and the transition to the next."""

    def __init__(self, blocks: list[Block], merging: PooledMerging | None) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.downsample = merging


class Swin(nn.Module):
    """The encoder: maps at 1/1 to 1/16, with the positions of the poolings, and the deepest map.

    Args:
        head: channels of one attention head.
        drop: largest probability of dropping a block in training.
        kept: side of the square image whose masks are in the state dict.
    """

    def __init__(self, head: int, drop: float, kept: int) -> None:
        super().__init__()
        base = HEADS[0] * head
        self.patch_embed = Stem(base, last_relu=True)
        rates = iter(torch.linspace(0, drop, sum(DEPTHS), device="cpu").tolist())
        self.layers = nn.ModuleList()
        for k, (depth, heads) in enumerate(zip(DEPTHS, HEADS, strict=True)):
            width, side = base * 2**k, kept // 4 // 2**k
            blocks = [
                Block(width, heads, SHIFT if j % 2 else 0, next(rates), side) for j in range(depth)
            ]
            last = k == len(DEPTHS) - 1
            self.layers.append(Stage(blocks, None if last else PooledMerging(width, 2 * width)))
        self.norm = nn.LayerNorm(8 * base)

    def forward(self, x: Tensor) -> Encoded:
        """(N, 3, H, W), H and W multiples of 32."""
        tokens, (maps, indices) = self.patch_embed(x)
        for k, layer in enumerate(members(self.layers, Stage)):
            for block in layer.blocks:
                tokens = block(tokens)
            if layer.downsample is not None:
                tokens, maps[k + 2], indices[k + 3] = layer.downsample(tokens)
        maps[5] = self.norm(tokens).permute(0, 3, 1, 2).contiguous()
        return Encoded(maps, indices)


def p3mnet_swin(head: int = HEAD, drop: float = 0.2) -> TransformerP3MNet:
    """P3M-Net with Swin-T.

    Args:
        head: channels of one attention head; all other counts scale with it. 32 is the published
            network. Must be even.
        drop: see `Swin`.
    """
    if head < 2 or head % 2:
        raise ValueError(f"head must be even and at least 2, not {head}")
    kept = PUBLISHED_SIDE if head == HEAD else 32  # masks of 512 would outweigh a thin network
    return TransformerP3MNet(Swin(head, drop, kept), Decoders(HEADS[0] * head))

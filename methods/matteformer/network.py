"""MatteFormer: a Swin transformer whose windows also attend to the regions of the trimap.

G. Park et al., "MatteFormer: Transformer-Based Image Matting via Prior-Tokens", CVPR 2022,
arXiv:2203.15662. In every block the tokens of the unknown, background and foreground region are
averaged to three *prior tokens*. Every window attends to them and to its own tokens. The prior
tokens of earlier blocks of a stage stay in memory and are transformed too. Written from the paper
and from facts on github.com/webtoon/matteformer at f09f090 (networks/encoders/MatteFormer.py and
networks/decoders/resnet_decoder.py: the order of operations, sizes, names); the state dict has the
509 entries of ``best_model.pth``.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..inference import published_times
from ..members import members
from ..spectral import SLOPE, SpectralDoubling, decoder_stage, shortcut
from ..windows import MLP, SIDE, StochasticDepth, merged, partitioned, relative_positions

DEPTHS = (2, 2, 6, 2)
HEADS = (3, 6, 12, 24)
DECODER_BLOCKS = (2, 3, 3, 2)
HEAD = 32  # channels of one attention head at the published width
SHIFT = SIDE // 2
REGIONS = (1, 0, 2)  # channels of the trimap's planes: unknown, background, foreground
OFFSETS = (2 * SIDE - 1) ** 2
FORBIDDEN = -100.0  # added for two tokens of a shifted window that are not neighbours
TINY = 1e-9  # keeps the size of an empty region from being zero


def head_of(width: float) -> int:
    """Channels of an attention head of a network ``width`` times as wide as the published one."""
    return published_times(HEAD, width, 1)


class MatteFormerOutputs(NamedTuple):
    """Mattes of three decoder stages, (N, 1, H, W) in (0, 1).

    Attributes:
        os1: matte of the last stage, at full size.
        os4, os8: mattes of the stages at 1/4 and 1/8, enlarged.
    """

    os1: Tensor
    os4: Tensor
    os8: Tensor

    def named(self) -> dict[str, Tensor]:
        """Return the outputs by their published names."""
        return {f"alpha_{name}": value for name, value in self._asdict().items()}


class PriorAttention(nn.Module):
    """Attention of a window's tokens to themselves and to prior tokens.

    Args:
        width: channels of a token.
        heads: number of heads.
        priors: prior tokens, three for each block so far.
    """

    def __init__(self, width: int, heads: int, priors: int) -> None:
        super().__init__()
        self.heads, self.head = heads, width // heads
        table = torch.empty(OFFSETS + priors, heads)
        self.relative_position_bias_table = nn.Parameter(nn.init.trunc_normal_(table, std=0.02))
        places = torch.arange(OFFSETS, OFFSETS + priors).expand(SIDE * SIDE, -1)
        index = torch.cat([relative_positions(), places], dim=1)
        self.register_buffer("relative_position_index", index)
        self.relative_position_index: Tensor
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor, priors: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Attend.

        Args:
            x: (N windows, 49, C).
            priors: (N, P, C).
            mask: (windows, 49, 49), added to the scores; None if windows are not shifted.

        Returns:
            ``x`` attended, and the values of the priors, which attend to nothing.
        """
        n, own = priors.shape[0], x.shape[1]
        windows = x.shape[0] // n
        seen = priors[:, None].expand(-1, windows, -1, -1).reshape(-1, *priors.shape[1:])
        joined = self.qkv(torch.cat([x, seen], dim=1))
        q, k, v = joined.unflatten(-1, (3, self.heads, self.head)).permute(2, 0, 3, 1, 4)
        bias = self.relative_position_bias_table[self.relative_position_index]
        scores = (q[:, :, :own] * self.head**-0.5) @ k.transpose(-2, -1) + bias.permute(2, 0, 1)
        if mask is not None:
            padded = F.pad(mask, (0, priors.shape[1]))[None, :, None]
            scores = (scores.unflatten(0, (n, windows)) + padded).flatten(0, 1)
        attended = (scores.softmax(dim=-1) @ v).transpose(1, 2).flatten(2)
        values = self.qkv(priors).unflatten(-1, (3, -1))[:, :, 2]
        return self.proj(attended), self.proj(values)


class Block(nn.Module):
    """Attention in windows, shifted in every other block, and an MLP; for tokens and priors."""

    def __init__(self, width: int, heads: int, index: int, drop: float) -> None:
        super().__init__()
        self.shift = SHIFT if index % 2 else 0
        self.norm1 = nn.LayerNorm(width)
        self.attn = PriorAttention(width, heads, 3 * (index + 1))
        self.drop = StochasticDepth(drop)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = MLP(width, 4 * width)

    def forward(self, x: Tensor, memory: Tensor, regions: Tensor) -> tuple[Tensor, Tensor]:
        """One block.

        Args:
            x: (N, H, W, C) tokens.
            memory: (N, 3 b, C) prior tokens of the b earlier blocks of this stage.
            regions: (N, 3, H, W), 1 where unknown, background, foreground.

        Returns:
            Both with the same shapes, except for three more prior tokens.
        """
        size = regions.sum(dim=(2, 3))[..., None] + TINY
        priors = torch.einsum("nrhw,nhwc->nrc", regions, x) / size
        memory = torch.cat([memory, priors], dim=1)
        attended, values = self._attention(self.norm1(x), self.norm1(memory))
        return self._mixed(x + self.drop(attended)), self._mixed(memory + self.drop(values))

    def _attention(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        _, height, width, _ = x.shape
        padded = F.pad(x, (0, 0, 0, -width % SIDE, 0, -height % SIDE))
        sides = padded.shape[1], padded.shape[2]
        mask = None
        if self.shift:
            padded = padded.roll((-self.shift, -self.shift), dims=(1, 2))
            mask = shift_mask(*sides, device=x.device).to(x.dtype)
        windows, values = self.attn(partitioned(padded), memory, mask)
        back = merged(windows, *sides)
        if self.shift:
            back = back.roll((self.shift, self.shift), dims=(1, 2))
        return back[:, :height, :width], values

    def _mixed(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.drop(self.mlp(self.norm2(x)))
        return out


def shift_mask(height: int, width: int, device: torch.device | None = None) -> Tensor:
    """Return (windows, 49, 49): `FORBIDDEN` between tokens that only the shift brings together."""
    parts = []
    for side in (height, width):
        place = torch.arange(side, device=device)
        parts.append((place >= side - SIDE).int() + (place >= side - SHIFT).int())
    zones = parts[0][:, None] * 3 + parts[1][None, :]
    cells = partitioned(zones[None, :, :, None].float())[..., 0]
    return (cells[:, :, None] != cells[:, None, :]).float() * FORBIDDEN


class Merging(nn.Module):
    """Merge four neighbouring tokens into one of twice the width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.reduction = nn.Linear(4 * width, 2 * width, bias=False)
        self.norm = nn.LayerNorm(4 * width)

    def forward(self, x: Tensor) -> Tensor:
        """(N, H, W, C) to (N, H / 2, W / 2, 2 C); odd sides are padded with zeros."""
        x = F.pad(x, (0, 0, 0, x.shape[2] % 2, 0, x.shape[1] % 2))
        corners = [x[:, i::2, j::2] for j in (0, 1) for i in (0, 1)]
        out: Tensor = self.reduction(self.norm(torch.cat(corners, dim=-1)))
        return out


class Stage(nn.Module):
    """Blocks at one size, with their own memory."""

    def __init__(self, width: int, heads: int, drops: list[float], last: bool) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            Block(width, heads, index, drop) for index, drop in enumerate(drops)
        )
        self.downsample = None if last else Merging(width)

    def forward(self, x: Tensor, regions: Tensor) -> Tensor:
        """(N, H, W, C) to the same; ``regions`` as `Block.forward`."""
        memory = x.new_zeros(x.shape[0], 0, x.shape[3])
        for block in self.blocks:
            x, memory = block(x, memory, regions)
        return x


class PatchEmbedding(nn.Module):
    """4x4 patches of the image to tokens."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(6, width, 4, stride=4)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 6, H, W) to (N, H / 4, W / 4, C)."""
        out: Tensor = self.norm(self.proj(x).permute(0, 2, 3, 1))
        return out


class Encoder(nn.Module):
    """The transformer, and shortcuts of its maps for the decoder."""

    def __init__(self, head: int, drop: float) -> None:
        super().__init__()
        widths = [heads * head for heads in HEADS]
        self.patch_embed = PatchEmbedding(widths[0])
        rates = torch.linspace(0, drop, sum(DEPTHS), device="cpu").tolist()
        self.layers = nn.ModuleList()
        for k, (width, heads) in enumerate(zip(widths, HEADS, strict=True)):
            drops = rates[sum(DEPTHS[:k]) : sum(DEPTHS[: k + 1])]
            self.layers.append(Stage(width, heads, drops, last=k == len(DEPTHS) - 1))
        for k, width in enumerate(widths):
            self.add_module(f"norm{k}", nn.LayerNorm(width))
        inputs = (6, widths[0], *widths)
        outputs = (head, head, 2 * head, 4 * head, 8 * head, 16 * head)
        self.shortcut = nn.ModuleList(map(shortcut, inputs, outputs))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Shortcuts at 1, 1/2, 1/4, 1/8, 1/16 and 1/32 of the size; see `MatteFormer.forward`."""
        found = [self.shortcut[0](x)]
        regions = F.interpolate(x[:, [3 + k for k in REGIONS]], scale_factor=1 / 4, mode="nearest")
        tokens = self.patch_embed(x)
        half = F.interpolate(
            tokens.permute(0, 3, 1, 2), scale_factor=2, mode="bilinear", align_corners=True
        )
        found.append(self.shortcut[1](half))
        for k, stage in enumerate(members(self.layers, Stage)):
            reduced = F.interpolate(regions, scale_factor=1 / 2**k, mode="nearest")
            tokens = stage(tokens, reduced)
            seen = self.get_submodule(f"norm{k}")(tokens).permute(0, 3, 1, 2)
            found.append(self.shortcut[k + 2](seen.contiguous()))
            if stage.downsample is not None:
                tokens = stage.downsample(tokens)
        return found


class Decoder(nn.Module):
    """Residual stages back to full size, with mattes at three of them."""

    def __init__(self, base: int) -> None:
        super().__init__()
        b = base
        self.conv1 = SpectralDoubling(b)
        self.bn1 = nn.BatchNorm2d(b)
        self.activation = nn.LeakyReLU(SLOPE, inplace=True)
        self.layer1 = decoder_stage(16 * b, 8 * b, DECODER_BLOCKS[0])
        self.layer2 = decoder_stage(8 * b, 4 * b, DECODER_BLOCKS[1])
        self.layer3 = decoder_stage(4 * b, 2 * b, DECODER_BLOCKS[2])
        self.layer4 = decoder_stage(2 * b, b, DECODER_BLOCKS[3])
        self.refine_OS1 = self._head(b, b)
        self.refine_OS4 = self._head(2 * b, b)
        self.refine_OS8 = self._head(4 * b, b)

    @staticmethod
    def _head(inputs: int, inner: int) -> nn.Sequential:
        first = nn.Conv2d(inputs, inner, 3, padding=1, bias=False)
        last = nn.Conv2d(inner, 1, 3, padding=1)
        return nn.Sequential(first, nn.BatchNorm2d(inner), nn.LeakyReLU(SLOPE, inplace=True), last)

    def forward(self, shortcuts: list[Tensor]) -> MatteFormerOutputs:
        """See `MatteFormerOutputs`."""
        full, half, quarter, eighth, sixteenth, deep = shortcuts
        x = self.layer2(self.layer1(deep) + sixteenth) + eighth
        os8 = self._enlarged(self.refine_OS8(x), 8)
        x = self.layer3(x) + quarter
        os4 = self._enlarged(self.refine_OS4(x), 4)
        x = self.layer4(x) + half
        os1 = self.refine_OS1(self.activation(self.bn1(self.conv1(x))) + full)
        return MatteFormerOutputs(*((torch.tanh(y) + 1) / 2 for y in (os1, os4, os8)))

    @staticmethod
    def _enlarged(x: Tensor, factor: int) -> Tensor:
        return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


class MatteFormer(nn.Module):
    """MatteFormer.

    Args:
        head: channels of one attention head; all other counts scale with it. 32 is the published
            network.
        drop: largest probability of dropping a block in training.
    """

    def __init__(self, head: int = HEAD, drop: float = 0.3) -> None:
        super().__init__()
        if head < 2:
            raise ValueError(f"head must be at least 2, not {head}")
        self.encoder = Encoder(head, drop)
        self.decoder = Decoder(head)

    def forward(self, x: Tensor) -> MatteFormerOutputs:
        """Three mattes.

        Args:
            x: (N, 6, H, W), H and W multiples of 32: normalised RGB, and 1 where the trimap says
                background, unknown, foreground.
        """
        answer: MatteFormerOutputs = self.decoder(self.encoder(x))
        return answer

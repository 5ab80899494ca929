"""The ViTAE-S encoder of P3M-Net: attention and convolution side by side.

Q. Zhang, Y. Xu, J. Zhang, D. Tao, "ViTAEv2", IJCV 2023, arXiv:2202.10108, in the variant that S. Ma
et al. (`.decoders`) use: no reduction cells, poolings that keep their places. Written from facts on
github.com/ViTAE-Transformer/P3M-Net at 1db4f6b (core/network/ViTAE_S); the state dict has the 808
entries of ``P3M-Net_ViTAE-S_trained_on_P3M-10k.pth``.

The two cells of the first stage approximate their softmax by random features (Performer, K.
Choromanski et al., ICLR 2021, arXiv:2009.14794), which the checkpoint does not hold: the authors'
network draws new ones each time it is made, so its mattes vary from run to run. Here they are a
constant, see `random_features`.
"""

from __future__ import annotations

import math
import zlib

import numpy as np
import torch
from torch import Tensor, nn

from ..members import members
from ..windows import MLP
from .decoders import Decoders, PooledMerging, Stem, TransformerP3MNet
from .network import Encoded

DEPTHS = (2, 2, 12, 2)
HEADS = (1, 2, 4, 8)
GROUP = 4  # channels of a group in the convolutions of all stages but the first
FEATURES = 0.5  # random features per channel of a head
EPSILON = 1e-6  # of the cells' layer norms
TINY = 1e-8  # keeps the performer's denominator from being zero


def random_features(name: str, count: int, width: int, draw: int = 0) -> Tensor:
    """(1, count, width): orthogonal directions of length sqrt(count), drawn by a seed of the name.

    Rows of the QR decomposition (with a positive diagonal) of normal numbers whose seed is the
    CRC-32 of ``name``, the tensor's name in the published network, plus ``draw``.
    """
    rng = np.random.default_rng(zlib.crc32(name.encode()) + draw)
    drawn = rng.standard_normal((1, count, width))[0]
    q, r = np.linalg.qr(drawn.T)
    directions = (q * np.sign(np.diag(r))).T * math.sqrt(count)
    return torch.from_numpy(directions[None]).float()


class Attention(nn.Module):
    """Attention of all tokens to all."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(N, T, C) to the same."""
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-2, -1)) * q.shape[-1] ** -0.5
        out: Tensor = self.proj((scores.softmax(dim=-1) @ v).transpose(1, 2).flatten(2))
        return out


class PerformerAttention(nn.Module):
    """One head whose softmax is approximated; its cost is linear in the number of tokens."""

    def __init__(self, width: int, features: Tensor) -> None:
        super().__init__()
        self.kqv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.norm1 = nn.LayerNorm(width, eps=EPSILON)  # not used, but the checkpoint has it
        self.register_buffer("features", features[0], persistent=False)
        self.features: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """(N, T, C) to the same."""
        k, q, v = self.kqv(x).chunk(3, dim=-1)
        keys, queries = self._mapped(k), self._mapped(q)
        weight = queries @ keys.sum(dim=1)[..., None] + TINY
        mixed = queries @ (keys.transpose(1, 2) @ v) / weight
        out: Tensor = self.proj(mixed)
        return out

    def _mapped(self, x: Tensor) -> Tensor:
        """(N, T, features): exp(w x - |x|^2 / 2) / sqrt(features)."""
        length = (x * x).sum(dim=-1, keepdim=True) / 2
        return torch.exp(x @ self.features.T - length) / math.sqrt(self.features.shape[0])


class NormalCell(nn.Module):
    """Attention, and beside it three convolutions of the tokens as a map; then an MLP."""

    def __init__(self, width: int, attention: nn.Module, groups: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=EPSILON)
        self.attn = attention
        self.norm2 = nn.LayerNorm(width, eps=EPSILON)
        self.mlp = MLP(width, 4 * width)
        self.PCM = nn.Sequential(
            nn.Conv2d(width, 4 * width, 3, padding=1, groups=groups),
            nn.BatchNorm2d(4 * width),
            nn.SiLU(inplace=True),
            nn.Conv2d(4 * width, width, 3, padding=1, groups=groups),
            nn.BatchNorm2d(width),
            nn.SiLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1, groups=groups),
            nn.SiLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, H, W, C) to the same."""
        n, height, width, channels = x.shape
        convolved = self.PCM(x.permute(0, 3, 1, 2).contiguous()).permute(0, 2, 3, 1)
        attended = self.attn(self.norm1(x).reshape(n, height * width, channels))
        x = x + attended.view_as(x)
        x = x + convolved
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


class Stage(nn.Module):
    """What makes the tokens (``RC``), and the cells (``NC``) at their size."""

    def __init__(self, reduction: nn.Module, cells: list[NormalCell]) -> None:
        super().__init__()
        self.RC = reduction
        self.NC = nn.ModuleList(cells)


class ViTAE(nn.Module):
    """The encoder: maps at 1/1 to 1/16, with the places of the poolings, and the deepest map.

    Args:
        base: channels of a token in the first stage; a multiple of 8. 64 is the published network.
        draw: of the random features.
    """

    def __init__(self, base: int, draw: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for k, (depth, heads) in enumerate(zip(DEPTHS, HEADS, strict=True)):
            width = base * 2**k
            reduction = PooledMerging(width // 2, width) if k else Stem(base, last_relu=False)
            groups = width // GROUP if k else 1
            cells = []
            for j in range(depth):
                name = f"encoder.layers.{k}.NC.{j}.attn.w"
                features = random_features(name, int(FEATURES * width), width, draw)
                attention = Attention(width, heads) if k else PerformerAttention(width, features)
                cells.append(NormalCell(width, attention, groups))
            self.layers.append(Stage(reduction, cells))
        self.head = nn.Linear(8 * base, 1000)  # not used, but the checkpoint has it

    def forward(self, x: Tensor) -> Encoded:
        """(N, 3, H, W), H and W multiples of 32."""
        layers = members(self.layers, Stage)
        tokens, (maps, indices) = layers[0].RC(x)
        for k, layer in enumerate(layers):
            if k:
                tokens, maps[k + 1], indices[k + 2] = layer.RC(tokens)
            for cell in layer.NC:
                tokens = cell(tokens)
        maps[5] = tokens.permute(0, 3, 1, 2).contiguous()
        return Encoded(maps, indices)


def p3mnet_vitae(base: int = 64, draw: int = 0) -> TransformerP3MNet:
    """P3M-Net with ViTAE-S.

    Args:
        base: channels of a token in the first stage; all other counts scale with it. 64 is the
            published network. A multiple of 8.
        draw: of the random features; 0 unless their effect is to be measured.
    """
    if base < 8 or base % 8:
        raise ValueError(f"base must be a multiple of 8 and at least 8, not {base}")
    return TransformerP3MNet(ViTAE(base, draw), Decoders(base))

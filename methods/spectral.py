"""Convolutions with spectral normalisation, and the blocks that GCA and MatteFormer share.

T. Miyato et al., "Spectral Normalization for Generative Adversarial Networks", ICLR 2018,
arXiv:1802.05957. The vectors of the power iteration are *parameters* without gradient, as in the
checkpoints of github.com/Yaoyi-Li/GCA-Matting (5a999be, networks/ops.py) and
github.com/webtoon/matteformer. In evaluation mode the stored vectors are used.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TINY = 1e-12  # keeps a vector's norm from being zero
SLOPE = 0.2  # of the decoder's leaky ReLU below zero


class NormalisedWeight(nn.Module):
    """A weight divided by its largest singular value, estimated by the power iteration.

    Args:
        shape: shape of the weight.
        rows: axis that becomes the rows of the matrix.
    """

    def __init__(self, shape: tuple[int, ...], rows: int = 0) -> None:
        super().__init__()
        self.rows = rows
        height = shape[rows]
        width = torch.Size(shape).numel() // height
        self.weight_u = nn.Parameter(F.normalize(torch.randn(height), dim=0), requires_grad=False)
        self.weight_v = nn.Parameter(torch.empty(width), requires_grad=False)
        self.weight_bar = nn.Parameter(torch.empty(shape))
        nn.init.xavier_uniform_(self.weight_bar)
        self._iterate()  # two random vectors would give a value near zero

    def forward(self) -> Tensor:
        """Return the weight; in training, after one more step of the power iteration."""
        if self.training:
            self._iterate()
        # Clones: the next batch changes the stored vectors while a gradient may still need these.
        sigma = self.weight_u.clone().dot(self._matrix().mv(self.weight_v.clone()))
        return self.weight_bar / sigma

    def _matrix(self) -> Tensor:
        weight = self.weight_bar if self.rows == 0 else self.weight_bar.transpose(0, self.rows)
        return weight.reshape(weight.shape[0], -1)

    @torch.no_grad()
    def _iterate(self) -> None:
        matrix = self._matrix()
        self.weight_v.copy_(F.normalize(matrix.T @ self.weight_u, dim=0, eps=TINY))
        self.weight_u.copy_(F.normalize(matrix @ self.weight_v, dim=0, eps=TINY))


class SpectralConv(nn.Module):
    """A convolution without bias and with a normalised weight."""

    def __init__(
        self, inputs: int, outputs: int, size: int, stride: int = 1, padding: int | None = None
    ) -> None:
        super().__init__()
        self.stride = stride
        self.padding = size // 2 if padding is None else padding
        self.module = NormalisedWeight((outputs, inputs, size, size))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        return F.conv2d(x, self.module(), stride=self.stride, padding=self.padding)


class SpectralDoubling(nn.Module):
    """A transposed 4x4 convolution of stride 2, without bias and with a normalised weight.

    Args:
        channels: channels in and out.
        rows: axis of the weight that is the matrix's rows: 0 (GCA's authors) or 1 (PyTorch).
    """

    def __init__(self, channels: int, rows: int = 0) -> None:
        super().__init__()
        self.module = NormalisedWeight((channels, channels, 4, 4), rows)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to (N, channels, 2 H, 2 W)."""
        return F.conv_transpose2d(x, self.module(), stride=2, padding=1)


class DecoderBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut; the first of a stage doubles the size instead."""

    def __init__(self, inputs: int, outputs: int, doubles: bool = False, rows: int = 0) -> None:
        super().__init__()
        first: nn.Module = SpectralConv(inputs, outputs, 3)
        inner = inputs if doubles else outputs
        self.conv1 = SpectralDoubling(inputs, rows) if doubles else first
        self.bn1 = nn.BatchNorm2d(inner)
        self.activation = nn.LeakyReLU(SLOPE, inplace=True)
        self.conv2 = SpectralConv(inner, outputs, 3)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.upsample = None
        if doubles:
            self.upsample = nn.Sequential(
                nn.UpsamplingNearest2d(scale_factor=2),
                SpectralConv(inputs, outputs, 1),
                nn.BatchNorm2d(outputs),
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H, W), or twice the size."""
        shortcut = x if self.upsample is None else self.upsample(x)
        x = self.activation(self.bn1(self.conv1(x)))
        out: Tensor = self.activation(self.bn2(self.conv2(x)) + shortcut)
        return out


def decoder_stage(inputs: int, outputs: int, blocks: int, rows: int = 0) -> nn.Sequential:
    """Make ``blocks`` decoder blocks; the first doubles the size."""
    rest = [DecoderBlock(outputs, outputs) for _ in range(blocks - 1)]
    return nn.Sequential(DecoderBlock(inputs, outputs, doubles=True, rows=rows), *rest)


def shortcut(inputs: int, outputs: int) -> nn.Sequential:
    """Layers for an encoder's map before a decoder adds it; ReLU comes before batch norm."""
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [SpectralConv(channels, outputs, 3), nn.ReLU(inplace=True)]
        layers.append(nn.BatchNorm2d(outputs))
    return nn.Sequential(*layers)

"""Square windows over a map of tokens, for transformers with windowed attention.

Z. Liu et al., "Swin Transformer: Hierarchical Vision Transformer using Shifted Windows", ICCV 2021,
arXiv:2103.14030.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

SIDE = 7  # of a window, in tokens


def partitioned(x: Tensor) -> Tensor:
    """Split (N, H, W, C), H and W multiples of 7, into (N windows, 49, C), row by row."""
    n, height, width, channels = x.shape
    cells = x.view(n, height // SIDE, SIDE, width // SIDE, SIDE, channels)
    return cells.transpose(2, 3).reshape(-1, SIDE * SIDE, channels)


def merged(windows: Tensor, height: int, width: int) -> Tensor:
    """Invert `partitioned` for a map of ``height`` x ``width``."""
    channels = windows.shape[2]
    cells = windows.view(-1, height // SIDE, width // SIDE, SIDE, SIDE, channels)
    return cells.transpose(2, 3).reshape(-1, height, width, channels)


def relative_positions() -> Tensor:
    """Return (49, 49) int64: the index of each pair of tokens of a window in a table of 169."""
    axis = torch.arange(SIDE)
    rows, columns = (grid.flatten() for grid in torch.meshgrid(axis, axis, indexing="ij"))
    down = rows[:, None] - rows[None, :] + SIDE - 1
    right = columns[:, None] - columns[None, :] + SIDE - 1
    return down * (2 * SIDE - 1) + right


class MLP(nn.Module):
    """Two linear layers with a GELU between."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, inner)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., width) to the same shape."""
        out: Tensor = self.fc2(self.act(self.fc1(x)))
        return out


class StochasticDepth(nn.Module):
    """In training, drop the branch of a sample with a probability and scale the others."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.kept = 1 - probability

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, ...) to the same shape."""
        if not self.training or self.kept == 1:
            return x
        mask = torch.rand(x.shape[0], *[1] * (x.ndim - 1), device=x.device) < self.kept
        return x * mask / self.kept

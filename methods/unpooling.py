"""Max pooling that returns the positions of its maxima, and unpooling, equal on every device."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def pool(x: Tensor) -> tuple[Tensor, Tensor]:
    """Halve (N, C, H, W) by the maxima of overlapping 3x3 windows; also return their positions."""
    halved, indices = F.max_pool2d(x, 3, stride=2, padding=1, return_indices=True)
    return halved, indices


def unpool(x: Tensor, indices: Tensor) -> Tensor:
    """Double (N, C, H, W), putting each value where ``pool`` found the maximum; 0 elsewhere.

    Windows overlap, so up to four of them can have the same position. The last in row-major order
    wins, as in PyTorch's ``max_unpool2d`` on the CPU for contiguous planes. For ``channels_last``
    tensors and on CUDA, that function depends on the order of its threads. So this function copies
    the former to contiguous memory and calls `unpool_last_wins` on CUDA.
    """
    if x.device.type == "cpu":
        return F.max_unpool2d(x.contiguous(), indices.contiguous(), (2, 2), (2, 2))
    return unpool_last_wins(x, indices)


def unpool_last_wins(x: Tensor, indices: Tensor) -> Tensor:
    """Unpool with the same result on every device; about eight times slower on the CPU.

    A value loses if a later neighbouring window has the same position. The losers go to one spare
    position behind the plane, which is cut off.
    """
    n, c, h, w = x.shape
    spare = 4 * h * w
    target = indices.clone()
    for down, right in ((0, 1), (1, -1), (1, 0), (1, 1)):
        left = max(0, -right)
        here = (..., slice(0, h - down), slice(left, w - max(0, right)))
        later = (..., slice(down, h), slice(left + right, w - left))
        target[here].masked_fill_(indices[here] == indices[later], spare)
    plane = x.new_zeros(n, c, spare + 1)
    plane.scatter_(2, target.flatten(2), x.flatten(2))
    return plane[..., :spare].reshape(n, c, 2 * h, 2 * w)

"""Small constant tensors (kernels, means), made once for each device and dtype.

Making a GPU tensor from Python numbers makes the CPU wait for the GPU. In a training step that
would happen dozens of times.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

Numbers = tuple["float | Numbers", ...]


def constant(numbers: Numbers, like: Tensor) -> Tensor:
    """Return nested ``numbers`` as a tensor with the device and dtype of ``like``.

    The tensor is shared: do not write to it.
    """
    return _made(numbers, like.device, like.dtype)


@cache
def _made(numbers: Numbers, device: torch.device, dtype: torch.dtype) -> Tensor:
    # the first caller may be in inference mode, and training must be able to use the tensor
    with torch.inference_mode(False):
        return torch.tensor(numbers, device=device, dtype=dtype)


def forget() -> None:
    """Drop all tensors; for tests that use devices which do not exist."""
    _made.cache_clear()

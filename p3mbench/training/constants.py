"""Small tensors of fixed numbers (kernels, means), made once for each device and type.

A tensor made of Python numbers on a GPU makes the CPU wait for that GPU. In a training step that
would happen dozens of times.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

Numbers = tuple["float | Numbers", ...]


def constant(numbers: Numbers, like: Tensor) -> Tensor:
    """A tensor of ``numbers``, nested as its axes are, of the device and type of ``like``.

    It is shared: do not write to it.
    """
    return _made(numbers, like.device, like.dtype)


@cache
def _made(numbers: Numbers, device: torch.device, dtype: torch.dtype) -> Tensor:
    with torch.inference_mode(False):  # whoever asks first: training must be able to use it
        return torch.tensor(numbers, device=device, dtype=dtype)


def forget() -> None:
    """Drop all of them; for tests that make tensors of devices that are not there."""
    _made.cache_clear()

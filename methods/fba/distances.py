"""FBA's distance maps of a batch of trimaps, computed on the device of the batch; see `inputs`."""

from __future__ import annotations

import torch
from torch import Tensor

from p3mbench.training.constants import constant

from .inputs import REACH, SPREADS

MOST = 2**24  # numbers in memory at a time, of one float each


def squared_distances(planes: Tensor) -> Tensor:
    """Compute the exact squared distance of each pixel to the nearest set pixel.

    Args:
        planes: (N, C, H, W) of 0 and 1.

    Returns:
        (N, C, H, W) float32 of integers; infinity in planes without a set pixel.
    """
    flat = planes.flatten(0, 1)
    count, height, width = flat.shape
    steep = _along_columns(flat)
    places = torch.arange(width, device=planes.device, dtype=torch.float32)
    across = (places[:, None] - places) ** 2  # to, from
    rows = max(1, MOST // (count * width * width))
    parts = [
        (steep[:, top : top + rows, None, :] + across).amin(dim=-1)
        for top in range(0, height, rows)
    ]
    return torch.cat(parts, dim=1).view(planes.shape)


def _along_columns(planes: Tensor) -> Tensor:
    """Compute (N, H, W): the squared distance to the nearest set pixel in the same column."""
    height = planes.shape[1]
    places = torch.arange(height, device=planes.device, dtype=torch.float32)[:, None]
    far = torch.full_like(places, torch.inf)
    last = torch.where(planes > 0, places, -far).cummax(dim=1).values
    upside_down = torch.where(planes > 0, places, far).flip(1)
    following = upside_down.cummin(dim=1).values.flip(1)
    return torch.minimum(places - last, following - places) ** 2


def distance_maps(planes: Tensor) -> Tensor:
    """Compute the nearness of each pixel to the known background and foreground, on three scales.

    Args:
        planes: (N, 2, H, W) of 0 and 1: background, foreground.

    Returns:
        (N, 6, H, W) in [0, 1]; first background, then foreground. The maps of a class
        without pixels are 0.
    """
    squared = squared_distances(planes)[:, :, None]
    spreads = tuple(2 * (spread * REACH) ** 2 for spread in SPREADS)
    maps = torch.exp(-squared / constant(spreads, squared).view(-1, 1, 1))
    return maps.flatten(1, 2).to(planes.dtype)

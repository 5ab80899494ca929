"""Inputs of several trimap-based networks in training; the counterpart of their ``input``."""

from __future__ import annotations

import torch
from torch import Tensor

from p3mbench.training.batch import Batch

from .inference import normalised


def with_levels(batch: Batch) -> Tensor:
    """Return (N, 4, H, W): normalised RGB, and the trimap over 255."""
    return torch.cat([normalised(batch.image / 255), batch.trimap / 255], dim=1)


def with_classes(batch: Batch) -> Tensor:
    """Return (N, 6, H, W): normalised RGB, and the trimap as background, unknown, foreground."""
    return torch.cat([normalised(batch.image / 255), class_planes(batch)], dim=1)


def class_planes(batch: Batch) -> Tensor:
    """Return (N, 3, H, W) float32 of 0 and 1: the trimap as background, unknown, foreground."""
    classes = batch.classes[:, None]
    return torch.cat([classes == k for k in range(3)], dim=1).to(batch.image.dtype)


def colours(batch: Batch) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Return image and (foreground, background) in [0, 1], for composition losses."""
    foreground, background = batch.layers
    return batch.image / 255, (foreground / 255, background / 255)

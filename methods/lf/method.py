"""LF at test time: at half size, as the P3M paper tested it."""

from __future__ import annotations

from pathlib import Path

from ..half_size import HalfSizePredictor
from ..inference import loaded
from .network import LateFusion, base_of


def load(device: str, weights: Path) -> HalfSizePredictor:
    """The predictor with the weights of a checkpoint file; see `spec.LFMethod.load`."""
    return HalfSizePredictor(loaded(lambda width: LateFusion(base_of(width)), weights), device)

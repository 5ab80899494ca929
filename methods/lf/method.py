"""LF at test time: at half size, as the P3M paper tested it."""

from __future__ import annotations

from pathlib import Path

from p3mbench.weights import load_into, recorded_width

from ..half_size import HalfSizePredictor
from ..inference import published_times
from .network import LateFusion


def load(device: str, weights: Path) -> HalfSizePredictor:
    """The predictor with the weights of a checkpoint file; see `spec.Published.load`."""
    network = LateFusion(published_times(64, recorded_width(weights), 2))
    load_into(network, weights)
    return HalfSizePredictor(network, device)

"""Guesses that look at no image: what every network has to beat. A plugin.

p3mbench run --plugin benchmarks/mini/floors.py --methods all-background,all-foreground,mean-alpha
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.benchmark import get, train_samples
from p3mbench.data.sample import TrimapSource, as_bytes
from p3mbench.method import Kind, MethodInfo

Float32Array = npt.NDArray[np.float32]


def info(name: str, title: str) -> MethodInfo:
    """How a guess is listed."""
    return MethodInfo(name=name, title=title, kind=Kind.TRIMAP_FREE, year=2026, citation="p3mbench")


class Guess:
    """Predicts the same matte for every image of one size.

    Args:
        alpha: (h, w) float32 in [0, 1]; resized to the image linearly.
    """

    def __init__(self, alpha: Float32Array) -> None:
        self.alpha = alpha

    def predict(self, image: npt.NDArray[np.uint8], trimap: None = None) -> Float32Array:
        """See `p3mbench.method.Predictor`."""
        size = (image.shape[1], image.shape[0])
        return np.asarray(cv2.resize(self.alpha, size, interpolation=cv2.INTER_LINEAR), np.float32)


@dataclass(frozen=True)
class AllBackground:
    """Nobody is there."""

    info: ClassVar[MethodInfo] = info("all-background", "All background")

    def load(self, device: str, weights: Path | None) -> Guess:
        """An alpha of 0."""
        return Guess(np.zeros((1, 1), np.float32))


@dataclass(frozen=True)
class AllForeground:
    """All of it is a person."""

    info: ClassVar[MethodInfo] = info("all-foreground", "All foreground")

    def load(self, device: str, weights: Path | None) -> Guess:
        """An alpha of 1."""
        return Guess(np.ones((1, 1), np.float32))


@dataclass(frozen=True)
class MeanAlpha:
    """Where people stood in the training images of mini, on average."""

    info: ClassVar[MethodInfo] = info("mean-alpha", "Mean training alpha")

    def load(self, device: str, weights: Path | None) -> Guess:
        """The mean of the 320 alphas of the training split."""
        samples = train_samples(get("mini"), None, "N")
        alphas = (as_bytes(sample.load("N", TrimapSource()).alpha) for sample in samples)
        total = sum(alpha.astype(np.float64) for alpha in alphas)
        return Guess((np.asarray(total) / (255 * len(samples))).astype(np.float32))

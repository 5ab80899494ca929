"""The coarse matte: a baseline from the trimap alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from p3mbench.errors import MethodError
from p3mbench.method import Float32Array, Kind, MethodInfo, Predictor, UInt8Array


@dataclass(frozen=True)
class Coarse:
    """A baseline: half opacity in the unknown region. A useful method must beat it.

    Attributes:
        unknown: alpha of unknown pixels, in [0, 1].
    """

    unknown: float = 0.5

    info: ClassVar[MethodInfo] = MethodInfo(
        name="coarse",
        title="Coarse (unknown = 0.5)",
        kind=Kind.TRIMAP_BASED,
        year=2026,
        citation="p3mbench, the floor",
    )

    def __post_init__(self) -> None:
        if not 0 <= self.unknown <= 1:
            raise MethodError(f"option unknown must be in [0, 1], not {self.unknown}")

    def load(self, device: str, weights: Path | None) -> Predictor:
        """Return the method itself; there is nothing to load."""
        if weights is not None:
            raise MethodError("coarse learns nothing and takes no weights")
        return self

    def predict(self, image: UInt8Array, trimap: UInt8Array | None = None) -> Float32Array:
        """Return (H, W) float32 of 0, ``unknown`` and 1; needs a trimap."""
        if trimap is None:
            raise ValueError("this method needs a trimap")
        import numpy as np  # not above: listing the methods imports this module

        levels = np.array([0.0, self.unknown, 1.0], np.float32)
        return levels[np.searchsorted([0, 128, 255], trimap)]

"""Resizing by nearest pixels, as OpenCV and PyTorch do it."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Scalar = TypeVar("Scalar", bound=np.generic)


def nearest(plane: npt.NDArray[Scalar], size: tuple[int, int]) -> npt.NDArray[Scalar]:
    """(H, W) at another size: pixel ``floor(i * old / new)``, the first and not the middle one."""
    picked: list[npt.NDArray[Any]] = [
        np.minimum(np.floor(np.arange(new) * (old / new)), old - 1).astype(np.intp)
        for old, new in zip(plane.shape, size, strict=True)
    ]
    sampled: npt.NDArray[Scalar] = plane[np.ix_(*picked)]
    return sampled

"""Check and prepare the inputs of metrics; nothing is broadcast or guessed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from p3mbench.metrics.arrays import Mask, Matte, as_mask, strips
from p3mbench.metrics.conventions import Convention

RANGE_TOLERANCE = 1e-6
"""Floats outside [0, 1] by at most this are rounding errors: they are clipped and flagged."""


FOREGROUND, UNKNOWN, BACKGROUND = 255, 128, 0  # levels of a trimap


@dataclass(frozen=True)
class Regions:
    """A checked trimap and the number of its unknown pixels."""

    trimap: npt.NDArray[np.uint8]
    unknown_pixels: int

    def mask(self, level: int, rows: slice = slice(None)) -> Mask:
        """Return where the trimap has a level (255, 128 or 0), in all or some rows."""
        return as_mask(np.equal(self.trimap[rows], np.uint8(level)))


@dataclass(frozen=True)
class Pair:
    """A prediction and its ground truth, checked, C-contiguous and of one shape.

    `pred` and `alpha` are uint8, float32 or float64. `flags` names the changes to them.
    """

    pred: Matte
    alpha: Matte
    regions: Regions | None
    flags: tuple[str, ...]

    @property
    def pixels(self) -> int:
        """Number of pixels of the image."""
        return self.alpha.size

    @property
    def is_bytes(self) -> bool:
        """Whether both mattes are uint8, so that integer arithmetic is exact."""
        return self.pred.dtype == np.uint8 and self.alpha.dtype == np.uint8


def prepare(pred: Matte, alpha: Matte, trimap: Matte | None, convention: Convention) -> Pair:
    """Check the inputs and convert them to the form that the convention needs.

    Raises:
        ValueError: an input is not valid; the message names it, the problem and the remedy.
    """
    flags: list[str] = []
    alpha = check_matte("alpha", alpha, flags)
    pred = check_matte("pred", pred, flags)
    check_shape("pred", pred, alpha)
    if convention.needs_trimap and trimap is None:
        raise ValueError(
            f"trimap: the convention {convention.name!r} works on the unknown region; pass the "
            "trimap, or choose a convention for whole images such as 'p3m'"
        )
    if convention.quantise and pred.dtype != np.uint8:
        flags.append("quantised")
        pred = _to_bytes(pred, convention.quantise)
    if convention.single:
        pred, alpha = _to_single(pred), _to_single(alpha)
    regions = None
    if trimap is not None and convention.trimap_metrics:
        regions = check_trimap(trimap, alpha)
        if convention.paste_known:
            pred = _paste(pred, regions)
    return Pair(pred, alpha, regions, tuple(dict.fromkeys(flags)))


def check_matte(name: str, matte: Matte, flags: list[str]) -> Matte:
    """Return a matte as C-contiguous uint8, float32 or float64; `ValueError` if it is not one."""
    if not isinstance(matte, np.ndarray):
        raise ValueError(f"{name}: is a {type(matte).__name__}; pass a NumPy array of shape (H, W)")
    if matte.ndim != 2 or not matte.size:
        raise ValueError(f"{name}: has shape {matte.shape}; pass one channel of shape (H, W)")
    if matte.dtype == np.uint8:
        return np.ascontiguousarray(matte)
    if matte.dtype.kind != "f" or matte.dtype.itemsize not in (2, 4, 8):
        raise ValueError(
            f"{name}: has dtype {matte.dtype}; pass uint8 (0..255) or floats in [0, 1]"
            + ("; a mask becomes a matte by mask.astype(float)" if matte.dtype == bool else "")
        )
    floats = np.ascontiguousarray(matte, np.float64 if matte.dtype.itemsize == 8 else np.float32)
    low, high = float(floats.min()), float(floats.max())
    if not np.isfinite(low + high):
        raise ValueError(f"{name}: contains NaN or infinite values; correct its source")
    if low < -RANGE_TOLERANCE or high > 1 + RANGE_TOLERANCE:
        raise ValueError(
            f"{name}: contains values from {low:.6g} to {high:.6g}; floats must be in [0, 1] "
            "(divide 0..255 by 255, or clip)"
        )
    if low < 0 or high > 1:
        flags.append("clipped")
        floats = np.clip(floats, 0, 1)
    return floats


def check_shape(name: str, array: Matte, alpha: Matte) -> None:
    """Raise `ValueError` unless the array has alpha's shape."""
    if array.shape != alpha.shape:
        raise ValueError(
            f"{name}: has shape {array.shape} but alpha has {alpha.shape}; resize it to the "
            "ground truth first (nothing is broadcast)"
        )


def check_trimap(trimap: Matte, alpha: Matte) -> Regions:
    """Return the regions of an (H, W) uint8 trimap in {0, 128, 255}; `ValueError` otherwise."""
    if not isinstance(trimap, np.ndarray) or trimap.dtype != np.uint8:
        kind = getattr(trimap, "dtype", type(trimap).__name__)
        raise ValueError(f"trimap: is {kind}; pass an (H, W) uint8 array of 0, 128 and 255")
    check_shape("trimap", trimap, alpha)
    trimap = np.ascontiguousarray(trimap)
    regions = Regions(trimap, _count(trimap, 128))
    if regions.unknown_pixels + _count(trimap, 0) + _count(trimap, 255) != trimap.size:
        odd = np.setdiff1d(trimap, (0, 128, 255))
        raise ValueError(
            f"trimap: contains {', '.join(map(str, odd[:5]))} beside 0, 128 and 255; conventions "
            "disagree on such pixels, so map them first (read_trimap makes them unknown)"
        )
    return regions


def check_face(face: npt.NDArray[np.bool_], alpha: Matte) -> Mask:
    """Return the mask of an (H, W) bool face area; `ValueError` otherwise."""
    if not isinstance(face, np.ndarray) or face.dtype != np.bool_:
        kind = getattr(face, "dtype", type(face).__name__)
        raise ValueError(f"face: is {kind}; pass an (H, W) bool array, True inside the face")
    check_shape("face", face, alpha)
    return as_mask(face)


def _count(trimap: npt.NDArray[np.uint8], value: int) -> int:
    return sum(int(np.count_nonzero(trimap[rows] == value)) for rows in strips(trimap.shape))


def _to_bytes(matte: Matte, how: str) -> Matte:
    """Convert to bytes as the original code does: P3M truncates, the others round in float32."""
    if how == "truncate":
        levels: Matte = matte * matte.dtype.type(255)
    else:
        levels = np.rint(matte.astype(np.float32) * np.float32(255))
    return levels.astype(np.uint8)


def _to_single(matte: Matte) -> Matte:
    return matte if matte.dtype == np.uint8 else matte.astype(np.float32, copy=False)


def _paste(pred: Matte, regions: Regions) -> Matte:
    if pred.dtype == np.uint8:
        filled = np.bitwise_or(pred, regions.mask(FOREGROUND))
        return np.bitwise_and(filled, np.bitwise_not(regions.mask(BACKGROUND)), out=filled)
    pasted = pred.copy()
    pasted[regions.trimap == 255] = 1
    pasted[regions.trimap == 0] = 0
    return pasted

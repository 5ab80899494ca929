"""Draw the place of a crop, without decoding the image.

The rules come from published training code:

* ``p3m`` and ``gfm`` (core/data.py of JizhiziLi/P3M and JizhiziLi/GFM): the corner comes from rows
  0 to height - size - 1 and columns 0 to width - size - 1. In half of the samples it is a pixel
  there with the value 128 in the trimap (P3M) or in the alpha (GFM).
* ``centre`` (GCA, MatteFormer and ViTMatte, which share a loader; IndexNet; mmagic's DIM): an
  unknown pixel around which the crop fits is the centre. If there is none (GCA: fewer than ten, on
  every fourth row and column), GCA crops anywhere. We do the same. IndexNet and mmagic then take
  any unknown pixel and move the crop into the image.

No crop is moved or cut at the border.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.images import UInt8Array
from p3mbench.regions import trimap_from_alpha
from p3mbench.training.recipe import Recipe

Box = tuple[int, int, int, int]  # top, left, bottom, right; the last two are exclusive
UNKNOWN = 128
CORNER_SHARE = 0.5  # share of samples with a steered corner, for P3M and GFM
TRIES = 64  # pixels drawn one by one before all are searched


class Pixels(Protocol):
    """A set of pixels that crops are steered to."""

    def holds(self, row: int, column: int) -> bool:
        """Whether a pixel is in the set."""
        ...

    def within(self, box: Box) -> npt.NDArray[np.intp]:
        """Return (N, 2) rows and columns of the pixels in a box, in order."""
        ...


@dataclass(frozen=True)
class EqualTo:
    """The pixels of a plane (H, W) with a given value."""

    plane: UInt8Array
    value: int = UNKNOWN

    def holds(self, row: int, column: int) -> bool:
        """See `Pixels.holds`."""
        return bool(self.plane[row, column] == self.value)

    def within(self, box: Box) -> npt.NDArray[np.intp]:
        """See `Pixels.within`."""
        top, left, bottom, right = box
        found = np.argwhere(self.plane[top:bottom, left:right] == self.value)
        return _moved(found, box)


class Unknown:
    """The unknown pixels of `trimap_from_alpha`, found without the trimap of the whole image.

    Args:
        alpha: (H, W) uint8.
        kernel: side of the trimap's elliptical element.
    """

    def __init__(self, alpha: UInt8Array, kernel: int) -> None:
        self.alpha, self.kernel = alpha, kernel
        element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (kernel, kernel))
        self.element = np.asarray(element, bool)

    def holds(self, row: int, column: int) -> bool:
        """See `Pixels.holds`; reads only the alpha under the element."""
        top, left = row - self.kernel // 2, column - self.kernel // 2
        up, before = max(0, top), max(0, left)
        window = self.alpha[up : top + self.kernel, before : left + self.kernel]
        element = self.element[up - top :, before - left :][: window.shape[0], : window.shape[1]]
        values = window[element]
        return bool(values.any() and not (values == 255).all())

    def within(self, box: Box) -> npt.NDArray[np.intp]:
        """See `Pixels.within`."""
        found = np.argwhere(trimap_within(self.alpha, self.kernel, box) == UNKNOWN)
        return _moved(found, box)


def _moved(found: npt.NDArray[np.intp], box: Box) -> npt.NDArray[np.intp]:
    """Convert pixels of a box to pixels of the image."""
    moved: npt.NDArray[np.intp] = found + np.array(box[:2], np.intp)
    return moved


def trimap_within(alpha: UInt8Array, kernel: int, box: Box) -> UInt8Array:
    """Compute `trimap_from_alpha` of the whole image inside a box, from the pixels near it."""
    cut, inner = with_margin(alpha, kernel, box)
    return trimap_from_alpha(cut, kernel)[inner]


def with_margin(alpha: UInt8Array, margin: int, box: Box) -> tuple[UInt8Array, tuple[slice, slice]]:
    """Cut a box with a margin from ``alpha``, clipped to it; return the cut and the box in it."""
    top, left, bottom, right = box
    up, before = max(0, top - margin), max(0, left - margin)
    inner = slice(top - up, bottom - up), slice(left - before, right - before)
    return alpha[up : bottom + margin, before : right + margin], inner


@dataclass(frozen=True)
class CropPlace:
    """A crop: its corner, its size in pixels of the image, and whether it is mirrored."""

    top: int
    left: int
    rows: int
    columns: int
    flip: bool

    @property
    def box(self) -> Box:
        """The box of the crop."""
        return self.top, self.left, self.top + self.rows, self.left + self.columns

    def of(self, plane: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Cut the crop from a plane (H, W) or (H, W, C), without mirroring it."""
        return np.asarray(
            plane[self.top : self.top + self.rows, self.left : self.left + self.columns]
        )


def place_crop(
    shape: tuple[int, int], pixels: Pixels, recipe: Recipe, rng: np.random.Generator
) -> CropPlace:
    """Draw a crop of an image of ``shape`` (H, W) by the recipe's rule."""
    sides = crop_sides(shape, recipe, int(rng.integers(len(recipe.crops))))
    top, left = crop_corner(shape, pixels, sides, recipe.crop_rule, rng)
    return CropPlace(top, left, *sides, flip=bool(rng.random() < 0.5))


def crop_sides(shape: tuple[int, int], recipe: Recipe, choice: int) -> tuple[int, int]:
    """Return (rows, columns) of a crop with the recipe's aspect ratio that fits ``shape``.

    If a crop is not smaller than the image in both directions, `Recipe.fallback` replaces it, if
    the recipe has one. If that does not fit, the largest crop that fits is taken.
    """
    ratio = recipe.size[1] / recipe.size[0]
    wanted = recipe.crops[choice]
    smaller = wanted < shape[0] and round(wanted * ratio) < shape[1]
    if wanted and recipe.fallback and not smaller:
        wanted = recipe.fallback
    rows = min(wanted or shape[0], shape[0], max(1, int(shape[1] / ratio)))
    return rows, min(shape[1], max(1, round(rows * ratio)))


def crop_corner(
    shape: tuple[int, int],
    pixels: Pixels,
    sides: tuple[int, int],
    rule: str,
    rng: np.random.Generator,
) -> tuple[int, int]:
    """Draw (top, left) of a crop of ``sides`` by a rule of `recipe.CROP_RULES`."""
    last = shape[0] - sides[0], shape[1] - sides[1]
    if rule in ("p3m", "gfm"):
        end = max(1, last[0]), max(1, last[1])  # only 0 if the crop fills the image
        steered = rng.random() < CORNER_SHARE
        corner = _one_of(pixels, (0, 0, *end), rng) if steered else None
        return corner or _anywhere(end, rng)
    end = last[0] + 1, last[1] + 1
    if rule == "centre":
        half = sides[0] // 2, sides[1] // 2
        middle = _one_of(pixels, (*half, half[0] + end[0], half[1] + end[1]), rng)
        if middle is not None:
            return middle[0] - half[0], middle[1] - half[1]
    return _anywhere(end, rng)


def _anywhere(end: tuple[int, int], rng: np.random.Generator) -> tuple[int, int]:
    return int(rng.integers(end[0])), int(rng.integers(end[1]))


def _one_of(pixels: Pixels, box: Box, rng: np.random.Generator) -> tuple[int, int] | None:
    """Draw one of the pixels in a box with equal probability; None if there is none.

    Random pixels of the box are tried first, which keeps probabilities equal and is fast. The whole
    box is searched only after `TRIES` failures.
    """
    for row, column in rng.integers(box[:2], box[2:], (TRIES, 2)).tolist():
        if pixels.holds(row, column):
            return row, column
    found = pixels.within(box)
    if not len(found):
        return None
    row, column = found[rng.integers(len(found))].tolist()
    return row, column

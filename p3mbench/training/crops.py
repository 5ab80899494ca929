"""Make training crops with their trimaps. A crop depends only on its position and the seed.

Only what a crop needs is computed: morphology runs near the crop, and only the crop is read from
layers that are mapped from disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from p3mbench.images import UInt8Array
from p3mbench.training.batch import Batch
from p3mbench.training.copy_paste import laid_over
from p3mbench.training.placing import (
    CropPlace,
    EqualTo,
    Pixels,
    Unknown,
    place_crop,
    trimap_within,
)
from p3mbench.training.recipe import Recipe
from p3mbench.training.sources import Source, TrainScene

Planes = dict[str, npt.NDArray[np.uint8]]
HUE = 40  # degrees
VERSION = 2  # raised when the same seed gives other crops; older runs are not resumed


@dataclass(frozen=True)
class CopyPaste:
    """Settings of copy-and-paste: donors, level (`copy_paste.LEVELS`) and probability."""

    donors: Source
    level: str
    probability: float = 0.5


class Crops(Dataset[dict[str, Tensor]]):
    """An endless sequence of crops; item ``position`` depends only on the position and the seed.

    Every ``len(source)`` positions show each image once, in a new order. So a run can be resumed
    anywhere, with any number of loader processes and devices.
    """

    def __init__(
        self, source: Source, recipe: Recipe, seed: int, copy_paste: CopyPaste | None = None
    ) -> None:
        self.source, self.recipe, self.seed, self.copy_paste = source, recipe, seed, copy_paste

    def __getitem__(self, position: int) -> dict[str, Tensor]:
        """Return the crop at a position, as the fields of a `Batch` without their first axis."""
        epoch, turn = divmod(position, len(self.source))
        order = np.random.default_rng([self.seed, 1, epoch]).permutation(len(self.source))
        rng = np.random.default_rng([self.seed, 2, position])
        scene, recipe = self.source.scene(int(order[turn])), self.recipe
        planes = self._planes(scene, rng)
        kernel = _between(rng, recipe.kernels)
        steering = steering_of(recipe, scene.alpha, kernel)
        place = place_crop(scene.alpha.shape, steering, recipe, rng)
        cropped = crop(planes, place, recipe.size)
        for name, part in maps_of(scene.alpha, kernel, recipe.envelope, place).items():
            cropped[name] = _fitted(part, place.flip, recipe.size)
        return _as_tensors(jittered(cropped, rng) if recipe.jitter else cropped)

    def _planes(self, scene: TrainScene, rng: np.random.Generator) -> Planes:
        """Return the planes of a scene that are cropped unchanged, by name."""
        planes: Planes = {"image": scene.image, "alpha": scene.alpha}
        if self.recipe.needs_layers:
            if scene.foreground is None or scene.background is None:
                raise ValueError("the source has no foregrounds, and the recipe needs them")
            planes |= {"foreground": scene.foreground, "background": scene.background}
        if self.copy_paste is not None:
            planes |= self._donated(rng, scene.image, scene.face)
        return planes

    def _donated(
        self, rng: np.random.Generator, image: UInt8Array, face: npt.NDArray[np.bool_] | None
    ) -> Planes:
        """Return a donor aligned with the target's face, and the mask of the pasted pixels."""
        assert self.copy_paste is not None  # noqa: S101 - for the type checker
        donors = self.copy_paste.donors
        chosen, lucky = int(rng.integers(len(donors))), rng.random() < self.copy_paste.probability
        nothing: Planes = {"donor": image, "paste": np.zeros(image.shape[:2], np.uint8)}
        if not lucky or face is None or not face.any():
            return nothing
        donor = donors.scene(chosen)
        if donor.face is None or not donor.face.any():
            return nothing
        moved, mask = laid_over(donor.image, donor.face, face)
        return {"donor": moved, "paste": mask.astype(np.uint8) * 255}


def steering_of(recipe: Recipe, alpha: UInt8Array, kernel: int) -> Pixels:
    """Return the pixels that a recipe's rule steers crops to."""
    return EqualTo(alpha) if recipe.crop_rule == "gfm" else Unknown(alpha, kernel)


def _between(rng: np.random.Generator, bounds: tuple[int, int]) -> int:
    return int(rng.integers(bounds[0], bounds[1] + 1))


def crop(planes: Planes, place: CropPlace, size: tuple[int, int]) -> Planes:
    """Cut the same crop from every plane, mirror it if the place says so, and resize it linearly.

    Args:
        planes: arrays of equal (H, W), with or without channels.
        place: place of the crop.
        size: (H, W) of the result.
    """
    return {name: _fitted(place.of(plane), place.flip, size) for name, plane in planes.items()}


def _fitted(part: npt.NDArray[np.uint8], flip: bool, size: tuple[int, int]) -> UInt8Array:
    """Resize a part of a plane; the result is a copy, because planes may be read-only."""
    part = part[:, ::-1] if flip else part
    if part.shape[:2] == size:
        return np.array(part, np.uint8, order="C")
    return np.asarray(cv2.resize(part, size[::-1]), np.uint8)


def maps_of(alpha: UInt8Array, kernel: int, envelope: int, place: CropPlace) -> Planes:
    """Compute trimap, dilation and erosion of the whole alpha inside a crop only.

    Args:
        alpha: (H, W) uint8 of the whole image.
        kernel: kernel of the trimap.
        envelope: kernel of ``dilation`` and ``erosion``; 0 for none.
        place: place of the crop.

    Returns:
        ``trimap`` in {0, 128, 255}; with an envelope also ``dilation`` (of alpha != 0) and
        ``erosion`` (of alpha == 255), both in {0, 255}. Each has the crop's size and is not
        mirrored.
    """
    maps: Planes = {"trimap": trimap_within(alpha, kernel, place.box)}
    if envelope:
        wide = trimap_within(alpha, envelope, place.box)
        maps["dilation"] = np.where(wide > 0, np.uint8(255), np.uint8(0))
        maps["erosion"] = np.where(wide == 255, np.uint8(255), np.uint8(0))
    return maps


def jittered(planes: Planes, rng: np.random.Generator) -> Planes:
    """Shift the colours of the foreground and compose the image again.

    The rule is that of GCA Matting (Y. Li and H. Lu, AAAI 2020): hue by up to 40 degrees;
    saturation and value by up to a tenth of 1.1 minus their mean in the foreground, reflected at 0
    and 1.

    Args:
        planes: planes of one crop, with ``image``, ``alpha``, ``foreground`` and ``background``. A
            ``donor`` gets the same shift, because it may replace the foreground.
        rng: draws the shift.
    """
    alpha = planes["alpha"].astype(np.float32)[..., None] / 255
    if not alpha.any():
        return planes
    hsv = _hsv(planes["foreground"])
    inside = alpha[..., 0] > 0
    reaches = [(1.1 - float(hsv[..., channel][inside].mean())) / 10 for channel in (1, 2)]
    hue = int(rng.integers(-HUE, HUE))
    saturation, value = (float(rng.uniform(-reach, reach)) for reach in reaches)
    shift = (hue, saturation, value)
    foreground = _shifted(hsv, shift)
    image = alpha * foreground + (1 - alpha) * planes["background"]
    made = planes | {"image": _rounded(image), "foreground": _rounded(foreground)}
    if "donor" in planes:
        made["donor"] = _rounded(_shifted(_hsv(planes["donor"]), shift))
    return made


def _hsv(image: UInt8Array) -> npt.NDArray[np.float32]:
    """Convert to hue in degrees, and saturation and value in [0, 1]."""
    hsv = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)
    return np.asarray(hsv, np.float32)


def _shifted(
    hsv: npt.NDArray[np.float32], shift: tuple[float, float, float]
) -> npt.NDArray[np.float32]:
    """Shift hue, saturation and value; return (H, W, 3) float32 RGB in [0, 255]."""
    hsv = hsv.copy()
    hsv[..., 0] = (hsv[..., 0] + shift[0]) % 360
    for channel in (1, 2):
        moved = np.abs(hsv[..., channel] + shift[channel])
        hsv[..., channel] = np.where(moved > 1, 2 - moved, moved)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * 255, np.float32)


def _rounded(values: npt.NDArray[Any]) -> UInt8Array:
    rounded: UInt8Array = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded


def _as_tensors(planes: Planes) -> dict[str, Tensor]:
    """Convert to (C, H, W) float32 tensors, with alpha and paste in [0, 1]."""
    tensors = {}
    for name, plane in planes.items():
        values = torch.from_numpy(plane).float()
        values = values.permute(2, 0, 1) if values.ndim == 3 else values[None]
        tensors[name] = values / 255 if name in ("alpha", "paste") else values
    return tensors


class Positions(Sampler[int]):
    """The positions of this process from a given step: its share of every batch."""

    def __init__(self, first: int, last: int, batch: int, rank: int, world: int) -> None:
        self.steps = range(first, last)
        self.batch, self.rank, self.world = batch, rank, world

    def __iter__(self) -> Iterator[int]:
        for step in self.steps:
            yield from range(step * self.batch + self.rank, (step + 1) * self.batch, self.world)

    def __len__(self) -> int:
        return len(self.steps) * self.batch // self.world


def collate(crops: list[dict[str, Tensor]]) -> Batch:
    """Stack crops into a `Batch`."""
    stacked: dict[str, Any] = {name: torch.stack([c[name] for c in crops]) for name in crops[0]}
    return Batch(**stacked)

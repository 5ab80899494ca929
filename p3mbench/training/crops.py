"""From a training image to a crop: chance, geometry, trimap. Stateless: all of it from one seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from p3mbench.images import UInt8Array
from p3mbench.regions import envelope_of, trimap_from_alpha
from p3mbench.training.batch import Batch
from p3mbench.training.copy_paste import laid_over
from p3mbench.training.recipe import Recipe
from p3mbench.training.sources import Source

Planes = dict[str, npt.NDArray[np.uint8]]
HUE = 40  # degrees
CORNER_SHARE = 0.5  # P3M: how often the crop's corner is an unknown pixel


@dataclass(frozen=True)
class CopyPaste:
    """Who donates faces, at which level (`copy_paste.LEVELS`), and how often."""

    donors: Source
    level: str
    probability: float = 0.5


class Crops(Dataset[dict[str, Tensor]]):
    """An endless sequence of crops: item ``position`` is a function of the seed and nothing else.

    Every run of ``len(source)`` positions shows each image once, in an order of its own. So a run
    can be taken up anywhere, with any number of loader processes and of devices.
    """

    def __init__(
        self, source: Source, recipe: Recipe, seed: int, copy_paste: CopyPaste | None = None
    ) -> None:
        self.source, self.recipe, self.seed, self.copy_paste = source, recipe, seed, copy_paste

    def __getitem__(self, position: int) -> dict[str, Tensor]:
        """The crop at a position, as the fields of a `Batch` without their first axis."""
        epoch, place = divmod(position, len(self.source))
        order = np.random.default_rng([self.seed, 1, epoch]).permutation(len(self.source))
        rng = np.random.default_rng([self.seed, 2, position])
        scene = self.source.scene(int(order[place]))
        planes: Planes = {"image": scene.image, "alpha": scene.alpha}
        if self.recipe.needs_layers:
            if scene.foreground is None or scene.background is None:
                raise ValueError("the source has no foregrounds, and the recipe needs them")
            planes |= {"foreground": scene.foreground, "background": scene.background}
        if self.copy_paste is not None:
            planes |= self._donated(rng, scene.image, scene.face)
        planes["trimap"] = trimap_from_alpha(scene.alpha, _between(rng, self.recipe.kernels))
        if self.recipe.envelope:
            pair = envelope_of(scene.alpha, self.recipe.envelope)
            planes["dilation"], planes["erosion"] = pair
        cropped = crop(planes, self.recipe, rng)
        return _as_tensors(jittered(cropped, rng) if self.recipe.jitter else cropped)

    def _donated(
        self, rng: np.random.Generator, image: UInt8Array, face: npt.NDArray[np.bool_] | None
    ) -> Planes:
        """A donor laid over the target's face, and where it is pasted; nowhere if there is none."""
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


def _between(rng: np.random.Generator, bounds: tuple[int, int]) -> int:
    return int(rng.integers(bounds[0], bounds[1] + 1))


def crop(planes: Planes, recipe: Recipe, rng: np.random.Generator) -> Planes:
    """The same crop of every plane, resized (OpenCV, linear) and perhaps flipped.

    Args:
        planes: arrays of one (H, W), with or without channels; ``trimap`` steers the place.
    """
    height, width = planes["alpha"].shape
    rows, columns = crop_sides((height, width), recipe, int(rng.integers(len(recipe.crops))))
    top, left = crop_corner(planes["trimap"], (rows, columns), recipe.crop_rule, rng)
    flip = rng.random() < 0.5
    size = recipe.size[::-1]
    cropped = {}
    for name, plane in planes.items():
        part = plane[top : top + rows, left : left + columns]
        part = part[:, ::-1] if flip else part
        resized = part if part.shape[:2] == recipe.size else cv2.resize(part, size)
        cropped[name] = np.ascontiguousarray(resized, np.uint8)
    return cropped


def jittered(planes: Planes, rng: np.random.Generator) -> Planes:
    """The foreground in shifted colours, and the image composed with it anew.

    As Y. Li and H. Lu train GCA Matting (AAAI 2020): hue by up to 40 degrees; saturation and value
    by up to a tenth of 1.1 minus their mean in the foreground, reflected at 0 and 1.

    Args:
        planes: of one crop, with ``image``, ``alpha``, ``foreground`` and ``background``. A
            ``donor`` is shifted as the foreground is, whose place it may take.
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
    """Hue in degrees, saturation and value in [0, 1]."""
    hsv = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)
    return np.asarray(hsv, np.float32)


def _shifted(
    hsv: npt.NDArray[np.float32], shift: tuple[float, float, float]
) -> npt.NDArray[np.float32]:
    """(H, W, 3) float32 RGB in [0, 255] of shifted hue, saturation and value."""
    hsv = hsv.copy()
    hsv[..., 0] = (hsv[..., 0] + shift[0]) % 360
    for channel in (1, 2):
        moved = np.abs(hsv[..., channel] + shift[channel])
        hsv[..., channel] = np.where(moved > 1, 2 - moved, moved)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * 255, np.float32)


def _rounded(values: npt.NDArray[Any]) -> UInt8Array:
    rounded: UInt8Array = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded


def crop_sides(shape: tuple[int, int], recipe: Recipe, choice: int) -> tuple[int, int]:
    """(rows, columns) of a crop of the recipe's aspect ratio that fits an image of ``shape``."""
    ratio = recipe.size[1] / recipe.size[0]
    rows = recipe.crops[choice] or shape[0]
    rows = min(rows, shape[0], max(1, int(shape[1] / ratio)))
    return rows, min(shape[1], max(1, round(rows * ratio)))


def crop_corner(
    trimap: UInt8Array, sides: tuple[int, int], rule: str, rng: np.random.Generator
) -> tuple[int, int]:
    """(top, left) of a crop of ``sides`` by a rule of `recipe.CROP_RULES`."""
    room = trimap.shape[0] - sides[0], trimap.shape[1] - sides[1]
    anywhere = int(rng.integers(room[0] + 1)), int(rng.integers(room[1] + 1))
    unknown = np.argwhere(trimap == 128)
    if rule == "uniform" or not len(unknown):
        return anywhere
    row, column = (int(v) for v in unknown[rng.integers(len(unknown))])
    if rule == "centre":
        row, column = row - sides[0] // 2, column - sides[1] // 2
    elif rng.random() >= CORNER_SHARE:
        return anywhere
    return min(max(0, row), room[0]), min(max(0, column), room[1])


def _as_tensors(planes: Planes) -> dict[str, Tensor]:
    """(C, H, W) float32 tensors; alpha and paste in [0, 1]."""
    tensors = {}
    for name, plane in planes.items():
        values = torch.from_numpy(plane).float()
        values = values.permute(2, 0, 1) if values.ndim == 3 else values[None]
        tensors[name] = values / 255 if name in ("alpha", "paste") else values
    return tensors


def collate(crops: list[dict[str, Tensor]]) -> Batch:
    """Crops to a `Batch`."""
    stacked: dict[str, Any] = {name: torch.stack([c[name] for c in crops]) for name in crops[0]}
    return Batch(**stacked)

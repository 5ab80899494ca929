"""Samples that are drawn, not read: the embedded benchmark."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from p3mbench.data.folder import Subset
from p3mbench.data.obfuscation import Obfuscation
from p3mbench.data.portraits import GENERATOR_VERSION, mini_id, portrait, seed_of
from p3mbench.data.sample import Scene, TrimapSource
from p3mbench.errors import DataError
from p3mbench.images import UInt8Array
from p3mbench.regions import trimap_from_alpha
from p3mbench.writing import write_bytes

SCENES = "P3MBENCH_SCENES"  # folder that the processes of one run share


@dataclass(frozen=True)
class SyntheticSample:
    """A synthetic portrait by its seed.

    Attributes:
        seed: of the generator.
        size: (H, W) in pixels.
        kernel: of the trimap, in pixels.
    """

    id: str
    seed: int
    size: tuple[int, int]
    kernel: int
    obfuscation: Obfuscation

    def files(self, variant: str) -> dict[str, Path]:
        """There are none."""
        return {}

    def recipe(self, variant: str) -> dict[str, Any]:
        """Everything its pixels depend on."""
        recipe: dict[str, Any] = {
            "generator": GENERATOR_VERSION,
            "seed": self.seed,
            "size": list(self.size),
            "kernel": self.kernel,
        }
        if variant == "B":
            recipe["obfuscation"] = self.obfuscation.recipe
        return recipe

    def load(self, variant: str, trimap: TrimapSource) -> Scene:
        """Draw it; its own trimap is made with its own kernel."""
        drawn = _drawn(self.seed, self.size)
        face, image = drawn.face, drawn.image
        if variant == "B":
            image = self.obfuscation.apply(image, face, drawn.alpha)
        known = trimap_from_alpha(drawn.alpha, trimap.kernel or self.kernel)
        return Scene(image, drawn.alpha, known, face)


@dataclass(frozen=True, eq=False)
class _Drawing:
    """What a benchmark needs of a portrait; arrays only."""

    image: UInt8Array
    alpha: UInt8Array
    face: npt.NDArray[np.bool_]


def _drawn(seed: int, size: tuple[int, int]) -> _Drawing:
    """Arrays that are the caller's own: what is done to them reaches no other image or variant."""
    kept = _kept(seed, size)
    return _Drawing(kept.image.copy(), kept.alpha.copy(), kept.face.copy())


@lru_cache(maxsize=256)
def _kept(seed: int, size: tuple[int, int]) -> _Drawing:
    """Every method of a run sees the same portraits; a process draws each of them once at most.

    Where the environment names a folder (`SCENES`), the processes of a run share their drawings.
    """
    folder = os.environ.get(SCENES)
    path = Path(folder or ".") / f"{seed}-{size[0]}x{size[1]}.npz"
    if folder:
        with suppress(OSError, ValueError, KeyError, BadZipFile), np.load(path) as kept:
            return _Drawing(kept["image"], kept["alpha"], kept["face"])
    whole = portrait(seed, size)
    drawn = _Drawing(whole.image, whole.alpha, whole.face.astype(bool))
    if folder:
        content = io.BytesIO()
        np.savez(content, image=drawn.image, alpha=drawn.alpha, face=drawn.face)
        with suppress(DataError):  # a full disk must not stop what can be drawn again
            write_bytes(path, content.getvalue())
    return drawn


def synthetic_subset(
    name: str, count: int, settings: Mapping[str, int], obfuscation: Obfuscation
) -> Subset:
    """The first ``count`` portraits of a subset; see `p3mbench.data.portraits.seed_of`."""
    size = (settings["height"], settings["width"])
    samples = tuple(
        SyntheticSample(
            id=mini_id(name, index),
            seed=seed_of(name, index, settings["seed"]),
            size=size,
            kernel=settings["kernel"],
            obfuscation=obfuscation,
        )
        for index in range(count)
    )
    return Subset(
        name=name,
        samples=samples,
        size=count,
        available=("B", "N"),
        unavailable={},
        has_trimaps=True,
        notes=(f"{count} synthetic portraits of {size[1]}x{size[0]}",),
    )

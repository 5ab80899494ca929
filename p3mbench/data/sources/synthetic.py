"""Synthetic portraits that are drawn, not read: the embedded benchmarks."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Self
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from p3mbench.data.definition import Definition, TomlTable
from p3mbench.data.obfuscation import Obfuscation, obfuscation_of
from p3mbench.data.portraits import GENERATOR_VERSION, mini_id, portrait, seed_of
from p3mbench.data.sample import SCENES, Scene, TrimapSource
from p3mbench.data.sources import DataSource
from p3mbench.data.subset import Paired, Subset
from p3mbench.errors import BenchmarkError, DataError
from p3mbench.images import UInt8Array
from p3mbench.regions import trimap_from_alpha
from p3mbench.settings import PAPER_VARIANTS, is_hidden, ordered
from p3mbench.writing import write_bytes

TRAIN, FACES = 320, 48  # portraits of the training split, and with public faces


@dataclass(frozen=True)
class SyntheticSample:
    """A synthetic portrait by its seed.

    Attributes:
        seed: of the generator.
        size: (H, W) in pixels.
        kernel: of the trimap, in pixels.
        obfuscation: how the faces of variant B are hidden.
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
        made = obfuscation_of(variant, self.obfuscation)
        if made is not None:
            recipe["obfuscation"] = made.recipe
        return recipe

    def load(self, variant: str, trimap: TrimapSource) -> Scene:
        """Draw it; its own trimap is made with its own kernel."""
        drawn = _drawn(self.seed, self.size)
        face, image = drawn.face, drawn.image
        made = obfuscation_of(variant, self.obfuscation)
        if made is not None:
            image = made.apply(image, face, drawn.alpha)
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


@dataclass(frozen=True)
class SyntheticSource(DataSource):
    """Portraits of the generator.

    Attributes:
        seed: base of the portraits' seeds.
        height, width: in pixels.
        kernel: of the trimaps, in pixels.
    """

    seed: int = 2021
    height: int = 256
    width: int = 192
    kernel: int = 5

    name: ClassVar[str] = "synthetic"
    drawn: ClassVar[bool] = True
    keys: ClassVar[tuple[str, ...]] = ("synthetic",)
    subset_keys: ClassVar[tuple[str, ...]] = ("count",)

    @classmethod
    def read(cls, table: TomlTable) -> Self:
        """See `DataSource.read`: table [synthetic]."""
        inner, default = table.inner("synthetic"), cls()
        inner.only(asdict(default))
        return cls(
            seed=inner.number("seed", 0, default.seed),
            height=inner.number("height", 64, default.height),
            width=inner.number("width", 64, default.width),
            kernel=inner.number("kernel", 1, default.kernel),
        )

    def check_subset(self, table: TomlTable) -> None:
        """See `DataSource.check_subset`."""
        table.number("count", 1)

    def root(self, asked: Definition, data: Path | None) -> None:
        """See `DataSource.root`: there is none."""
        if data is not None:
            raise BenchmarkError(
                f"benchmark {asked.name} draws its images and reads nothing from {data}; leave "
                "--data out, or name the benchmark of that folder with --benchmark"
            )

    def pair(self, asked: Definition, root: Path, table: Mapping[str, Any]) -> Paired:
        """See `DataSource.pair`: nothing can be wrong."""
        return Paired(self.portraits(asked, table["name"], table["count"]))

    def open(self, asked: Definition, root: Path | None) -> dict[str, Subset | str]:
        """See `DataSource.open`."""
        return {t["name"]: self.portraits(asked, t["name"], t["count"]) for t in asked.subsets}

    def train(self, asked: Definition, root: Path | None) -> Paired:
        """See `DataSource.train`."""
        return Paired(self.portraits(asked, "train", TRAIN))

    def faces(self, asked: Definition) -> Subset:
        """See `DataSource.faces`."""
        return self.portraits(asked, "faces", FACES)

    def drawings(self, asked: Definition, train: int) -> Sequence[Subset]:
        """See `DataSource.drawings`."""
        tests = [self.portraits(asked, t["name"], t["count"]) for t in asked.subsets]
        return [*tests, *([self.portraits(asked, "train", train)] if train else [])]

    def remembered(self) -> Mapping[str, Any]:
        """See `DataSource.remembered`."""
        return {"synthetic": asdict(self)}

    def portraits(self, asked: Definition, name: str, count: int) -> Subset:
        """The first ``count`` portraits of a split; see `p3mbench.data.portraits.seed_of`."""
        samples = tuple(
            SyntheticSample(
                id=mini_id(name, index),
                seed=seed_of(name, index, self.seed),
                size=(self.height, self.width),
                kernel=self.kernel,
                obfuscation=asked.obfuscation,
            )
            for index in range(count)
        )
        wanted = ordered((*PAPER_VARIANTS, *asked.variants))
        made = [v for v in wanted if not is_hidden(v) or obfuscation_of(v, asked.obfuscation)]
        return Subset(
            name=name,
            samples=samples,
            size=count,
            available=tuple(made),
            unavailable={
                variant: "another program makes its images, and these portraits are drawn"
                for variant in wanted
                if variant not in made
            },
            has_trimaps=True,
            notes=(f"{count} synthetic portraits of {self.width}x{self.height}",),
        )


SOURCE = SyntheticSource

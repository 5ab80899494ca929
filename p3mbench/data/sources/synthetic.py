"""Synthetic portraits, which are drawn, not read: the embedded benchmarks."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Self
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from p3mbench.data.definition import Definition, TomlTable
from p3mbench.data.obfuscation import Obfuscation, obfuscation_of
from p3mbench.data.portraits import WORLDS, Casting, mini_id, seed_of, with_another_face
from p3mbench.data.sample import SCENES, Scene, TrimapSource
from p3mbench.data.sources import DataSource
from p3mbench.data.subset import Paired, Subset
from p3mbench.errors import BenchmarkError, DataError
from p3mbench.images import UInt8Array
from p3mbench.regions import trimap_from_alpha
from p3mbench.settings import PAPER_VARIANTS, is_hidden, ordered
from p3mbench.writing import write_bytes

TRAIN, FACES = 320, 48  # numbers of portraits: training split, public faces
_OWN, _OTHER = "", "-other-faces"
_CASTS: dict[str, tuple[Casting, ...]] = {_OWN: (), _OTHER: (with_another_face,)}


@dataclass(frozen=True)
class SyntheticSample:
    """A synthetic portrait by its seed.

    Attributes:
        seed: seed of the generator.
        size: (H, W) in pixels.
        kernel: kernel of the trimap, in pixels.
        obfuscation: how the faces of variant B are hidden.
        world: kind of scenes, a key of `p3mbench.data.portraits.WORLDS`.
    """

    id: str
    seed: int
    size: tuple[int, int]
    kernel: int
    obfuscation: Obfuscation
    world: str

    def files(self, variant: str) -> dict[str, Path]:
        """Return nothing: there are no files."""
        return {}

    def recipe(self, variant: str) -> dict[str, Any]:
        """Return everything that its pixels depend on."""
        recipe: dict[str, Any] = {
            "generator": WORLDS[self.world].version,
            "seed": self.seed,
            "size": list(self.size),
            "kernel": self.kernel,
        }
        made = obfuscation_of(variant, self.obfuscation)
        if made is not None:
            recipe["obfuscation"] = made.recipe
        return recipe

    def load(self, variant: str, trimap: TrimapSource) -> Scene:
        """Draw the portrait; the trimap ``dataset`` is made with the portrait's own kernel."""
        drawn = _drawn(self.world, self.seed, self.size)
        image = drawn.image
        made = obfuscation_of(variant, self.obfuscation)
        if made is not None:  # a face detector finds the faces of all people
            solid = np.where(drawn.others, np.uint8(255), drawn.alpha)
            other = None
            if made.drawn_only:
                other = _drawn(self.world, self.seed, self.size, faces=_OTHER).image
            image = made.apply(image, drawn.face | drawn.others, solid, other)
        known = trimap.made(self.id, drawn.alpha, self.kernel)
        return Scene(image, drawn.alpha, known, drawn.face)

    def again(self, number: int) -> Scene:
        """Draw the first person of the portrait in another scene, alone and with visible face.

        Args:
            number: of the scene, from 0.
        """
        world = WORLDS[self.world]
        scenes = (seed_of("again", 100 * number + i, self.seed) for i in count())
        all_drawn = (world.again(self.seed, scene, self.size) for scene in scenes)
        drawn = next(one for one in all_drawn if one.scene["people"] == 1)
        known = trimap_from_alpha(drawn.alpha, self.kernel)
        return Scene(drawn.image, drawn.alpha, known, drawn.face)


@dataclass(frozen=True, eq=False)
class _Drawing:
    """The arrays of a portrait that a benchmark needs."""

    image: UInt8Array
    alpha: UInt8Array
    face: npt.NDArray[np.bool_]
    others: npt.NDArray[np.bool_]


def _drawn(world: str, seed: int, size: tuple[int, int], faces: str = _OWN) -> _Drawing:
    """Return copies, so that a caller's changes affect no other image or variant."""
    kept = _kept(world, seed, size, faces)
    return _Drawing(**{name: array.copy() for name, array in vars(kept).items()})


@lru_cache(maxsize=256)
def _kept(world: str, seed: int, size: tuple[int, int], faces: str) -> _Drawing:
    """Draw a portrait at most once per process, because every method of a run sees the same ones.

    If the environment names a folder (`SCENES`), the processes of a run share their drawings.
    """
    folder = os.environ.get(SCENES)
    path = Path(folder or ".") / f"{world}-{seed}-{size[0]}x{size[1]}{faces}.npz"
    if folder:
        with suppress(OSError, ValueError, KeyError, BadZipFile), np.load(path) as kept:
            return _Drawing(**{name: kept[name] for name in kept.files})
    whole = WORLDS[world].draw(seed, size, *_CASTS[faces])
    drawn = _Drawing(whole.image, whole.alpha, whole.face, whole.others)
    if folder:
        content = io.BytesIO()
        np.savez(content, **vars(drawn))
        with suppress(DataError):  # a full disk is no reason to fail: drawings can be repeated
            write_bytes(path, content.getvalue())
    return drawn


@dataclass(frozen=True)
class SyntheticSource(DataSource):
    """Portraits of the generator.

    Attributes:
        seed: base of the portraits' seeds.
        height, width: size in pixels.
        kernel: kernel of the trimaps, in pixels.
        world: kind of scenes, a key of `p3mbench.data.portraits.WORLDS`.
    """

    seed: int = 2021
    height: int = 256
    width: int = 192
    kernel: int = 5
    world: str = "mannequins"

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
            world=inner.choice("world", tuple(WORLDS), default.world),
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
        found = asdict(self)
        if self.world == type(self).world:  # stores of the first world do not name it
            del found["world"]
        return {"synthetic": found}

    def portraits(self, asked: Definition, name: str, count: int) -> Subset:
        """Return the first ``count`` portraits of a split; see `seed_of` for their seeds."""
        samples = tuple(
            SyntheticSample(
                id=mini_id(name, index),
                seed=seed_of(name, index, self.seed),
                size=(self.height, self.width),
                kernel=self.kernel,
                obfuscation=asked.obfuscation,
                world=self.world,
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

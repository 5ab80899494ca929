"""Sources of training images: a split of a benchmark in one variant."""

from __future__ import annotations

import multiprocessing
import warnings
import zipfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from p3mbench.data.foregrounds import estimate_layers, has_layers, read_layers
from p3mbench.data.sample import Sample, TrimapSource, as_bytes
from p3mbench.data.unpacked import keep_unpacked, read_unpacked
from p3mbench.errors import DataError, DataWarning
from p3mbench.homes import cache_dir
from p3mbench.images import UInt8Array
from p3mbench.provenance import hash_of, sha256_of, usable_cores
from p3mbench.writing import write_bytes

Prepared = Callable[[int, int], object]


@dataclass(frozen=True)
class TrainScene:
    """One training image.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        alpha: (H, W) uint8 0..255.
        face: (H, W) bool, the private face area, None if it is not known.
        foreground, background: (H, W, 3) uint8 RGB estimates, None if not requested.
    """

    image: UInt8Array
    alpha: UInt8Array
    face: npt.NDArray[np.bool_] | None = None
    foreground: UInt8Array | None = None
    background: UInt8Array | None = None


class Source(Protocol):
    """Training images by index; picklable for loader processes."""

    def __len__(self) -> int:
        """Return the number of images."""
        ...

    def scene(self, index: int) -> TrainScene:
        """Read or draw one image.

        Raises:
            DataError: a file is missing or damaged.
        """
        ...

    def manifest(self) -> str:
        """Return the SHA-256 of everything that the images depend on."""
        ...

    def check(self) -> None:
        """Check quickly, in every process and before the training, that nothing is missing.

        Raises:
            DataError: something is missing.
        """
        ...

    def prepare(self, show: Prepared) -> None:
        """Prepare the images, in one process; this takes long the first time.

        Args:
            show: called with the numbers of prepared images and of all images to prepare.
        """
        ...


@dataclass(frozen=True)
class FileSource:
    """Images on disk.

    Attributes:
        samples: in a fixed order.
        variant: what their faces look like.
        layers: folder of foregrounds and backgrounds, None if the recipe needs none.
        unpacked: most bytes of unpacked layers beside those; see `unpacked`.
    """

    samples: tuple[Sample, ...]
    variant: str
    layers: Path | None = None
    unpacked: int = 0

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.samples)

    def scene(self, index: int) -> TrainScene:
        """See `Source.scene`; unpacked layers are mapped from disk."""
        sample = self.samples[index]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # shown before the first step
            scene = sample.load(self.variant, TrimapSource())
        alpha = as_bytes(scene.alpha)
        if self.layers is None:
            return TrainScene(scene.image, alpha, scene.face)
        where = self.layers, self.variant, sample.id, alpha.shape
        found = read_unpacked(*where) if self.unpacked else None
        return TrainScene(scene.image, alpha, scene.face, *(found or read_layers(*where)))

    def manifest(self) -> str:
        """Hash every file; this takes minutes for P3M-10k, once per training."""
        parts = [
            [s.id, {role: sha256_of(p) for role, p in s.files(self.variant).items()}]
            for s in self.samples
        ]
        return hash_of([parts, [dict(s.recipe(self.variant)) for s in self.samples]])

    def prepare(self, show: Prepared) -> None:
        """See `Source.prepare`: unpacks layers up to the limit."""
        if self.layers is not None and self.unpacked:
            ids = [sample.id for sample in self.samples]
            keep_unpacked(self.layers, self.variant, ids, self.unpacked, show)

    def check(self) -> None:
        """See `Source.check`: every image must have its layers."""
        if self.layers is None:
            return
        lacking = [s.id for s in self.samples if not has_layers(self.layers, self.variant, s.id)]
        if lacking:
            raise DataError(
                f"{self.layers / self.variant}: lacks the foregrounds of {len(lacking)} of "
                f"{len(self.samples)} images ({lacking[0]} is the first); make them with "
                f"p3mbench data foregrounds --variant {self.variant}"
            )


@dataclass(frozen=True)
class DrawnSource:
    """Synthetic portraits, drawn once and kept in the cache folder with their layers."""

    samples: tuple[Sample, ...]
    variant: str
    layers: bool = True

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.samples)

    def scene(self, index: int) -> TrainScene:
        """See `Source.scene`; the first call for a portrait draws it."""
        return _kept(self.samples[index], self.variant)  # type: ignore[arg-type]  # it is frozen

    def manifest(self) -> str:
        """Hash the seeds and recipes."""
        return hash_of([dict(sample.recipe(self.variant)) for sample in self.samples])

    def check(self) -> None:
        """See `Source.check`: nothing can be missing."""

    def prepare(self, show: Prepared) -> None:
        """See `Source.prepare`: draws the portraits that the cache lacks, on every core."""
        missing = [s for s in self.samples if not _path_of(s, self.variant).is_file()]
        jobs = min(usable_cores(), len(missing))
        if jobs <= 1:
            for done, sample in enumerate(missing, 1):
                _draw(sample, self.variant)
                show(done, len(missing))
            return
        context = multiprocessing.get_context("spawn")  # a fork would copy PyTorch's threads
        with ProcessPoolExecutor(jobs, mp_context=context) as pool:
            work = pool.map(partial(_draw, variant=self.variant), missing, chunksize=4)
            for done, _ in enumerate(work, 1):
                show(done, len(missing))


def _draw(sample: Sample, variant: str) -> None:
    """Make sure that a portrait is in the cache."""
    _kept(sample, variant)  # type: ignore[arg-type]  # it is frozen


def _path_of(sample: Sample, variant: str) -> Path:
    recipe = hash_of([sample.id, dict(sample.recipe(variant)), np.__version__])
    return cache_dir() / "portraits" / f"{recipe[:32]}.npz"


@lru_cache(maxsize=2048)
def _kept(sample: Sample, variant: str) -> TrainScene:
    path = _path_of(sample, variant)
    try:
        with np.load(path, allow_pickle=False) as kept:
            return TrainScene(**{name: kept[name] for name in kept.files})
    except FileNotFoundError:
        pass
    except (OSError, ValueError, TypeError, zipfile.BadZipFile):
        path.unlink(missing_ok=True)  # damaged: it is drawn again
    drawn = sample.load(variant, TrimapSource())
    alpha = as_bytes(drawn.alpha)
    layers = estimate_layers(drawn.image, alpha)
    scene = TrainScene(drawn.image, alpha, drawn.face, *layers)
    _keep(path, scene)
    return scene


def _keep(path: Path, scene: TrainScene) -> None:
    from io import BytesIO

    content = BytesIO()
    np.savez(content, **{k: v for k, v in vars(scene).items() if v is not None})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, content.getvalue())
    except OSError:
        return  # a cache that cannot be written only costs time


def check_faces(source: Source) -> None:
    """Refuse donors without face masks; checks only the first donor.

    Raises:
        DataError: there are no donors, or the face mask is missing or empty.
    """
    if not len(source):
        raise DataError("there are no public faces to paste")
    face = source.scene(0).face
    if face is None or not face.any():
        raise DataError(
            "the first of the public faces has no face mask; copy-and-paste needs one for every "
            "image (folder 'facemask')"
        )

"""Cut-out foregrounds on backgrounds, composed when they are needed.

Some data sets publish foregrounds with their alphas and no pictures: PhotoMatte85 as PNG files with
transparency, Distinctions-646 as two folders. A benchmark composes each foreground onto backgrounds
that the user provides: image = alpha F + (1 - alpha) B, rounded to 8 bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np

from p3mbench.data.definition import Definition, TomlTable
from p3mbench.data.listing import listing
from p3mbench.data.sample import Scene, TrimapSource, as_bytes, same_size
from p3mbench.data.sources import DataSource
from p3mbench.data.subset import Paired, Subset
from p3mbench.errors import BenchmarkError, DataError
from p3mbench.images import IMAGE_SUFFIXES, UInt8Array, read_alpha, read_bytes, read_image
from p3mbench.regions import trimap_from_alpha
from p3mbench.settings import NORMAL, ordered

RECIPE = "cover-centre-v1"  # part of every row's key


@dataclass(frozen=True)
class CompositeSample:
    """A foreground on a background.

    Attributes:
        foreground: RGB picture, or PNG file with transparency if ``alpha`` is None.
        background: scaled until it covers the foreground, then cut around its centre.
        alpha: PNG file; None if the foreground contains it.
    """

    id: str
    foreground: Path
    background: Path
    alpha: Path | None = None

    def files(self, variant: str) -> dict[str, Path]:
        """Return the files by role."""
        alpha = self.alpha or self.foreground
        return {"image": self.foreground, "alpha": alpha, "background": self.background}

    def recipe(self, variant: str) -> dict[str, Any]:
        """Return the version of the composing."""
        return {"composite": RECIPE}

    def load(self, variant: str, trimap: TrimapSource) -> Scene:
        """Read and compose; see `p3mbench.data.sample.Sample.load`."""
        if self.alpha is None:
            colours, alpha = read_cutout(self.foreground)
        else:
            colours = read_image(self.foreground)
            alpha = as_bytes(read_alpha(self.alpha))
            same_size(self.foreground, colours, self.alpha, alpha)
        background = _covering(read_image(self.background), alpha.shape[:2])
        a = alpha[..., None].astype(np.float32) / 255
        image = np.rint(a * colours + (1 - a) * background).astype(np.uint8)
        made = None if trimap.kernel is None else trimap_from_alpha(alpha, trimap.kernel)
        return Scene(image, alpha, made, None)


def read_cutout(path: Path) -> tuple[UInt8Array, UInt8Array]:
    """Read a PNG file with transparency.

    Returns:
        Colours, (H, W, 3) uint8 RGB, and alpha, (H, W) uint8 0..255.

    Raises:
        DataError: the file is damaged, has no transparency, or has more than 8 bits per channel.
    """
    content = np.frombuffer(read_bytes(path), np.uint8)
    found = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if content.size else None
    if found is None:
        raise DataError(f"{path}: is a damaged PNG file; copy it again")
    if found.dtype != np.uint8 or found.ndim != 3 or found.shape[2] != 4:
        raise DataError(
            f"{path}: has no 8-bit transparency; a cut-out is an RGBA file, or name the folder of "
            "alphas with the key 'alpha'"
        )
    pixels = found.astype(np.uint8, copy=False)
    return pixels[..., 2::-1].copy(), pixels[..., 3].copy()


def _covering(background: UInt8Array, size: tuple[int, ...]) -> UInt8Array:
    """Scale a background until it covers (height, width), and cut around its centre."""
    height, width = size
    factor = max(height / background.shape[0], width / background.shape[1])
    scaled = (
        max(width, round(background.shape[1] * factor)),
        max(height, round(background.shape[0] * factor)),
    )
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    large = cv2.resize(background, scaled, interpolation=how)
    top, left = (large.shape[0] - height) // 2, (large.shape[1] - width) // 2
    return large[top : top + height, left : left + width].astype(np.uint8, copy=False)


@dataclass(frozen=True)
class CompositesSource(DataSource):
    """Folders of foregrounds, alphas and backgrounds, relative to ``--data`` or to the file."""

    name: ClassVar[str] = "composites"
    subset_keys: ClassVar[tuple[str, ...]] = (
        *("size", "foreground", "alpha", "background", "per_foreground"),
    )

    def check_subset(self, table: TomlTable) -> None:
        """See `DataSource.check_subset`."""
        table.number("size", 0, 0)
        table.number("per_foreground", 1, 1)
        for key in ("foreground", "background"):
            table.text(key)
        if "alpha" in table.table:
            table.text("alpha")

    def pair(self, asked: Definition, root: Path, table: Mapping[str, Any]) -> Paired:
        """See `DataSource.pair`; foreground i gets backgrounds i n to i n + n - 1, n of them."""
        if asked.variants != (NORMAL,):
            raise BenchmarkError(
                f"benchmark {asked.name}: composites have no face masks, so their only variant is N"
            )
        foregrounds = _listed(root / table["foreground"], "foregrounds")
        backgrounds = list(_listed(root / table["background"], "backgrounds").values())
        alphas = _listed(root / table["alpha"], "alphas") if "alpha" in table else None
        each = table.get("per_foreground", 1)
        samples, problems = [], []
        for i, (stem, foreground) in enumerate(foregrounds.items()):
            if alphas is not None and stem not in alphas:
                problems.append(f"{foreground}: has no alpha in {root / table['alpha']}; add it")
                continue
            alpha = None if alphas is None else alphas[stem]
            for k in range(each):
                background = backgrounds[(i * each + k) % len(backgrounds)]
                name = f"{stem}-{k:02}" if each > 1 else stem
                samples.append(CompositeSample(name, foreground, background, alpha))
        subset = Subset(
            table["name"],
            tuple(samples),
            table.get("size", 0) or len(samples),
            (NORMAL,),
            {v: "composites have no face masks" for v in ordered(asked.variants) if v != NORMAL},
            has_trimaps=False,
            notes=(f"{len(foregrounds)} foregrounds, {len(backgrounds)} backgrounds",),
        )
        return Paired(subset, tuple(problems))


def _listed(folder: Path, what: str) -> dict[str, Path]:
    """List the pictures of a folder by name; raises `DataError` if there are none."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder of {what}")
    found = listing(folder, IMAGE_SUFFIXES)
    if found.clashes:
        raise DataError(found.clashes[0])
    if not found.files:
        raise DataError(f"{folder}: contains no {what}")
    return found.files


SOURCE = CompositesSource

"""Write synthetic portraits in the layout of P3M-10k, and draw contact sheets of any benchmark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from p3mbench.benchmark import Benchmark
from p3mbench.data.sample import Sample, TrimapSource, as_bytes
from p3mbench.data.sources.p3m10k import SUBSET_FOLDERS
from p3mbench.data.subset import Subset
from p3mbench.errors import BenchmarkError, DataError
from p3mbench.images import UInt8Array
from p3mbench.settings import PAPER_VARIANTS, ordered
from p3mbench.writing import write_png

KINDS = ("blurred_image", "original_image", "mask", "trimap", "facemask")
FOLDERS = {"train": "train"} | {
    name: f"validation/{folder}" for name, folder in SUBSET_FOLDERS.items()
}
CELL_HEIGHT = 256  # of a contact sheet, in pixels


def write_p3m_layout(benchmark: Benchmark, out: Path, train: int = 0) -> int:
    """Write a synthetic benchmark as files, with face masks and both variants of every image.

    Args:
        benchmark: a benchmark of drawn images.
        out: folder to fill with ``train`` and ``validation``.
        train: number of portraits of the training split to write beside the test subsets.

    Returns:
        The number of portraits written.

    Raises:
        BenchmarkError: its images exist as files, or it has subsets that P3M-10k does not have.
        DataError: ``out`` contains other files.
    """
    parts: dict[Path, Sequence[Sample]] = {}
    for subset in benchmark.source.drawings(benchmark, train):
        if subset.name not in FOLDERS:
            raise BenchmarkError(f"subset {subset.name} has no folder in the layout of P3M-10k")
        parts[out / FOLDERS[subset.name]] = subset.samples
    _refuse_other_files(out, parts)
    return sum(_write(samples, folder) for folder, samples in parts.items())


def _refuse_other_files(out: Path, parts: Mapping[Path, Sequence[Sample]]) -> None:
    """Refuse to mix synthetic portraits with other pictures, which could be mistaken for data."""
    mine = {
        folder / kind / _name(sample)
        for folder, samples in parts.items()
        for kind in KINDS
        for sample in samples
    }
    found = (path for path in sorted(out.rglob("*")) if path not in mine and not path.is_dir())
    other = next(found, None)
    if other is not None:
        raise DataError(
            f"{out}: contains other data ({other.relative_to(out)}); synthetic portraits must not "
            "be mixed with it, so give a new folder"
        )


def _name(sample: Sample) -> str:
    return f"{sample.id}.png"


def _write(samples: Iterable[Sample], folder: Path) -> int:
    count = 0
    for sample in samples:
        blurred, normal = (sample.load(variant, TrimapSource()) for variant in PAPER_VARIANTS)
        name = _name(sample)
        write_png(folder / "blurred_image" / name, blurred.image)
        write_png(folder / "original_image" / name, normal.image)
        write_png(folder / "mask" / name, as_bytes(normal.alpha))
        if normal.trimap is not None:
            write_png(folder / "trimap" / name, normal.trimap)
        if normal.face is not None:
            write_png(folder / "facemask" / name, normal.face.astype(np.uint8) * 255)
        count += 1
    return count


def contact_sheet(subsets: Sequence[Subset], count: int) -> UInt8Array:
    """Draw a contact sheet: one column per sample with its variants, alpha and trimap.

    Args:
        subsets: each gets its own band.
        count: most samples per subset.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    bands = []
    for subset in subsets:
        columns = [_column(sample, subset.available) for sample in subset.samples[:count]]
        height = max(column.shape[0] for column in columns)
        padded = [
            np.pad(c, ((0, height - c.shape[0]), (4, 4), (0, 0)), constant_values=255)
            for c in columns
        ]
        bands.append(np.hstack(padded))
    width = max(band.shape[1] for band in bands)
    whole = [
        np.pad(b, ((8, 8), (4, width - b.shape[1] + 4), (0, 0)), constant_values=255) for b in bands
    ]
    return np.vstack(whole)


def _column(sample: Sample, variants: Sequence[str]) -> UInt8Array:
    scenes = [sample.load(variant, TrimapSource()) for variant in reversed(ordered(variants))]
    tiles = [scene.image for scene in scenes]
    grey = [as_bytes(scenes[0].alpha)]
    if scenes[0].trimap is not None:
        grey.append(scenes[0].trimap)
    tiles += [np.repeat(tile[..., None], 3, axis=2) for tile in grey]
    height, width = tiles[0].shape[:2]
    shape = (max(1, round(width * CELL_HEIGHT / height)), CELL_HEIGHT)
    scaled = [cv2.resize(tile, shape, interpolation=cv2.INTER_AREA) for tile in tiles]
    return np.vstack([np.pad(t, ((0, 4), (0, 0), (0, 0)), constant_values=255) for t in scaled])

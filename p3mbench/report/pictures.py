"""Images of a benchmark and stored mattes, found through the records of the runs.

Rows contain no pixels. A run's record says which benchmark and data it used, and its folder has
the mattes if it was run with ``--save-alphas``. Missing images are left out, and a note says why.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from p3mbench.benchmark import Opened, chosen, open_benchmark
from p3mbench.data.sample import Sample, Scene
from p3mbench.errors import P3MBenchError
from p3mbench.images import UInt8Array, read_alpha, recorded_reads
from p3mbench.mattes import file_of
from p3mbench.provenance import hash_of
from p3mbench.report.analysis.entries import Entry
from p3mbench.runs import RunRecord
from p3mbench.settings import Setting

if TYPE_CHECKING:
    import pandas as pd

Contents = Mapping[tuple[str, ...], set[str]]


class Pictures:
    """The images and mattes that a store's folder and the records of its runs lead to.

    Attributes:
        problems: why images or mattes could not be shown, one line each.
    """

    def __init__(
        self, folder: Path, runs: Iterable[RunRecord], contents: Contents | None = None
    ) -> None:
        """Remember where to look; read nothing yet.

        Args:
            folder: of the store.
            runs: records of its runs, oldest first.
            contents: (benchmark, subset, variant, image) -> hashes of the scored content; images
                that have changed since then are not shown.
        """
        self._contents = contents or {}
        self.folder = folder
        self.problems: list[str] = []
        self._runs = list(runs)
        self._samples: dict[str, dict[tuple[str, str], Sample]] = {}
        self._opened: dict[str, Opened] = {}
        self._available: dict[tuple[str, str], tuple[str, ...]] = {}

    def scene(self, benchmark: str, subset: str, variant: str, image: str) -> Scene | None:
        """Return one image of a benchmark, or None if it is no longer available."""
        if benchmark not in self._samples:
            self._samples[benchmark] = self._find(benchmark)
        sample = self._samples[benchmark].get((subset, image))
        if sample is None or variant not in self._available[benchmark, subset]:
            return None
        trimap = self._opened[benchmark].benchmark.trimap
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with recorded_reads() as read:
                    scene = sample.load(variant, trimap)
        except P3MBenchError as error:
            self._note(str(error))
            return None
        scored = self._contents.get((benchmark, subset, variant, image))
        recipe: dict[str, Any] = {r: read.get(path) for r, path in sample.files(variant).items()}
        # a file that need not be read to be shown (a trimap) leaves nothing to compare
        if (
            scored
            and all(recipe.values())
            and hash_of(recipe | dict(sample.recipe(variant))) not in scored
        ):
            self._note(f"{image} of {benchmark} {subset} changed since it was scored; not shown")
            return None
        return scene

    def matte(self, entry: Entry, subset: str, setting: Setting, image: str) -> UInt8Array | None:
        """Return the matte of a row, (H, W) uint8, or None if it was not kept."""
        scores = entry.scores.get((subset, setting))
        path = file_of(self.folder, scores.mattes.get(image, "")) if scores is not None else None
        if path is None:
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about a method's matte; its row says what is odd
                alpha = read_alpha(path)
        except P3MBenchError as error:
            self._note(str(error))
            return None
        if alpha.dtype == np.uint8:
            return np.asarray(alpha, np.uint8)
        return np.asarray(np.rint(alpha * 255), np.uint8)

    def _find(self, benchmark: str) -> dict[tuple[str, str], Sample]:
        """Return the samples of a benchmark as the last run that used it found them."""
        reason = "no run recorded where its images are"
        for run in reversed(self._runs):
            if run.benchmark not in ("", benchmark) or not run.is_of_images:
                continue
            try:
                definition = chosen(
                    run.definition or benchmark, run.trimap, run.faces, run.variants
                )
                if definition.name != benchmark:
                    continue
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    opened = open_benchmark(definition, run.data)
            except P3MBenchError as error:
                reason = str(error)
                continue
            self._opened[benchmark] = opened
            for subset in opened.subsets:
                self._available[benchmark, subset.name] = tuple(subset.available)
            return {(s.name, one.id): one for s in opened.subsets for one in s.samples}
        self._note(f"the images of {benchmark} cannot be shown: {reason}")
        return {}

    def _note(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)


def contents_of(rows: pd.DataFrame) -> Contents:
    """Return the hashes of the scored content for `Pictures`, from the rows of a store."""
    names = ["benchmark", "subset", "variant", "image", "content"]
    found: dict[tuple[str, ...], set[str]] = {}
    for *place, content in rows[names].drop_duplicates().itertuples(index=False, name=None):
        if content:
            found.setdefault(tuple(place), set()).add(content)
    return found


def as_levels(alpha: Any) -> UInt8Array:
    """Return an alpha as (H, W) uint8, from levels or from values in [0, 1]."""
    if alpha.dtype == np.uint8:
        return np.asarray(alpha, np.uint8)
    return np.asarray(np.rint(np.asarray(alpha) * 255), np.uint8)


def shrunk(pixels: UInt8Array, longest: int) -> UInt8Array:
    """Average pixels so that the longer side is at most ``longest``."""
    height, width = pixels.shape[:2]
    factor = longest / max(height, width)
    if factor >= 1:
        return pixels
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def worst_first(
    values: Mapping[str, float], other: Mapping[str, float], count: int
) -> Sequence[str]:
    """Return the images whose two scores differ most, the largest difference first."""
    both = values.keys() & other.keys()
    return sorted(both, key=lambda i: (-abs(values[i] - other[i]), i))[:count]

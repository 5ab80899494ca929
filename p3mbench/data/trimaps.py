"""Where the trimaps of a run come from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from p3mbench.errors import BenchmarkError, DataError
from p3mbench.images import Float32Array, UInt8Array, read_alpha
from p3mbench.mattes import matte_of, place_of
from p3mbench.regions import trimap_from_alpha

SURE = 0.95  # least alpha of a predicted matte that counts as foreground; background mirrors it
DIGITS = 8  # of the hash in a name

_TEXT = re.compile(r"kernel-([1-9]\d{0,2})(?:@(.+))?")


@dataclass(frozen=True)
class TrimapSource:
    """Where trimaps come from: the data set's files, or P3M's recipe with a kernel size.

    The text is ``dataset``; ``kernel-N``, P3M's recipe on the exact alpha with an elliptical kernel
    of 1 to 999 pixels (P3M's has 25); or ``kernel-N@FOLDER``, the same recipe on predicted mattes.
    The folder is one that ``p3mbench run --save-alphas`` made, ``RESULTS/alphas/BENCHMARK/METHOD``:
    it has a folder SUBSET-VARIANT with a PNG file per image. Another program's mattes may lie there
    as ``IMAGE.png``. Alphas of 0.95 and more count as foreground, 0.05 and less as background.

    Attributes:
        kernel: side of the kernel in pixels; None for the data set's files.
        mattes: the folder; None for the exact alphas.
        digest: first digits of the hash of all mattes, so that other mattes are another source.
        place: SUBSET-VARIANT of the images, set by `at`.
    """

    kernel: int | None = None
    mattes: Path | None = None
    digest: str = ""
    place: str = ""

    @classmethod
    def parse(cls, text: str) -> TrimapSource:
        """Read one source; raises `BenchmarkError` for anything else."""
        if text == "dataset":
            return cls()
        match = _TEXT.fullmatch(text)
        if match is None:
            raise BenchmarkError(
                f"trimap source {text!r} is neither 'dataset' nor kernel-N, an ellipse of N pixels "
                "from 1 to 999 (P3M's is kernel-25), nor kernel-N@FOLDER with predicted mattes"
            )
        return cls(int(match[1]), Path(match[2]) if match[2] else None)

    @classmethod
    def parse_all(cls, texts: Iterable[str]) -> tuple[TrimapSource, ...]:
        """Read several sources, each once.

        Raises:
            BenchmarkError: a source is wrong, or there is none.
        """
        found = tuple(dict.fromkeys(cls.parse(text.strip()) for text in texts))
        if not found:
            raise BenchmarkError("no trimap source is given; leave it out for the data set's own")
        return found

    def at(self, subset: str, variant: str) -> TrimapSource:
        """Return the source for the images of one place."""
        return self if self.mattes is None else replace(self, place=place_of(subset, variant))

    def matte(self, image: str) -> Path | None:
        """Return the file of an image's predicted matte; None without predicted mattes.

        Raises:
            DataError: there is none, or more than one.
        """
        return None if self.mattes is None else matte_of(self.mattes / self.place, image)

    def made(self, image: str, alpha: UInt8Array, kernel: int | None = None) -> UInt8Array | None:
        """Make the trimap of an image.

        Args:
            image: id of the image.
            alpha: (H, W) uint8 0..255, the exact alpha.
            kernel: the kernel of source ``dataset`` if the data set makes its trimaps; None if it
                has files.

        Returns:
            (H, W) uint8 in {0, 128, 255}; None if the data set's file is wanted.

        Raises:
            DataError: the matte is missing, unreadable or of another size.
        """
        size = self.kernel or kernel
        if size is None:
            return None
        path = self.matte(image)
        if path is None:
            return trimap_from_alpha(alpha, size)
        predicted = read_alpha(path)
        if predicted.shape != alpha.shape:
            there, here = (f"{x.shape[1]}x{x.shape[0]}" for x in (predicted, alpha))
            raise DataError(
                f"{path}: is {there} but the image is {here}; give mattes of the images' size"
            )
        return trimap_from_alpha(_settled(predicted), size)

    def __str__(self) -> str:
        if self.kernel is None:
            return "dataset"
        if self.mattes is None:
            return f"kernel-{self.kernel}"
        return f"kernel-{self.kernel}@{self.mattes.name}" + f"-{self.digest}" * bool(self.digest)


def _settled(alpha: UInt8Array | Float32Array) -> UInt8Array:
    """Round nearly sure pixels of a predicted matte to 0 and 255."""
    share = alpha.astype(np.float32) * np.float32(1 / 255 if alpha.dtype == np.uint8 else 1)
    settled = np.where(share >= SURE, 255, np.where(share <= 1 - SURE, 0, 128))
    return np.asarray(settled, np.uint8)

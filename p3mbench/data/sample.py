"""Samples: the images of a benchmark, which know their inputs and load themselves."""

from __future__ import annotations

import filecmp
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from p3mbench.data.agreement import nothing_hidden, outside
from p3mbench.data.obfuscation import ONLY_DRAWN, Obfuscation, detect_face, obfuscation_of
from p3mbench.data.trimaps import TrimapSource as TrimapSource
from p3mbench.errors import DataError, DataWarning
from p3mbench.images import Float32Array, UInt8Array, read_alpha, read_image, read_mask, read_trimap
from p3mbench.settings import NORMAL, hidden, is_hidden

BLANK = "the alpha is all black: it has no person"
SAME_BYTES = "is the same file as"
SCENES = (
    "P3MBENCH_SCENES"  # environment variable: folder of drawings that the processes of a run share
)


@dataclass(frozen=True)
class Scene:
    """One image with its ground truth.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        alpha: (H, W) uint8 0..255, or float32 in [0, 1] if the file has 16 bits.
        trimap: (H, W) uint8 in {0, 128, 255}, None if there is none.
        face: (H, W) bool, the private face area, None if it is not known.
    """

    image: UInt8Array
    alpha: UInt8Array | Float32Array
    trimap: UInt8Array | None
    face: npt.NDArray[np.bool_] | None


class Sample(Protocol):
    """One image id of a benchmark, in one or more variants. Light and picklable."""

    @property
    def id(self) -> str:
        """Unique within its subset."""
        ...

    def files(self, variant: str) -> Mapping[str, Path]:
        """Return the files of a variant by role; their bytes are part of a row's key."""
        ...

    def recipe(self, variant: str) -> Mapping[str, Any]:
        """Return everything else that its pixels depend on: seeds, sizes, the obfuscation."""
        ...

    def load(self, variant: str, trimap: TrimapSource) -> Scene:
        """Read or draw the image.

        Raises:
            DataError: a file is missing or damaged, or sizes differ.
        """
        ...


@runtime_checkable
class Repeatable(Protocol):
    """A sample whose person can be met again; only drawn ones can."""

    def again(self, number: int) -> Scene:
        """Return the person alone in another scene, with visible face; ``number`` from 0."""
        ...


@dataclass(frozen=True)
class FileSample:
    """A sample on disk.

    Attributes:
        images: variant -> image file.
        alpha, trimap, face: PNG files; the last two may be absent.
        obfuscation: how a missing B variant is made from the N image. The names of the other
            variants contain their recipes.
        detect: detect the face in the N image if there is no face mask.
        remarks: (message, flag) of suspicious properties; loading warns of them.
    """

    id: str
    images: Mapping[str, Path]
    alpha: Path
    trimap: Path | None = None
    face: Path | None = None
    obfuscation: Obfuscation = field(default_factory=Obfuscation)
    detect: bool = False
    remarks: tuple[tuple[str, str], ...] = ()

    def made_by(self, variant: str) -> Obfuscation | None:
        """Return the obfuscation that makes a variant from N; None if the variant has a file."""
        return None if variant in self.images else obfuscation_of(variant, self.obfuscation)

    def files(self, variant: str) -> dict[str, Path]:
        """Return the files of a variant by role."""
        roles = {"image": self.images[NORMAL if self.made_by(variant) else variant]}
        roles["alpha"] = self.alpha
        if self.trimap is not None:
            roles["trimap"] = self.trimap
        if self.face is not None:
            roles["face"] = self.face
        return roles

    def recipe(self, variant: str) -> dict[str, Any]:
        """Return the obfuscation if the variant is made from N."""
        made = self.made_by(variant)
        if made is None:
            return {}
        faces = "facemask" if self.face is not None else "detected"
        return {"obfuscation": made.recipe, "faces": faces}

    def load(self, variant: str, trimap: TrimapSource) -> Scene:
        """Read the files; see `Sample.load`."""
        files = self.files(variant)
        image, alpha = read_image(files["image"]), read_alpha(self.alpha)
        same_size(files["image"], image, self.alpha, alpha)
        face = read_mask(self.face) if self.face is not None else None
        if face is not None and self.face is not None:
            same_size(files["image"], image, self.face, face)
        made = self.made_by(variant)
        if made is not None:
            image, face = self._obfuscated(files["image"], image, alpha, face, made)
        self._warn(variant, alpha, face)
        return Scene(image, alpha, self._trimap(trimap, alpha), face)

    def _trimap(self, source: TrimapSource, alpha: UInt8Array | Float32Array) -> UInt8Array | None:
        made = source.made(self.id, as_bytes(alpha))
        if made is not None or self.trimap is None:
            return made
        trimap = read_trimap(self.trimap)
        same_size(self.alpha, alpha, self.trimap, trimap)
        return trimap

    def _obfuscated(
        self,
        path: Path,
        image: UInt8Array,
        alpha: UInt8Array | Float32Array,
        face: npt.NDArray[np.bool_] | None,
        obfuscation: Obfuscation,
    ) -> tuple[UInt8Array, npt.NDArray[np.bool_]]:
        if obfuscation.drawn_only:
            raise DataError(f"{path}: {ONLY_DRAWN}")
        if face is None and self.detect:
            face = detect_face(image)
        if face is None:
            raise DataError(f"{path}: no face found to hide; put a mask into the facemask folder")
        hidden = obfuscation.apply(image, face, as_bytes(alpha))
        if np.array_equal(hidden, image):
            why = nothing_hidden(image, face, as_bytes(alpha), obfuscation)
            raise DataError(
                f"{self.face or path}: hides nothing ({why}), so the image would not have its "
                "face hidden; correct the mask"
            )
        return hidden, face

    def _warn(
        self,
        variant: str,
        alpha: UInt8Array | Float32Array,
        face: npt.NDArray[np.bool_] | None,
    ) -> None:
        """Warn of contradictions between the files; the readers warn of odd single files."""
        found = {flag: message for message, flag in self.remarks}
        if not alpha.any():
            found["empty_alpha"] = f"{self.alpha}: {BLANK}"
        if face is not None and (text := outside(face, as_bytes(alpha))):
            found["face_outside"] = f"{self.face or self.id}: {text}"
        for other in [variant] if is_hidden(variant) else hidden(self.images):
            if self.same_bytes(other):
                message = f"{self.images[other]}: {SAME_BYTES} {self.images[NORMAL]}"
                found.setdefault("same_variants", message)
        for flag, message in found.items():
            warnings.warn(DataWarning(message, flag), stacklevel=3)

    def same_bytes(self, variant: str) -> bool:
        """Return whether the file of a variant with hidden faces is a copy of the N image's."""
        if not {variant, NORMAL} <= set(self.images):
            return False
        try:
            return filecmp.cmp(self.images[variant], self.images[NORMAL], shallow=False)
        except OSError:
            return False  # the reader of the file reports the error


def as_bytes(alpha: UInt8Array | Float32Array) -> UInt8Array:
    """Round an (H, W) alpha to uint8 0..255."""
    if alpha.dtype == np.uint8:
        return alpha.astype(np.uint8, copy=False)
    return np.rint(alpha * 255).astype(np.uint8)


def same_size(first: Path, a: npt.NDArray[Any], second: Path, b: npt.NDArray[Any]) -> None:
    """Refuse two arrays of one image with different sizes; the files are for the message.

    Raises:
        DataError: height or width differs.
    """
    if a.shape[:2] != b.shape[:2]:
        sizes = [f"{x.shape[1]}x{x.shape[0]}" for x in (a, b)]
        turned = a.shape[:2] == b.shape[1::-1] and "; is the image stored turned (EXIF)?" or ""
        other = "/".join(first.parts[-2:])
        raise DataError(
            f"{second}: is {sizes[1]} but {other} is {sizes[0]}; sizes must agree{turned}"
        )

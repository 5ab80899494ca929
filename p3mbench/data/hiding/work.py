"""Hide the faces of one picture and write it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from p3mbench.data.agreement import nothing_hidden, outside
from p3mbench.data.hiding.layout import PhotoFile
from p3mbench.data.hiding.manifest import Left, Unmade, Written
from p3mbench.data.obfuscation import Obfuscation, detect_face
from p3mbench.data.sample import as_bytes, same_size
from p3mbench.errors import DataError, DataWarning
from p3mbench.images import (
    UInt8Array,
    read_alpha,
    read_bytes,
    read_image,
    read_mask,
    recorded_reads,
)
from p3mbench.provenance import sha256_of
from p3mbench.writing import write_bytes, write_png


@dataclass(frozen=True)
class HideTask:
    """One picture to hide faces in; picklable.

    Attributes:
        root, out: the folders to read and to write.
        picture: its files.
        made: how faces are hidden.
        detect: find the faces by a detector instead of masks.
    """

    root: Path
    out: Path
    picture: PhotoFile
    made: Obfuscation
    detect: bool

    @property
    def source(self) -> str:
        """The path of the picture below its root."""
        return self.picture.source.relative_to(self.root).as_posix()

    @property
    def written(self) -> str:
        """The path of the new file below its folder."""
        return self.picture.written.as_posix()

    def done(self, before: Written | None) -> bool:
        """Return whether the new file exists as recorded, and its inputs are unchanged."""
        path = self.out / self.picture.written
        if before is None or not path.is_file():
            return False
        try:
            face = None if self.detect else self.picture.face
            inputs = (self.picture.source, self.picture.alpha, face)
            now = tuple("" if one is None else sha256_of(one) for one in inputs)
            there = all((self.out / to).is_file() for _, to in self.picture.copies)
            return there and before.inputs == now and before.written_sha256 == sha256_of(path)
        except DataError:
            return False  # the work itself reports an unreadable file


@dataclass(frozen=True, eq=False)
class _Read:
    """The arrays of a picture: without a matte, everything is opaque."""

    image: UInt8Array
    alpha: UInt8Array
    face: npt.NDArray[np.bool_]


def hide(task: HideTask) -> Written | Left:
    """Hide the faces of one picture and write it, with copies of its mattes and masks."""
    with warnings.catch_warnings(record=True) as caught, recorded_reads() as hashes:
        warnings.simplefilter("always", DataWarning)
        try:
            read = _read(task)
            if isinstance(read, Left):
                return read
            hidden = task.made.apply(read.image, read.face, read.alpha)
            if np.array_equal(hidden, read.image):
                why = nothing_hidden(read.image, read.face, read.alpha, task.made)
                return Left(task.source, Unmade.UNCHANGED, why)
            path = task.out / task.picture.written
            write_png(path, hidden)
            for source, to in task.picture.copies:
                write_bytes(task.out / to, read_bytes(source))
        except DataError as error:
            return Left(task.source, Unmade.UNREADABLE, str(error))
    flags = {one.message.flag for one in caught if isinstance(one.message, DataWarning)}
    if task.picture.alpha is not None and outside(read.face, read.alpha):
        flags.add("face_outside")
    picture = task.picture
    face = None if task.detect else picture.face
    return Written(
        task.source,
        task.written,
        source_sha256=hashes[picture.source],
        alpha_sha256="" if picture.alpha is None else hashes[picture.alpha],
        face_sha256="" if face is None else hashes[face],
        written_sha256=sha256_of(path),
        hidden_pixels=int((hidden != read.image).any(axis=-1).sum()),
        flags=tuple(sorted(flags - {""})),
    )


def _read(task: HideTask) -> _Read | Left:
    """Read the files of a picture and find its faces; `DataError` for one that cannot be used."""
    picture = task.picture
    image = read_image(picture.source)
    alpha = np.full(image.shape[:2], 255, np.uint8)
    if picture.alpha is not None:
        alpha = as_bytes(read_alpha(picture.alpha))
        same_size(picture.source, image, picture.alpha, alpha)
    if task.detect:
        face = detect_face(image)
    elif picture.face is None:
        return Left(task.source, Unmade.NO_MASK, "no file of its name in facemask")
    else:
        face = read_mask(picture.face)
        same_size(picture.source, image, picture.face, face)
    if face is None or not face.any():
        why = "the detector finds none" if face is None else "the face mask is all black"
        return Left(task.source, Unmade.NO_FACE, why)
    return _Read(image, alpha, face)

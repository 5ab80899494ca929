"""Reading of pictures, mattes, trimaps and face masks: one door for each kind of file.

Mattes, trimaps and masks must be PNG files, because lossy compression changes their values.
Pictures may be anything that Pillow reads. Pixels are taken in stored order: EXIF orientation is
ignored, as in the published evaluation code of P3M, whose alphas were made against the stored
pixels. What can only be wrong is refused; what is legal but suspicious comes with a `DataWarning`
(docs/data.md has the rule).
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.errors import DataError, DataWarning
from p3mbench.photographs import decoded
from p3mbench.png import MAX_PIXELS, read_grey_png

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "Float32Array",
    "UInt8Array",
    "normalised_trimap",
    "read_alpha",
    "read_bytes",
    "read_image",
    "read_mask",
    "read_trimap",
    "recorded_reads",
]

UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff")

_ABOUT_HALF = (96, 160)  # what people and programs write for "unknown": 127, 128, 129, ...
_LARGE_FACE, _SMALL_FACE = 0.5, 0.0005  # of the picture

_RECORD = threading.local()


@contextlib.contextmanager
def recorded_reads() -> Iterator[dict[Path, str]]:
    """Within the context, the SHA-256 of every file that this thread reads, by path as given.

    It is of the bytes that were decoded, so it tells whether a file changed since it was hashed.
    """
    found: dict[Path, str] = {}
    before = getattr(_RECORD, "found", None)
    _RECORD.found = found
    try:
        yield found
    finally:
        _RECORD.found = before


def read_bytes(path: Path) -> bytes:
    """The content of a data file: every reader here takes its bytes from this one place.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    found = getattr(_RECORD, "found", None)
    if found is not None:
        found[path] = hashlib.sha256(content).hexdigest()
    return content


def read_image(path: Path) -> UInt8Array:
    """Read a photograph.

    Returns:
        (H, W, 3) uint8 RGB. Grey and CMYK files are converted; files of 9 to 16 bits are scaled,
        white to white. Of a telephone's MPO file it is the first picture.

    Raises:
        DataError: missing, damaged, animated, larger than `MAX_PIXELS`, partly transparent, of
            floating point or 32-bit integers, or with values of 8 bits in 16.

    Warns:
        DataWarning: EXIF orientation other than 1, or a picture that is black nearly everywhere.
    """
    return decoded(path, read_bytes(path))


def read_alpha(path: Path) -> UInt8Array | Float32Array:
    """Read an alpha matte from a PNG file.

    Returns:
        (H, W) uint8 0..255 (opacity x 255) for files of up to 8 bits, (H, W) float32 in [0, 1] for
        16-bit ones. Colour files pass if their channels are equal and nothing is transparent.

    Raises:
        DataError: missing, damaged, not a PNG, truly coloured or transparent, or 16-bit with
            nothing above 255.

    Warns:
        DataWarning: no pixel is half opaque, so that the file may hold another range (0 and 1,
            percent), or there is nothing but 0, 1 and a few 255; a matte of zeros is no such case.
    """
    grey = read_grey_png(path, read_bytes(path), "an alpha matte")
    top = int(grey.max(initial=0))
    if grey.dtype == np.uint16:
        _check_deep(path, top, "the matte")
        if top == 255 * 256 and not (grey & 255).any():
            _warn(path, "holds 8-bit values times 256 (times 257 gives full range)", "matte_range")
    white = np.iinfo(grey.dtype).max
    if top == 1:
        text = "its greatest value is 1 of 255; a mask stored as 0 and 1? multiply it by 255"
        _warn(path, text, "matte_0_1")
    elif 0 < top <= white // 2:
        text = f"its greatest value is {top} of {white}; does it hold another range?"
        _warn(path, text, "matte_range")
    elif top == 255 and grey.dtype == np.uint8 and _holds_labels(grey):
        _warn(path, "holds 0, 1 and some 255; a map of labels? write 255 for 1", "matte_0_1")
    if grey.dtype == np.uint16:
        return (grey / np.float32(65535)).astype(np.float32)
    return grey


def read_trimap(path: Path) -> UInt8Array:
    """Read a trimap from a PNG file.

    Returns:
        (H, W) uint8 in {0, 128, 255}. Other values count as unknown (128), with a warning: files
        with 127 are common, and evaluators that look for 128 alone score them silently wrong.

    Raises:
        DataError: missing, damaged, not an 8-bit PNG, truly coloured or transparent, or of another
            range (see `normalised_trimap`).

    Warns:
        DataWarning: see `normalised_trimap`.
    """
    grey = read_grey_png(path, read_bytes(path), "a trimap")
    if grey.dtype != np.uint8:
        raise DataError(f"{path}: is a 16-bit PNG; save the trimap with 8 bits (0, 128, 255)")
    return normalised_trimap(grey, str(path))


def normalised_trimap(trimap: UInt8Array, name: str) -> UInt8Array:
    """A trimap of 0, 128 and 255.

    Args:
        trimap: (H, W) uint8.
        name: the file's, for messages.

    Returns:
        (H, W) uint8, every value but 0 and 255 mapped to 128.

    Raises:
        DataError: 0 or 255 is absent, and there are values that are near neither 0, 128 nor 255: a
            map of labels (0, 1, 2) or another range.

    Warns:
        DataWarning: values other than 0, 128 and 255 were mapped, or 0 or 255 is absent.
    """
    counts = cv2.calcHist([trimap], [0], None, [256], [0, 256]).ravel()
    present = np.flatnonzero(counts)
    odd = present[(present != 0) & (present != 128) & (present != 255)]
    far = odd[(odd < _ABOUT_HALF[0]) | (odd > _ABOUT_HALF[1])]
    absent = [str(value) for value in (0, 255) if not counts[value]]
    values = ", ".join(str(value) for value in odd[:4])
    if far.size and absent:
        raise DataError(
            f"{name}: holds {', '.join(map(str, present[:4]))}{'...' * (present.size > 4)} and no "
            f"{' and no '.join(absent)}; save background as 0, unknown as 128, foreground as 255"
        )
    if absent:
        what = " and ".join({"0": "background", "255": "foreground"}[value] for value in absent)
        _warn(name, f"the trimap has no {what}", "trimap_class")
    if not odd.size:
        return trimap
    text = (
        f"{int(counts[odd].sum())} trimap pixels are neither 0, 128 nor 255 ({values}...); "
        "taken as unknown (128)"
    )
    _warn(name, text, "trimap_values")
    mapped = np.full_like(trimap, 128)
    mapped[trimap == 0] = 0
    mapped[trimap == 255] = 255
    return mapped


def read_mask(path: Path) -> npt.NDArray[np.bool_]:
    """Read a face mask from a PNG file.

    Returns:
        (H, W) bool. Face is what is at least half white, 128 and more of 255; of a mask stored as 0
        and 1 it is 1.

    Raises:
        DataError: missing, damaged, not a PNG, truly coloured or transparent; a greatest value that
            is neither 1 nor at least half white; or a mask that covers the whole picture.

    Warns:
        DataWarning: the mask is all black, or covers more than half of the picture, or less than
            a pixel in two thousand.
    """
    grey = read_grey_png(path, read_bytes(path), "a face mask")
    white = int(np.iinfo(grey.dtype).max)
    top = int(grey.max(initial=0))
    if top == 0:
        _warn(path, "the face mask is all black; it marks no face", "no_face")
    elif grey.dtype == np.uint16 and top > 1:
        _check_deep(path, top, "the mask")
    if 1 < top <= white // 2:
        raise DataError(
            f"{path}: the greatest value of the face mask is {top} of {white}; save face as {white}"
        )
    face = np.asarray(grey > white // 2 if top > 1 else grey > 0)
    covered = cv2.countNonZero(face.view(np.uint8)) / face.size
    if covered == 1:
        raise DataError(f"{path}: the face mask covers the whole picture; mark the face alone")
    if covered > _LARGE_FACE:
        text = f"the face mask covers {covered:.0%} of the picture; is it inverted?"
        _warn(path, text, "large_face")
    elif 0 < covered < _SMALL_FACE:
        text = f"the face mask covers {cv2.countNonZero(face.view(np.uint8))} pixels; is it whole?"
        _warn(path, text, "small_face")
    return face


def _holds_labels(grey: UInt8Array) -> bool:
    """Whether a matte is of 0, 1 and 255 alone, with more of 1: labels with a border or a speck."""
    if cv2.countNonZero(cv2.inRange(grey, 2, 254)):  # nearly every matte ends here, and quickly
        return False
    return cv2.countNonZero(cv2.inRange(grey, 1, 1)) > cv2.countNonZero(grey) / 2


def _check_deep(path: Path, top: int, what: str) -> None:
    if 0 < top <= 255:
        factor = 257 if top > 1 else 65535
        raise DataError(
            f"{path}: holds 8-bit values in 16 bits (greatest value {top} of 65535); save {what} "
            f"with 8 bits, or multiply it by {factor}"
        )


def _warn(name: Any, text: str, flag: str) -> None:
    warnings.warn(DataWarning(f"{name}: {text}", flag), stacklevel=3)

"""Read pictures, mattes, trimaps and face masks: one function for each kind of file.

Mattes, trimaps and masks must be PNG files, because lossy compression changes their values.
Pictures may have any format that Pillow reads. Pixels keep their stored order: EXIF orientation is
ignored, as in the published evaluation code of P3M, whose alphas were made from the stored pixels.
Readers refuse files that must be wrong and give a `DataWarning` for suspicious ones (docs/data.md
has the rule).
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

_ABOUT_HALF = (96, 160)  # values that files use for "unknown": 127, 128, 129, ...
_LARGE_FACE, _SMALL_FACE = 0.5, 0.0005  # of the picture

_RECORD = threading.local()


@contextlib.contextmanager
def recorded_reads() -> Iterator[dict[Path, str]]:
    """Record the SHA-256 of every file that this thread reads, by path as given.

    The hash is of the decoded bytes, so it shows whether a file changed since it was hashed.
    """
    found: dict[Path, str] = {}
    before = getattr(_RECORD, "found", None)
    _RECORD.found = found
    try:
        yield found
    finally:
        _RECORD.found = before


def read_bytes(path: Path) -> bytes:
    """Read the content of a data file; all readers here use this function.

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
        white to white. A phone's MPO file gives its first picture.

    Raises:
        DataError: the file is missing, damaged, animated, larger than `MAX_PIXELS` or partly
            transparent, contains floating-point numbers or 32-bit integers, or stores 8-bit values
            in 16 bits.

    Warns:
        DataWarning: the EXIF orientation is not 1, or the picture is nearly black.
    """
    return decoded(path, read_bytes(path))


def read_alpha(path: Path) -> UInt8Array | Float32Array:
    """Read an alpha matte from a PNG file.

    Returns:
        (H, W) uint8 0..255 (opacity x 255) for files of up to 8 bits, (H, W) float32 in [0, 1] for
        16-bit ones. Colour files pass if their channels are equal and nothing is transparent.

    Raises:
        DataError: the file is missing, damaged, not a PNG, in colour or transparent, or has 16 bits
            and no value above 255.

    Warns:
        DataWarning: no pixel is half opaque, so the file may have another range (0 and 1,
            percent); or all values are 0 or 1, except a few 255. A matte of zeros gives no warning.
    """
    grey = read_grey_png(path, read_bytes(path), "an alpha matte")
    top = int(grey.max(initial=0))
    if grey.dtype == np.uint16:
        _check_deep(path, top, "the matte")
        if top == 255 * 256 and not (grey & 255).any():
            _warn(path, "contains 8-bit values times 256 (times 257 is full range)", "matte_range")
    white = np.iinfo(grey.dtype).max
    if top == 1:
        text = "its greatest value is 1 of 255; a mask stored as 0 and 1? multiply it by 255"
        _warn(path, text, "matte_0_1")
    elif 0 < top <= white // 2:
        text = f"its greatest value is {top} of {white}; does it have another range?"
        _warn(path, text, "matte_range")
    elif top == 255 and grey.dtype == np.uint8 and _holds_labels(grey):
        _warn(path, "contains 0, 1 and a few 255; a map of labels? write 255 for 1", "matte_0_1")
    if grey.dtype == np.uint16:
        return (grey / np.float32(65535)).astype(np.float32)
    return grey


def read_trimap(path: Path) -> UInt8Array:
    """Read a trimap from a PNG file.

    Returns:
        (H, W) uint8 in {0, 128, 255}. Other values count as unknown (128), with a warning: files
        with 127 are common, and evaluators that test for 128 score them wrong without notice.

    Raises:
        DataError: the file is missing, damaged, not an 8-bit PNG, in colour or transparent, or has
            another range (see `normalised_trimap`).

    Warns:
        DataWarning: see `normalised_trimap`.
    """
    grey = read_grey_png(path, read_bytes(path), "a trimap")
    if grey.dtype != np.uint8:
        raise DataError(f"{path}: is a 16-bit PNG; save the trimap with 8 bits (0, 128, 255)")
    return normalised_trimap(grey, str(path))


def normalised_trimap(trimap: UInt8Array, name: str) -> UInt8Array:
    """Map a trimap to 0, 128 and 255.

    Args:
        trimap: (H, W) uint8.
        name: name of the file, for messages.

    Returns:
        (H, W) uint8, every value but 0 and 255 mapped to 128.

    Raises:
        DataError: 0 or 255 is absent, and some values are not near 0, 128 or 255: a map of labels
            (0, 1, 2) or another range.

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
            f"{name}: contains {', '.join(map(str, present[:4]))}{'...' * (present.size > 4)} and "
            f"no {' and no '.join(absent)}; save background as 0, unknown as 128, foreground as 255"
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
        (H, W) bool, True for the face: pixels of at least half white (128 of 255), or 1 in a mask
        stored as 0 and 1.

    Raises:
        DataError: the file is missing, damaged, not a PNG, in colour or transparent; its greatest
            value is neither 1 nor at least half white; or the mask covers the whole picture.

    Warns:
        DataWarning: the mask is all black, or covers more than half or less than 0.05 % of the
            picture.
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
    """Whether a matte has only 0, 1 and 255, and more 1: labels with a border or a speck."""
    if cv2.countNonZero(cv2.inRange(grey, 2, 254)):  # true for nearly every matte, and fast
        return False
    return cv2.countNonZero(cv2.inRange(grey, 1, 1)) > cv2.countNonZero(grey) / 2


def _check_deep(path: Path, top: int, what: str) -> None:
    if 0 < top <= 255:
        factor = 257 if top > 1 else 65535
        raise DataError(
            f"{path}: contains 8-bit values in 16 bits (greatest value {top} of 65535); save "
            f"{what} with 8 bits, or multiply it by {factor}"
        )


def _warn(name: Any, text: str, flag: str) -> None:
    warnings.warn(DataWarning(f"{name}: {text}", flag), stacklevel=3)

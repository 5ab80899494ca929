"""Writing of files: mattes, pictures, tables, pages. A file appears whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import cv2
import numpy as np

from p3mbench.errors import DataError
from p3mbench.images import Float32Array, UInt8Array


def write_alpha(path: Path, alpha: Float32Array) -> None:
    """Write an (H, W) alpha in [0, 1] as an 8-bit PNG, rounded to the nearest level, atomically."""
    write_png(path, np.rint(np.asarray(alpha, np.float64) * 255).astype(np.uint8))


def write_png(path: Path, pixels: UInt8Array) -> None:
    """Write (H, W) grey or (H, W, 3) RGB uint8 pixels as PNG; the file appears whole or not at all.

    Raises:
        DataError: the file cannot be written.
    """
    _write_as(".png", path, pixels)


def write_picture(path: Path, pixels: UInt8Array) -> None:
    """Write a picture for people, (H, W, 3) RGB uint8, as PNG or JPEG by the file's suffix.

    Raises:
        DataError: another suffix, or the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in (".png", ".jpg", ".jpeg"):
        raise DataError(f"{path}: give a name that ends in .png or .jpg")
    _write_as(suffix, path, pixels)


def _write_as(suffix: str, path: Path, pixels: UInt8Array) -> None:
    bgr = pixels if pixels.ndim == 2 else pixels[..., ::-1]
    done, encoded = cv2.imencode(suffix, np.ascontiguousarray(bgr))
    if not done:
        raise DataError(f"{path}: could not be encoded")
    write_bytes(path, encoded.tobytes())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file through a temporary one beside it, so that a crash leaves no torn file."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from None

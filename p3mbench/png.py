"""Grey PNG files as mattes, trimaps and masks need them: whole, lossless, of one channel.

OpenCV decodes them. What it would pass over in silence is looked at here: files cut short, colour,
transparency, frames, and an orientation that photo programs write.
"""

from __future__ import annotations

import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.errors import DataError, DataWarning

MAX_PIXELS = 100_000_000  # refused beyond: no portrait has that many, a decompression bomb does

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KINDS = (
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"%PDF", "a PDF file"),
    (0, b"version https://git-lfs", "a git-lfs pointer; fetch the file itself with git lfs pull"),
    (0, b"<", "a web page or SVG file"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"\xff\xd8\xff", "a JPEG file"),
    (8, b"WEBP", "a WebP file"),
    (0, b"GIF8", "a GIF file"),
    (0, b"v/1\x01", "an OpenEXR file"),
    (4, b"ftyp", "a HEIC or AVIF file"),
    (0, b"II*\0", "a TIFF file"),
    (0, b"MM\0*", "a TIFF file"),
)


@dataclass(frozen=True)
class _Header:
    height: int
    width: int
    exif: bytes = b""


def read_grey_png(path: Path, content: bytes, what: str) -> npt.NDArray[Any]:
    """Decode a PNG file of one channel.

    Args:
        path: for messages.
        content: the file's bytes.
        what: what it should be, for messages: "an alpha matte".

    Returns:
        (H, W) uint8 or uint16. Files of 1, 2 and 4 bits come with the full range of 0..255, palette
        files as the colours they stand for; colour files pass if their channels are equal.

    Raises:
        DataError: damaged, not a PNG, animated, too large, or truly coloured or transparent.
    """
    header = _header(path, content, what)
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.shape[:2] != (header.height, header.width):
        raise DataError(f"{path}: is a damaged PNG file; make or copy it again")
    if header.exif:
        warn_of_orientation(path, _orientation(header.exif))
    if pixels.ndim == 2:
        return np.asarray(pixels)
    opaque = 255 if pixels.dtype == np.uint8 else 65535
    if pixels.shape[2] == 4 and pixels[..., 3].min() < opaque:
        raise DataError(
            f"{path}: is a cut-out with transparency, not {what}; save the matte itself as a "
            "single-channel PNG"
        )
    if (pixels[..., 0] != pixels[..., 1]).any() or (pixels[..., 1] != pixels[..., 2]).any():
        raise DataError(f"{path}: is in colour, not {what}; save a single-channel PNG")
    return np.ascontiguousarray(pixels[..., 0])


def warn_of_orientation(path: Path, orientation: object) -> None:
    """Name a file whose EXIF orientation says that it should be shown turned or mirrored."""
    if isinstance(orientation, int) and 2 <= orientation <= 8:
        text = f"{path}: has EXIF orientation {orientation}; its pixels are taken as stored"
        warnings.warn(DataWarning(text, "exif_orientation"), stacklevel=4)


def check_size(path: Path, height: int, width: int) -> None:
    """Refuse what is empty or larger than `MAX_PIXELS`, before anything is decoded.

    Raises:
        DataError: that.
    """
    if height * width > MAX_PIXELS or not height * width:
        raise DataError(
            f"{path}: is {width}x{height}; images of more than {MAX_PIXELS // 10**6} megapixels "
            "are refused"
        )


def kind_of(content: bytes) -> str:
    """What a file is that is not what it should be, by its first bytes; "" if that is not known."""
    for at, magic, words in _KINDS:
        start = content[at:] if at else content[:64].lstrip()
        if start.startswith(magic):
            return words
    return ""


def _orientation(exif: bytes) -> object:
    from PIL import Image

    try:
        found = Image.Exif()
        found.load(exif)
        return found.get(0x0112)
    except Exception:  # what a broken EXIF block says about orientation does not matter
        return None


def _header(path: Path, content: bytes, what: str) -> _Header:
    """Walk the chunks: OpenCV alone would fill the rest of a truncated file with zeros."""
    if not content:
        raise DataError(f"{path}: is empty")
    if not content.startswith(_SIGNATURE):
        other = kind_of(content)
        raise DataError(
            f"{path}: is not a PNG file{other and f' (it is {other})'}; {what} must be a PNG "
            "(no lossy compression)"
        )
    size, exif, ended, at = (0, 0), b"", False, len(_SIGNATURE)
    while not ended and at + 12 <= len(content):
        length = int.from_bytes(content[at : at + 4])
        kind, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        checksum = content[at + 8 + length : at + 12 + length]
        if zlib.crc32(kind + body) != int.from_bytes(checksum) or len(checksum) < 4:
            break
        if kind == b"IHDR" and length == 13:
            size = int.from_bytes(body[4:8]), int.from_bytes(body[:4])
            check_size(path, *size)
        if kind == b"acTL":
            raise DataError(f"{path}: is an animated PNG; save the one frame to score")
        if kind == b"eXIf":
            exif = body
        ended = kind == b"IEND"
        at += 12 + length
    if not all(size) or not ended:
        raise DataError(f"{path}: is a truncated or damaged PNG file; make or copy it again")
    return _Header(*size, exif)

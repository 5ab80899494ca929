"""Read grey PNG files for mattes, trimaps and masks: complete, lossless, with one channel.

OpenCV decodes them. This module checks what OpenCV ignores: truncated files, colour, transparency,
frames, and an EXIF orientation.
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

MAX_PIXELS = 100_000_000  # larger images are refused as decompression bombs

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
        what: the expected kind, for messages: "an alpha matte".

    Returns:
        (H, W) uint8 or uint16. Files of 1, 2 and 4 bits are scaled to 0..255, palettes are
        resolved, and colour files are accepted if their channels are equal.

    Raises:
        DataError: the file is damaged, not a PNG, animated, too large, in colour or transparent.
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
    """Warn about a file whose EXIF orientation asks to rotate or mirror it."""
    if isinstance(orientation, int) and 2 <= orientation <= 8:
        text = f"{path}: has EXIF orientation {orientation}; its pixels are taken as stored"
        warnings.warn(DataWarning(text, "exif_orientation"), stacklevel=4)


def check_size(path: Path, height: int, width: int) -> None:
    """Refuse an empty image, or one larger than `MAX_PIXELS`, before decoding.

    Raises:
        DataError: the image is refused.
    """
    if height * width > MAX_PIXELS or not height * width:
        raise DataError(
            f"{path}: is {width}x{height}; images of more than {MAX_PIXELS // 10**6} megapixels "
            "are refused"
        )


def kind_of(content: bytes) -> str:
    """Name the kind of a file of the wrong kind by its first bytes; "" if unknown."""
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
    except Exception:  # a broken EXIF block has no orientation
        return None


def _header(path: Path, content: bytes, what: str) -> _Header:
    """Check the chunks, because OpenCV fills the rest of a truncated file with zeros."""
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
            raise DataError(f"{path}: is an animated PNG; save one frame as a file of its own")
        if kind == b"eXIf":
            exif = body
        ended = kind == b"IEND"
        at += 12 + length
    if not all(size) or not ended:
        raise DataError(f"{path}: is a truncated or damaged PNG file; make or copy it again")
    return _Header(*size, exif)

"""Reading of images, alphas and trimaps: every check on a file is made here.

Alphas and trimaps must be PNG files, because lossy compression changes their values. Images may be
anything that Pillow reads. Pixels are taken in stored order: EXIF orientation is ignored, as in the
published evaluation code of P3M, whose alphas were made against the stored pixels.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import threading
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.errors import DataError, DataWarning

if TYPE_CHECKING:
    from PIL import Image

UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
MAX_PIXELS = 100_000_000  # refused beyond: no portrait has that many, a decompression bomb does

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class _PNGHeader:
    height: int
    width: int


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
        (H, W, 3) uint8 RGB. Grey and CMYK files are converted; a 16-bit one is scaled to 8 bits.

    Raises:
        DataError: missing, damaged, animated, larger than `MAX_PIXELS`, or partly transparent.
    """
    from PIL import Image

    content = read_bytes(path)
    if not content:
        raise DataError(f"{path}: is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content)) as file:
                _check_size(path, file.height, file.width)
                if getattr(file, "n_frames", 1) > 1:
                    raise DataError(f"{path}: has several frames; save the one to score as a file")
                file.load()
                return _rgb(path, file)
    except DataError:
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: cannot be read as an image ({_brief(error)})") from None


def _rgb(path: Path, file: Image.Image) -> UInt8Array:
    if file.mode.startswith("I"):
        deep = np.asarray(file).astype(np.int64)
        grey = np.clip((deep + 128) // 257, 0, 255).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if "A" in file.getbands() or "transparency" in file.info:
        rgba = np.asarray(file.convert("RGBA"))
        if rgba[..., 3].min() < 255:
            raise DataError(f"{path}: is partly transparent; flatten it onto its background first")
        return np.ascontiguousarray(rgba[..., :3])
    return np.array(file.convert("RGB"))


def read_alpha(path: Path) -> UInt8Array | Float32Array:
    """Read an alpha matte from a PNG file.

    Returns:
        (H, W) uint8 0..255 (opacity x 255) for 8-bit files, (H, W) float32 in [0, 1] for 16-bit
        ones. Colour files pass if their channels are equal and nothing in them is transparent.

    Raises:
        DataError: missing, damaged, not a PNG, or truly coloured or transparent.
    """
    grey = _read_grey_png(path, "an alpha matte")
    if grey.dtype == np.uint16:
        return (grey / np.float32(65535)).astype(np.float32)
    return grey


def read_trimap(path: Path) -> UInt8Array:
    """Read a trimap from a PNG file.

    Returns:
        (H, W) uint8 in {0, 128, 255}. Any other value counts as unknown (128), with a warning:
        files with 127 are common, and evaluators that look for 128 alone score them silently wrong.

    Raises:
        DataError: missing, damaged, not an 8-bit PNG, or truly coloured or transparent.
    """
    grey = _read_grey_png(path, "a trimap")
    if grey.dtype != np.uint8:
        raise DataError(f"{path}: is a 16-bit PNG; save the trimap with 8 bits (0, 128, 255)")
    return normalised_trimap(grey, str(path))


def normalised_trimap(trimap: UInt8Array, name: str) -> UInt8Array:
    """(H, W) uint8 trimap, every value but 0 and 255 mapped to 128; warns if any was not 128."""
    odd = (trimap != 0) & (trimap != 255) & (trimap != 128)
    if not odd.any():
        return trimap
    values = ", ".join(str(v) for v in np.unique(trimap[odd])[:4])
    warnings.warn(
        f"{name}: {int(odd.sum())} trimap pixels are neither 0, 128 nor 255 ({values}...); "
        "taken as unknown (128)",
        DataWarning,
        stacklevel=2,
    )
    mapped = trimap.copy()
    mapped[odd] = 128
    return mapped


def read_mask(path: Path) -> npt.NDArray[np.bool_]:
    """Read a face mask from a PNG file: (H, W) bool, True where the file is at least half white."""
    grey = _read_grey_png(path, "a face mask")
    half = np.iinfo(grey.dtype).max // 2
    return grey > half if grey.max(initial=0) > 1 else grey > 0


def image_size(path: Path) -> tuple[int, int]:
    """(H, W) of an image file, from its header alone; raises `DataError` as `read_image` does."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as file:
                return file.height, file.width
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: cannot be read as an image ({_brief(error)})") from None


def _read_grey_png(path: Path, what: str) -> npt.NDArray[Any]:
    """(H, W) uint8 or uint16."""
    content = read_bytes(path)
    header = _png_header(path, content, what)
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.shape[:2] != (header.height, header.width):
        raise DataError(f"{path}: is a damaged PNG file; make or copy it again")
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


def _png_header(path: Path, content: bytes, what: str) -> _PNGHeader:
    """Walk the chunks: OpenCV alone would fill the rest of a truncated file with zeros."""
    if not content:
        raise DataError(f"{path}: is empty")
    if not content.startswith(_PNG_SIGNATURE):
        raise DataError(f"{path}: is not a PNG file; {what} must be a PNG (no lossy compression)")
    header, at, ended = None, len(_PNG_SIGNATURE), False
    while not ended and at + 12 <= len(content):
        length = int.from_bytes(content[at : at + 4])
        kind, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        checksum = content[at + 8 + length : at + 12 + length]
        if zlib.crc32(kind + body) != int.from_bytes(checksum) or len(checksum) < 4:
            break
        if kind == b"IHDR" and length == 13:
            header = _PNGHeader(
                width=int.from_bytes(body[:4]),
                height=int.from_bytes(body[4:8]),
            )
            _check_size(path, header.height, header.width)
        if kind == b"acTL":
            raise DataError(f"{path}: is an animated PNG; save the one frame to score")
        ended = kind == b"IEND"
        at += 12 + length
    if header is None or not ended:
        raise DataError(f"{path}: is a truncated or damaged PNG file; make or copy it again")
    return header


def _check_size(path: Path, height: int, width: int) -> None:
    if height * width > MAX_PIXELS or not height * width:
        raise DataError(
            f"{path}: is {width}x{height}; images of more than {MAX_PIXELS // 10**6} megapixels "
            "are refused"
        )


def _brief(error: BaseException) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text if len(text) < 120 else text[:117] + "..."

"""Decode photographs of any kind to 8-bit RGB by one rule.

White is the greatest value of the file's bit depth: 255 for 8, 4,095 for 12, 65,535 for 16. A file
without a defined white (floating point, 32-bit integers) is refused, because a wrong guess gives
black pictures. A file with 8-, 10- or 12-bit values in a greater depth is refused too.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.errors import DataError, DataWarning
from p3mbench.png import check_size, kind_of, warn_of_orientation

if TYPE_CHECKING:
    from PIL import Image

UInt8Array = npt.NDArray[np.uint8]

DARK = 101  # a picture with no pixel as bright may have another range (percent, 14 bits in 16)

_ORIENTATION, _BITS, _PHOTOMETRIC, _PLANAR, _SAMPLE_FORMAT = 274, 258, 262, 284, 339
_EIGHT = "save it with 8 bits per channel (PNG or JPEG)"


def image_size(path: Path) -> tuple[int, int]:
    """Return (H, W) of a picture, from its header alone.

    Raises:
        DataError: the file is missing or not a picture.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as file:
                return file.height, file.width
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: cannot be read as an image ({_brief(error)})") from None


def decoded(path: Path, content: bytes) -> UInt8Array:
    """Decode a photograph.

    Args:
        path: for messages.
        content: the file's bytes.

    Returns:
        (H, W, 3) uint8 RGB, pixels in stored order.

    Raises:
        DataError: the file is damaged, not a picture, too large, animated or transparent, or has no
            defined white.
    """
    from PIL import Image, UnidentifiedImageError

    if not content:
        raise DataError(f"{path}: is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content)) as file:
                check_size(path, file.height, file.width)
                if getattr(file, "n_frames", 1) > 1 and file.format != "MPO":
                    raise DataError(f"{path}: has several frames; save one as a file of its own")
                before = _tag(file, _ORIENTATION)
                file.load()
                rgb, orientation = _stored(_rgb(path, file, content), file, before)
    except DataError:
        raise
    except UnidentifiedImageError:
        raise DataError(f"{path}: {_what_it_is(content)}") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: cannot be read as an image ({_brief(error)})") from None
    warn_of_orientation(path, orientation)
    top = int(rgb.max())
    if top < DARK:
        text = f"{path}: no pixel is brighter than {top} of 255; does it have another range?"
        warnings.warn(DataWarning(text, "dark_picture"), stacklevel=3)
    return rgb


def _stored(rgb: UInt8Array, file: Image.Image, before: object) -> tuple[UInt8Array, object]:
    """Restore the stored order of pixels: Pillow rotates TIFF files while it loads them."""
    after = _exif_orientation(file)
    if after == before or before is None:
        return rgb, after
    back = {
        2: lambda x: x[:, ::-1],
        3: lambda x: x[::-1, ::-1],
        4: lambda x: x[::-1],
        5: lambda x: x.transpose(1, 0, 2),
        6: lambda x: np.rot90(x, 1),
        7: lambda x: x[::-1, ::-1].transpose(1, 0, 2),
        8: lambda x: np.rot90(x, -1),
    }
    turn = back.get(before) if isinstance(before, int) else None
    return (rgb if turn is None else np.ascontiguousarray(turn(rgb))), before


def _exif_orientation(file: Image.Image) -> object:
    try:
        return file.getexif().get(_ORIENTATION)
    except Exception:  # a broken EXIF block has no orientation
        return None


def _tag(file: Image.Image, number: int) -> Any:
    """Return a tag of a TIFF file; None for other files."""
    return getattr(file, "tag_v2", {}).get(number) if file.format == "TIFF" else None


def _rgb(path: Path, file: Image.Image, content: bytes) -> UInt8Array:
    bits = _bits(file, content)
    if file.mode == "F" or _tag(file, _SAMPLE_FORMAT) in (3, (3,), (3, 3, 3)):
        raise DataError(f"{path}: contains floating-point numbers, which define no white; {_EIGHT}")
    if bits > 16 or _signed(file):
        raise DataError(
            f"{path}: contains {bits}-bit{' signed' * _signed(file)} integers, which define no "
            f"white; {_EIGHT}"
        )
    if bits > 8 or file.mode.startswith("I"):
        return _from_deep(path, _deep(path, file, content), max(bits, 9))
    if "A" in file.getbands() or "transparency" in file.info:
        rgba = np.asarray(file.convert("RGBA"))
        _refuse_transparency(path, rgba[..., 3], 255)
        return np.ascontiguousarray(rgba[..., :3])
    return np.array(file if file.mode == "RGB" else file.convert("RGB"))


def _bits(file: Image.Image, content: bytes) -> int:
    """Return the stored bits per sample; Pillow has one mode for 8-bit and 16-bit colour."""
    if file.format == "PNG":
        return content[24]
    if file.format == "TIFF":
        found = _tag(file, _BITS)
        return max(found) if isinstance(found, tuple) else int(found or 8)
    return 32 if file.mode == "I" else 16 if file.mode.startswith("I;16") else 8


def _signed(file: Image.Image) -> bool:
    found = _tag(file, _SAMPLE_FORMAT)
    return 2 in found if isinstance(found, tuple) else found == 2


def _deep(path: Path, file: Image.Image, content: bytes) -> npt.NDArray[Any]:
    """Decode a file with more than 8 bits to (H, W) or (H, W, 3) integers in RGB order."""
    if _tag(file, _PHOTOMETRIC) == 0:
        raise DataError(f"{path}: is a TIFF with white as 0; {_EIGHT}")
    if file.mode.startswith("I"):
        return np.asarray(file).astype(np.int64)
    if _tag(file, _PLANAR) == 2:  # OpenCV reads planes as interleaved colours
        raise DataError(f"{path}: is a deep-colour TIFF with one plane per channel; {_EIGHT}")
    if (_tag(file, _ORIENTATION) or 1) != 1:
        raise DataError(f"{path}: is a deep-colour TIFF that is stored rotated; {_EIGHT}")
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16 or pixels.ndim not in (2, 3):
        raise DataError(f"{path}: has deep colour of an unsupported kind; {_EIGHT}")
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        _refuse_transparency(path, pixels[..., 3], 65535)
    deep = pixels if pixels.ndim == 2 else pixels[..., 2::-1]
    return np.asarray(deep, np.int64)


def _from_deep(path: Path, deep: npt.NDArray[Any], bits: int) -> UInt8Array:
    """Scale values of more than 8 bits to 8-bit RGB, white to white, rounded to nearest."""
    top, white = int(deep.max()), 2**bits - 1
    held = next((held for held in (8, 10, 12) if top < 2**held), bits)
    if top and held < min(bits, 13):
        raise DataError(
            f"{path}: contains values of {held} bits in {bits} (greatest value {top} of {white}) "
            f"and would look black; {_EIGHT}"
        )
    scaled = np.clip((deep * 255 + white // 2) // white, 0, 255).astype(np.uint8)
    return np.repeat(scaled[..., None], 3, axis=2) if scaled.ndim == 2 else scaled


def _refuse_transparency(path: Path, alpha: npt.NDArray[Any], opaque: int) -> None:
    if alpha.min() < opaque:
        raise DataError(f"{path}: is partly transparent; flatten it onto its background first")


def _what_it_is(content: bytes) -> str:
    kind = kind_of(content)
    if kind == "a TIFF file":
        kind += " of floating point or another unusual kind"
    if kind:
        return f"cannot be read as an image (it is {kind}); save it as an 8-bit PNG or JPEG"
    return "cannot be read as an image (Pillow does not know its format); save it as PNG or JPEG"


def _brief(error: BaseException) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text if len(text) < 120 else text[:117] + "..."

"""Make mattes and cut-outs of photographs: find the files, name the outputs, predict.

A benchmark takes pixels in stored order. This module applies the EXIF orientation before
prediction and writes the matte upright.
"""

from __future__ import annotations

import contextlib
import glob
import unicodedata
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from p3mbench.data.foregrounds import estimate_layers
from p3mbench.data.sample import as_bytes
from p3mbench.errors import DataError, DataWarning, MethodError, P3MBenchError
from p3mbench.images import IMAGE_SUFFIXES, UInt8Array, read_image, read_trimap
from p3mbench.method import Predictor, checked_alpha, paste_known
from p3mbench.writing import write_bytes

CUTOUT = "-cutout"
ORIENTATION = 0x0112  # the EXIF tag
SHOWN = 4  # names in a message


@dataclass(frozen=True)
class Photo:
    """A photograph, and the name of its outputs without a suffix."""

    path: Path
    name: str


@dataclass(frozen=True)
class Wish:
    """What to make of each photograph.

    Attributes:
        out: folder of the mattes, ``NAME.png``, and cut-outs, ``NAME-cutout.png``.
        cutout: also make cut-outs.
        trimaps: a trimap file, or a folder of trimaps under the photographs' names; for methods
            that need one.
        overwrite: replace files with other content.
    """

    out: Path
    cutout: bool = False
    trimaps: Path | None = None
    overwrite: bool = False


@dataclass
class Outcome:
    """The result of a request.

    Attributes:
        written: files that were written.
        same: files that already existed with the same pixels.
        odd: (photograph, warning) for suspicious files that were used.
        failed: (photograph, reason) for photographs that failed.
    """

    written: list[Path] = field(default_factory=list)
    same: list[Path] = field(default_factory=list)
    odd: list[tuple[Path, str]] = field(default_factory=list)
    failed: list[tuple[Path, str]] = field(default_factory=list)


def gather(arguments: Iterable[str]) -> tuple[list[Path], list[tuple[str, str]]]:
    """Find the image files of the user's arguments, in order, each once.

    A folder means the images directly in it. ``*``, ``?`` and ``**`` are expanded if the shell did
    not expand them.

    Returns:
        The files, and (argument, note) for files that are left out or missing.
    """
    files: dict[Path, Path] = {}
    notes = []
    for argument in arguments:
        path = Path(argument)
        if path.is_dir():
            found, others = _images_in(path)
            if others or not found:
                notes.append((argument, _left_out(found, others)))
        elif not path.exists() and glob.has_magic(argument):
            matches = sorted(map(Path, glob.glob(argument, recursive=True)))  # noqa: PTH207
            found = [match for match in matches if match.suffix.lower() in IMAGE_SUFFIXES]
            others = [match for match in matches if match.is_file() and match not in found]
            if others or not found:
                notes.append((argument, _left_out(found, others, "matched")))
        else:
            found = [path]  # named by the user: tried in any case
        for file in found:
            files.setdefault(file.resolve(), file)
    return list(files.values()), notes


def named(files: Sequence[Path]) -> list[Photo]:
    """Give each file's outputs a unique name.

    The name is the stem: ``a`` for ``a.jpg``. If stems collide, it is the file name: ``a.jpg`` and
    ``a.png``. If these collide too, the names of the folders come before it. Names that differ
    only in case or Unicode form count as equal, as on many disks.
    """
    twins: Counter[str] = Counter()  # files in one folder that differ only in case or form
    candidates = []
    for file in files:
        whole = _folded(str(file.resolve()))
        twins[whole] += 1
        candidates.append(_candidates(file, twins[whole]))
    level = [0] * len(files)
    while True:
        names = [choice[at] for choice, at in zip(candidates, level, strict=True)]
        claims: dict[str, set[int]] = {}
        for index, name in enumerate(names):
            for output in (name, name + CUTOUT):
                claims.setdefault(_folded(output), set()).add(index)
        clashing = {index for claim in claims.values() if len(claim) > 1 for index in claim}
        raisable = {index for index in clashing if level[index] + 1 < len(candidates[index])}
        if not raisable:
            break
        for index in raisable:
            level[index] += 1
    return [Photo(file, name) for file, name in zip(files, names, strict=True)]


def _candidates(file: Path, twin: int) -> list[str]:
    """Return longer and longer names for a file's outputs; further twins are numbered."""
    number = f"-{twin}" if twin > 1 else ""
    parts = [part for part in file.resolve().parts if part != file.resolve().anchor]
    longer = ["__".join(parts[-k:]) for k in range(2, len(parts) + 1)]
    return [name + number for name in (file.stem, file.name, *longer)]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def predict_all(
    predictor: Predictor,
    needs_trimap: bool,
    photos: Sequence[Photo],
    wish: Wish,
    tick: Callable[[Photo], None] = lambda photo: None,
) -> Outcome:
    """Make the outputs of every photograph; a failure does not stop the others.

    Args:
        predictor: the loaded method.
        needs_trimap: whether the method takes a trimap.
        photos: see `named`.
        wish: what to make.
        tick: called after each photograph.
    """
    outcome = Outcome()
    inputs = _identities(photo.path for photo in photos)
    if wish.trimaps is not None:
        trimaps = [wish.trimaps] if wish.trimaps.is_file() else wish.trimaps.glob("*")
        inputs |= _identities(trimaps)
    for photo in photos:
        try:
            with _oddities(photo, outcome):
                made = _made(predictor, needs_trimap, photo, wish)
            for path, pixels in made.items():
                _keep(path, pixels, inputs, wish.overwrite, outcome)
        except P3MBenchError as error:
            outcome.failed.append((photo.path, _short(error, photo.path)))
        except MemoryError:
            outcome.failed.append((photo.path, "not enough memory; make the photograph smaller"))
        except Exception as error:  # raised by the method
            text = " ".join(str(error).split())[:200] or "no message"
            outcome.failed.append((photo.path, f"{type(error).__name__}: {text}"))
        tick(photo)
    return outcome


@contextlib.contextmanager
def _oddities(photo: Photo, outcome: Outcome) -> Iterator[None]:
    """Record warnings of the readers, except on the orientation, which is applied here."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        yield
    for one in caught:
        if not isinstance(one.message, DataWarning):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
        elif one.message.flag != "exif_orientation":
            text = str(one.message).removeprefix(f"{photo.path}: ")
            outcome.odd.append((photo.path, text))


def _made(
    predictor: Predictor, needs_trimap: bool, photo: Photo, wish: Wish
) -> dict[Path, UInt8Array]:
    """Return the output files of one photograph with their pixels."""
    image = read_upright(photo.path)
    shape = image.shape[:2]
    trimap = _trimap_of(photo.path, wish.trimaps, shape) if needs_trimap else None
    arguments = (image.copy(),) if trimap is None else (image.copy(), trimap.copy())
    alpha = checked_alpha(predictor.predict(*arguments), shape)
    if trimap is not None:
        alpha = paste_known(alpha, trimap)
    matte = as_bytes(alpha)
    made = {wish.out / f"{photo.name}.png": matte}
    if wish.cutout:
        made[wish.out / f"{photo.name}{CUTOUT}.png"] = cut_out(image, matte)
    return made


def cut_out(image: UInt8Array, matte: UInt8Array) -> UInt8Array:
    """Cut out the person: estimated foreground colours with the matte as opacity.

    Args:
        image: (H, W, 3) uint8 RGB.
        matte: (H, W) uint8, opacity x 255.

    Returns:
        (H, W, 4) uint8 RGBA, not premultiplied. PyMatting's multi-level method estimates the
        colours, so that no background shines through hair.
    """
    foreground, _ = estimate_layers(image, matte)
    return np.dstack([foreground, matte])


def read_upright(path: Path) -> UInt8Array:
    """Read a photograph upright, (H, W, 3) uint8 RGB, with its EXIF orientation applied.

    Raises:
        DataError: as for `p3mbench.images.read_image`.
    """
    return upright(read_image(path), orientation_of(path))


def orientation_of(path: Path) -> int:
    """Return the EXIF orientation of an image file, 1 to 8; 1 (as stored) if it has none."""
    from PIL import Image

    try:
        with Image.open(path) as file:
            value = file.getexif().get(ORIENTATION, 1)
    except (OSError, ValueError, SyntaxError):
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def upright(pixels: UInt8Array, orientation: int) -> UInt8Array:
    """Rotate and mirror pixels in stored order by their EXIF orientation.

    Args:
        pixels: (H, W, ...) array.
        orientation: 1 to 8, by the EXIF standard (CIPA DC-008): 3 is upside down, 6 and 8 are
            quarter turns, 2, 4, 5 and 7 are mirrored.
    """
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _trimap_of(image: Path, trimaps: Path | None, shape: tuple[int, ...]) -> UInt8Array:
    if trimaps is None:
        raise MethodError("the method needs a trimap; give --trimap FILE_OR_FOLDER")
    path = trimaps
    if trimaps.is_dir():
        options = [trimaps / f"{image.stem}.png", trimaps / f"{image.name}.png"]
        path = next((option for option in options if option.is_file()), options[0])
        if not path.is_file():
            raise DataError(f"{path}: not found; a trimap needs the photograph's name")
    trimap = read_trimap(path)
    if trimap.shape != shape:
        sizes = [f"{s[1]}x{s[0]}" for s in (trimap.shape, shape)]
        turned = "; it must fit the upright photograph" * (trimap.shape == shape[::-1])
        raise DataError(f"{path}: the trimap is {sizes[0]}, the photograph {sizes[1]}{turned}")
    return trimap


def _keep(
    path: Path, pixels: UInt8Array, inputs: set[Any], overwrite: bool, outcome: Outcome
) -> None:
    """Write one file, unless it is an input or exists with other content."""
    if path.exists():
        if _identities([path]) & inputs:
            raise DataError(f"{path}: is an input and is not overwritten; give another --out")
        if path.is_file() and _holds(path, pixels):
            outcome.same.append(path)
            return
        if not overwrite:
            raise DataError(
                f"{path}: exists already with other content; give --overwrite or another --out"
            )
    write_bytes(path, _encoded(pixels))
    outcome.written.append(path)


def _holds(path: Path, pixels: UInt8Array) -> bool:
    """Whether a PNG file has these pixels; bytes would depend on the encoder's version."""
    content = np.frombuffer(path.read_bytes(), np.uint8)
    there = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if content.size else None
    return there is not None and np.array_equal(there, _as_stored(pixels))


def _encoded(pixels: UInt8Array) -> bytes:
    done, content = cv2.imencode(".png", _as_stored(pixels))
    if not done:
        raise DataError("the matte could not be encoded as PNG")
    return content.tobytes()


def _as_stored(pixels: UInt8Array) -> UInt8Array:
    """Bring channels into OpenCV's order: (H, W) unchanged, RGBA to BGRA."""
    return pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., [2, 1, 0, 3]])


def _identities(paths: Iterable[Path]) -> set[tuple[int, int]]:
    """Identify files by device and inode, so that links to one file are equal."""
    found = set()
    for path in paths:
        with contextlib.suppress(OSError):
            status = path.stat()
            found.add((status.st_dev, status.st_ino))
    return found


def _images_in(folder: Path) -> tuple[list[Path], list[Path]]:
    """List the images directly in a folder, and all other files that are not hidden."""
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    images = [p for p in entries if p.is_file() and p.suffix.lower() in IMAGE_SUFFIXES]
    return images, [path for path in entries if path not in images]


def _left_out(found: list[Path], others: list[Path], where: str = "directly in it") -> str:
    names = [path.name + "/" * path.is_dir() for path in others]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    listed = ", ".join(names[:SHOWN]) + more
    images = f"{len(found)} image{'s' * (len(found) > 1)}" if found else "no image"
    unread = f"; skipped: {listed} (only {', '.join(IMAGE_SUFFIXES)} are read)" if others else ""
    return f"{images} {where}{unread}"


def _short(error: Exception, path: Path) -> str:
    """Remove the file's name from an error's text, which is printed after that name."""
    return str(error).removeprefix(f"{path}: ")


def counted(paths: Sequence[Path]) -> Iterator[str]:
    """Count mattes and cut-outs in words."""
    cutouts = sum(path.stem.endswith(CUTOUT) for path in paths)
    for count, word in ((len(paths) - cutouts, "matte"), (cutouts, "cut-out")):
        if count:
            yield f"{count} {word}{'s' * (count > 1)}"

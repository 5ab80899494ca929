"""Mattes and cut-outs of photographs: which files, under which names, and each one's making.

Unlike a benchmark, which takes pixels in stored order, this is for people's photographs: EXIF
orientation is applied before prediction, and the matte is written upright.
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
    """A photograph to be done, and the name of what is made of it, without a suffix."""

    path: Path
    name: str


@dataclass(frozen=True)
class Wish:
    """What is to be made of each photograph.

    Attributes:
        out: folder of the mattes, ``NAME.png``, and cut-outs, ``NAME-cutout.png``.
        cutout: make those too.
        trimaps: a trimap file, or a folder of them under the photographs' names; for methods
            that need one.
        overwrite: replace files of other content.
    """

    out: Path
    cutout: bool = False
    trimaps: Path | None = None
    overwrite: bool = False


@dataclass
class Outcome:
    """What came of a request.

    Attributes:
        written, same: files written, and files that were there already with the same pixels.
        odd: (photograph, what is odd about its files) of those that were done all the same.
        failed: (photograph, why) of those that could not be done.
    """

    written: list[Path] = field(default_factory=list)
    same: list[Path] = field(default_factory=list)
    odd: list[tuple[Path, str]] = field(default_factory=list)
    failed: list[tuple[Path, str]] = field(default_factory=list)


def gather(arguments: Iterable[str]) -> tuple[list[Path], list[tuple[str, str]]]:
    """The image files that the user's arguments mean, in order, each once.

    A folder means the images directly in it; ``*``, ``?`` and ``**`` are resolved where the shell
    has not done so.

    Returns:
        The files, and (argument, note) for what is left out or missing. A note of a missing file
        is an error of that file, see `missing`.
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
            found = [path]  # named by the user: tried whatever it is
        for file in found:
            files.setdefault(file.resolve(), file)
    return list(files.values()), notes


def named(files: Sequence[Path]) -> list[Photo]:
    """A name for each file's outputs, all different.

    It is the stem: ``a`` for ``a.jpg``. Where stems collide it is the whole name, ``a.jpg`` and
    ``a.png``; where these collide too, of files in several folders, the folders come before it.
    Names that differ only in upper case or Unicode form count as equal, as on many disks.
    """
    twins: Counter[str] = Counter()  # files of one folder that differ in case or form only
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
    """Names for a file's outputs, ever longer; the second and further twins are numbered."""
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
    """Make what is wished of every photograph; one that cannot be done costs itself only.

    Args:
        predictor: loaded.
        needs_trimap: whether it is given one.
        photos: see `named`.
        tick: called after each.
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
        except Exception as error:  # a method's own
            text = " ".join(str(error).split())[:200] or "no message"
            outcome.failed.append((photo.path, f"{type(error).__name__}: {text}"))
        tick(photo)
    return outcome


@contextlib.contextmanager
def _oddities(photo: Photo, outcome: Outcome) -> Iterator[None]:
    """Note what the readers warn of; not the orientation, which is applied here."""
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
    """The files to be written for one photograph, with their pixels."""
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
    """The person alone: estimated foreground colours with the matte as opacity.

    Args:
        image: (H, W, 3) uint8 RGB.
        matte: (H, W) uint8, opacity x 255.

    Returns:
        (H, W, 4) uint8 RGBA, not premultiplied. Colours are by PyMatting's multi-level method, so
        no background shines through hair.
    """
    foreground, _ = estimate_layers(image, matte)
    return np.dstack([foreground, matte])


def read_upright(path: Path) -> UInt8Array:
    """A photograph as people see it, (H, W, 3) uint8 RGB: its EXIF orientation is applied.

    Raises:
        DataError: as `p3mbench.images.read_image`.
    """
    return upright(read_image(path), orientation_of(path))


def orientation_of(path: Path) -> int:
    """The EXIF orientation of an image file, 1 to 8; 1 (as stored) if it has none."""
    from PIL import Image

    try:
        with Image.open(path) as file:
            value = file.getexif().get(ORIENTATION, 1)
    except (OSError, ValueError, SyntaxError):
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def upright(pixels: UInt8Array, orientation: int) -> UInt8Array:
    """Pixels in stored order turned as their EXIF orientation says.

    Args:
        pixels: (H, W, ...) array.
        orientation: 1 to 8, by the EXIF standard (CIPA DC-008): 3 is upside down, 6 and 8 are
            turned by a quarter, 2, 4, 5 and 7 are mirrored.
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
            raise DataError(f"{path}: no trimap of that name")
    trimap = read_trimap(path)
    if trimap.shape != shape:
        sizes = [f"{s[1]}x{s[0]}" for s in (trimap.shape, shape)]
        turned = "; it belongs to the photograph as seen, upright" * (trimap.shape == shape[::-1])
        raise DataError(f"{path}: the trimap is {sizes[0]}, the photograph {sizes[1]}{turned}")
    return trimap


def _keep(
    path: Path, pixels: UInt8Array, inputs: set[Any], overwrite: bool, outcome: Outcome
) -> None:
    """Write one file, unless an input or other content is there."""
    if path.exists():
        if _identities([path]) & inputs:
            raise DataError(f"{path}: is an input and is not overwritten; give another --out")
        if path.is_file() and _holds(path, pixels):
            outcome.same.append(path)
            return
        if not overwrite:
            raise DataError(
                f"{path}: is there already with other content; give --overwrite or another --out"
            )
    write_bytes(path, _encoded(pixels))
    outcome.written.append(path)


def _holds(path: Path, pixels: UInt8Array) -> bool:
    """Whether a PNG file has these pixels; its bytes depend on the encoder's version."""
    content = np.frombuffer(path.read_bytes(), np.uint8)
    there = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if content.size else None
    return there is not None and np.array_equal(there, _as_stored(pixels))


def _encoded(pixels: UInt8Array) -> bytes:
    done, content = cv2.imencode(".png", _as_stored(pixels))
    if not done:
        raise DataError("the matte could not be encoded as PNG")
    return content.tobytes()


def _as_stored(pixels: UInt8Array) -> UInt8Array:
    """In OpenCV's order of channels: (H, W) as it is, RGBA as BGRA."""
    return pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., [2, 1, 0, 3]])


def _identities(paths: Iterable[Path]) -> set[tuple[int, int]]:
    """What tells files apart whatever they are called: links to one file are one."""
    found = set()
    for path in paths:
        with contextlib.suppress(OSError):
            status = path.stat()
            found.add((status.st_dev, status.st_ino))
    return found


def _images_in(folder: Path) -> tuple[list[Path], list[Path]]:
    """The images directly in a folder, and what else lies there but for hidden files."""
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    images = [p for p in entries if p.is_file() and p.suffix.lower() in IMAGE_SUFFIXES]
    return images, [path for path in entries if path not in images]


def _left_out(found: list[Path], others: list[Path], where: str = "directly in it") -> str:
    names = [path.name + "/" * path.is_dir() for path in others]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    listed = ", ".join(names[:SHOWN]) + more
    images = f"{len(found)} image{'s' * (len(found) > 1)}" if found else "no image"
    unread = f"; not read: {listed} (read are {', '.join(IMAGE_SUFFIXES)})" if others else ""
    return f"{images} {where}{unread}"


def _short(error: Exception, path: Path) -> str:
    """The error's text without the file's name, which stands before it anyway."""
    return str(error).removeprefix(f"{path}: ")


def counted(paths: Sequence[Path]) -> Iterator[str]:
    """How many mattes and cut-outs, in words."""
    cutouts = sum(path.stem.endswith(CUTOUT) for path in paths)
    for count, word in ((len(paths) - cutouts, "matte"), (cutouts, "cut-out")):
        if count:
            yield f"{count} {word}{'s' * (count > 1)}"

"""Write mattes, pictures, tables and pages. A file appears whole or not at all.

All paths named by a user or a file are written here. A symbolic link stays, and the file it points
to is replaced. Devices and pipes are written into and never replaced. Folders are refused.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from p3mbench.errors import DataError
from p3mbench.images import Float32Array, UInt8Array
from p3mbench.names import checked_name


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
    """Write a picture, (H, W, 3) RGB uint8, as PNG or JPEG by the file's suffix.

    Raises:
        DataError: the suffix is another one, or the file cannot be written.
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


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text as `write_bytes` does; escape lone surrogates.

    Raises:
        DataError: the file cannot be written.
    """
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, and create its parent folders.

    A regular file is written through a temporary one beside it, so that a crash leaves no partial
    file. A symbolic link is followed and stays. A pipe, a terminal or ``/dev/null`` is written
    into.

    Raises:
        DataError: the path is a folder or a disk, or it cannot be written.
    """
    try:
        target = _followed(path)
        mode = target.stat().st_mode if target.exists() else None
        if mode is not None and (stat.S_ISDIR(mode) or stat.S_ISBLK(mode)):
            what = "folder" if stat.S_ISDIR(mode) else "disk"
            raise DataError(f"{path}: is a {what}; give the name of a file")
        if _is_opened(target) or (mode is not None and not stat.S_ISREG(mode)):
            _pour(target, content)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            _replace(target, content, 0o644 if mode is None else stat.S_IMODE(mode))
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: cannot be written ({reason})") from None


def regular_files(folder: Path) -> Iterator[Path]:
    """Yield every file below an untrusted folder, in order; none if there is no folder.

    Raises:
        DataError: the folder or something below it is a symbolic link, or is neither a file nor a
            folder.
    """
    if folder.is_symlink():
        raise DataError(
            f"{folder}: is a symbolic link, which is not followed; give the folder itself"
        )
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            yield from regular_files(path)
        elif path.is_file() and not path.is_symlink():
            yield path
        else:
            what = "a symbolic link" if path.is_symlink() else "neither a file nor a folder"
            raise DataError(f"{path}: is {what}, which is not read; remove it")


def inside(folder: Path, *parts: str) -> Path:
    """Return the path of ``parts`` below a folder.

    Raises:
        DataError: a part is not a usable name (see `p3mbench.names.problem_of`), or a symbolic link
            on the way leads out of the folder.
    """
    path = folder.joinpath(*(checked_name(part, "file", DataError) for part in parts))
    if not path.resolve().is_relative_to(folder.resolve()):
        raise DataError(f"{path}: leads out of {folder} through a symbolic link; remove the link")
    return path


def _followed(path: Path) -> Path:
    """Follow the links of a path, except links that the system makes for open files."""
    for _ in range(40):  # as many as Linux follows
        if _is_opened(path) or not path.is_symlink():
            return path
        path = path.parent / path.readlink()
    raise DataError(f"{path}: is a symbolic link that leads to itself")


def _is_opened(path: Path) -> bool:
    """Whether a path is an open file or a device: /dev/stdout, /dev/fd/3, /proc/self/fd/1."""
    parent = path.parent.resolve()
    return parent == Path("/dev") or Path("/proc") in (parent, *parent.parents)


def _pour(target: Path, content: bytes) -> None:
    """Append to an existing device, pipe or open file, without creating or emptying it."""
    handle = os.open(target, os.O_WRONLY | os.O_APPEND)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def _replace(target: Path, content: bytes, mode: int) -> None:
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(mode)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise

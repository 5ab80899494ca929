"""The file of a row's matte; its path contains the row's key.

A matte belongs to one row. The row stores the path, relative to the folder ``alphas`` of the store.
So a matte is shown only with its row and is removed when the row is replaced.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from glob import escape
from pathlib import Path, PurePosixPath

from p3mbench.errors import DataError
from p3mbench.names import problem_of

FOLDER = "alphas"
SUFFIX = ".png"
_DIGITS = 12
_MOST = 100  # characters of a part; file systems take 255 bytes


def path_of(key: str, benchmark: str, label: str, place: str, image: str) -> str:
    """Return the path of a row's matte: ``BENCHMARK/LABEL/PLACE/IMAGE--KEY.png``.

    Args:
        key: key of the row, hexadecimal; the path has its first 12 digits.
        benchmark, label, place, image: for people; characters that a file name cannot have are
            replaced.
    """
    folders = (_part(benchmark), _part(label), _part(place))
    return "/".join((*folders, f"{_part(image)}--{key[:_DIGITS]}{SUFFIX}"))


def place_of(subset: str, variant: str) -> str:
    """Return the name of the folder of a subset's mattes in one variant."""
    return f"{subset}-{variant}"


def matte_of(folder: Path, image: str) -> Path:
    """Return the file of an image's matte in a folder of mattes: ``IMAGE--KEY.png``, ``IMAGE.png``.

    Raises:
        DataError: there is no such file, or more than one.
    """
    name = _part(image)
    found = [folder / f"{name}{SUFFIX}", *sorted(folder.glob(f"{escape(name)}--*{SUFFIX}"))]
    found = [path for path in found if path.is_file()]
    if not found:
        raise DataError(
            f"{folder}: has no matte of {image}; make it with p3mbench run --save-alphas"
        )
    if len(found) > 1:
        raise DataError(
            f"{found[0]}: is one of {len(found)} mattes of {image}; leave one of them there"
        )
    return found[0]


def keyed(path: str, key: str) -> str:
    """Add the key to the name in ``path``, for mattes of older stores, which lack it."""
    at = PurePosixPath(path)
    if at.stem.endswith(f"--{key[:_DIGITS]}"):
        return path
    return str(at.with_name(f"{at.stem}--{key[:_DIGITS]}{at.suffix}"))


def file_of(store: Path, path: str) -> Path | None:
    """Return the file of a row's matte; None if it is missing or outside the store.

    Args:
        store: folder of the store.
        path: the path in the row, ``""`` for no matte.
    """
    parts = PurePosixPath(path).parts
    if not path or path.startswith("/") or ".." in parts or "\0" in path:
        return None
    folder = store / FOLDER
    file = folder.joinpath(*parts)
    try:
        inside = file.resolve().is_relative_to(folder.resolve()) and file.is_file()
    except OSError:
        return None
    return file if inside else None


def foreign_file(store: Path, path: str) -> Path | None:
    """Like `file_of`, for a store from elsewhere: no part of the path may be a symbolic link.

    Raises:
        DataError: the path is a link or leads out of the store.
    """
    parts = PurePosixPath(path).parts
    steps = [store / FOLDER]
    for part in parts:
        steps.append(steps[-1] / part)
    if any(step.is_symlink() for step in steps):
        raise DataError(
            f"{steps[-1]}: is a symbolic link or below one, and a merge copies regular files only; "
            "replace the link by the file, or remove it"
        )
    if path and (path.startswith("/") or ".." in parts):
        raise DataError(
            f"{store}: refers to a matte outside its folder ({path!r}) and cannot be merged"
        )
    return file_of(store, path)


def remove(store: Path, paths: Iterable[str]) -> None:
    """Remove the mattes of replaced rows; ignore missing files."""
    for path in paths:
        file = file_of(store, path)
        if file is not None:
            with suppress(OSError):
                file.unlink()


def _part(text: str) -> str:
    """Make a readable part of a path: characters that it cannot have become ``_``."""
    clean = text[:_MOST]
    if problem_of(clean):
        clean = "".join(c if not problem_of(f"a{c}a") else "_" for c in clean).strip()
        clean = f"_{clean}" if problem_of(clean) else clean
    return clean.encode("utf-8", "replace")[:_MOST].decode("utf-8", "ignore")

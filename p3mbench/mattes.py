"""Where the matte of a row is kept: a path that the row's key is part of.

A matte belongs to one row. Its path, relative to the folder ``alphas`` of a store, stands in the
row, so a matte is shown only where its row says so, and goes when its row is replaced.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath

from p3mbench.errors import DataError
from p3mbench.names import problem_of

FOLDER = "alphas"
SUFFIX = ".png"
_DIGITS = 12
_MOST = 100  # characters of a part; file systems take 255 bytes


def path_of(key: str, benchmark: str, label: str, place: str, image: str) -> str:
    """The path of a row's matte: ``BENCHMARK/LABEL/PLACE/IMAGE--KEY.png``, 12 digits of the key.

    Args:
        key: of the row, hexadecimal.
        benchmark, label, place, image: for people; what cannot be in a file name is replaced.
    """
    folders = (_part(benchmark), _part(label), _part(place))
    return "/".join((*folders, f"{_part(image)}--{key[:_DIGITS]}{SUFFIX}"))


def keyed(path: str, key: str) -> str:
    """``path`` with the key in its name, for mattes of stores that had no keys in their paths."""
    at = PurePosixPath(path)
    if at.stem.endswith(f"--{key[:_DIGITS]}"):
        return path
    return str(at.with_name(f"{at.stem}--{key[:_DIGITS]}{at.suffix}"))


def file_of(store: Path, path: str) -> Path | None:
    """The file of a row's matte, None if there is none or the path leads out of the store.

    Args:
        store: folder of the store.
        path: as in the row, ``""`` for none.
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
    """As `file_of`, for a store of somebody else: no part of the path may be a symbolic link.

    Raises:
        DataError: the path is a link or leads out of the store.
    """
    parts = PurePosixPath(path).parts
    steps = [store / FOLDER]
    for part in parts:
        steps.append(steps[-1] / part)
    if any(step.is_symlink() for step in steps):
        raise DataError(
            f"{steps[-1]}: is a symbolic link or lies behind one; a merge takes real files only: "
            "replace it by the file, or remove it"
        )
    if path and (path.startswith("/") or ".." in parts):
        raise DataError(f"{store}: names a matte outside its folder ({path!r}); not merged")
    return file_of(store, path)


def remove(store: Path, paths: Iterable[str]) -> None:
    """Remove the mattes of rows that are no more; one that is gone already is no error."""
    for path in paths:
        file = file_of(store, path)
        if file is not None:
            with suppress(OSError):
                file.unlink()


def _part(text: str) -> str:
    """A part of a path for people: characters that cannot be in it become ``_``."""
    clean = text[:_MOST]
    if problem_of(clean):
        clean = "".join(c if not problem_of(f"a{c}a") else "_" for c in clean).strip()
        clean = f"_{clean}" if problem_of(clean) else clean
    return clean.encode("utf-8", "replace")[:_MOST].decode("utf-8", "ignore")

"""List a folder: the files that are read, by name, and the ignored ones, each with a reason.

Names are compared after Unicode normalisation (NFC), because macOS writes accents as separate
characters (NFD): 'José' from macOS and 'José' from Linux are the same name. Paths stay as on disk.
"""

from __future__ import annotations

import tarfile
import unicodedata
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from p3mbench.errors import DataError
from p3mbench.images import IMAGE_SUFFIXES
from p3mbench.names import printable

NAMES_SHOWN = 3

_HOUSEKEEPING = ("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir")
_PHONE = (".heic", ".heif", ".avif")
_ARRAYS = (".npy", ".npz", ".exr", ".hdr", ".pfm", ".mat", ".pt", ".raw")
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")


@dataclass(frozen=True)
class Ignored:
    """A file in a data folder that is not read, with the reason."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Listing:
    """A folder's content.

    Attributes:
        files: normalised name without suffix -> path, in the order of the names.
        clashes: one line for each file with a name that another file has, or that is not text.
        ignored: the files that are not read, without hidden files and those of file managers.
    """

    files: dict[str, Path]
    clashes: tuple[str, ...]
    ignored: tuple[Ignored, ...]


def normalised(name: str) -> str:
    """Normalise a name to NFC, the Unicode form in which names are compared.

    Control characters and bytes that are not Unicode become escapes, so that the name can be stored
    and shown.
    """
    return printable(unicodedata.normalize("NFC", name))


def listing(folder: Path, suffixes: tuple[str, ...]) -> Listing:
    """List the files of a folder.

    Args:
        folder: the folder.
        suffixes: suffixes of the files to read, in lower case.

    Raises:
        DataError: the folder does not exist.
    """
    check_folder(folder)
    found: dict[str, Path] = {}
    clashes, ignored = [], []
    for path in sorted(folder.iterdir()):
        if housekeeping(path):
            continue
        if path.suffix.lower() not in suffixes or (path.exists() and not path.is_file()):
            ignored.append(Ignored(path, _reason(path, suffixes)))
            continue
        stem = normalised(path.stem)
        if stem in found:
            clashes.append(_clash(path, found[stem]))
        else:
            found[stem] = path
    return Listing(dict(sorted(found.items())), tuple(clashes), tuple(ignored))


def housekeeping(path: Path) -> bool:
    """Return whether to pass over a file or folder: it is hidden or belongs to a file manager."""
    return path.name.startswith(".") or path.name.lower() in _HOUSEKEEPING


def check_folder(folder: Path, mend: str = "") -> None:
    """Refuse a path that is not a folder.

    Args:
        folder: a path from the user.
        mend: for the message: what to give instead.

    Raises:
        DataError: it does not exist, or is a file; the message says if it is an archive.
    """
    if folder.is_dir():
        return
    if not folder.is_file():
        raise DataError(f"{folder}: no such folder{mend and f'; {mend}'}")
    if zipfile.is_zipfile(folder) or folder.suffix.lower() in _ARCHIVES or _is_tar(folder):
        raise DataError(f"{folder}: is an archive; unpack it first and give the folder")
    raise DataError(f"{folder}: is a file, not a folder{mend and f'; {mend}'}")


def _is_tar(path: Path) -> bool:
    try:
        return tarfile.is_tarfile(path)
    except OSError:
        return False


def ignored_lines(ignored: Iterable[Ignored]) -> list[str]:
    """Return one line for each folder and reason: the number of files and the first names."""
    groups: dict[tuple[Path, str], list[str]] = {}
    for one in ignored:
        groups.setdefault((one.path.parent, one.reason), []).append(one.path.name)
    return [
        f"{folder.name}: {len(names)} not read ({reason}): {first_names(names)}"
        for (folder, reason), names in groups.items()
    ]


def first_names(names: Iterable[str]) -> str:
    """Join the first three of some names, safe for a terminal, with dots if there are more."""
    listed = list(dict.fromkeys(names))
    more = ", ..." * (len(listed) > NAMES_SHOWN)
    return ", ".join(printable(name) for name in listed[:NAMES_SHOWN]) + more


def twin_hint(stem: str, ignored: Iterable[Ignored]) -> str:
    """Return a hint for a missing file if an ignored file has its name; else ""."""
    for one in ignored:
        if normalised(one.path.stem) == stem:
            return f" ({printable(one.path.name)} is there and is not read: {one.reason})"
    return ""


def _clash(path: Path, first: Path) -> str:
    if path.stem != first.stem:
        return (
            f"{path}: has the same name as {ascii(first.name)} in another Unicode form "
            "(NFC and NFD); remove one"
        )
    return f"{path}: has the same stem as {first.name}; remove one"


def _reason(path: Path, suffixes: tuple[str, ...]) -> str:
    suffix = path.suffix.lower()
    if path.is_dir():
        return "folders inside are not searched"
    if path.exists() and not path.is_file():
        return "a pipe or device, not a file"
    if suffix in IMAGE_SUFFIXES:
        return "mattes, trimaps and masks must be PNG files"
    if suffix in _PHONE:
        return "HEIC and AVIF are not read; save as PNG or JPEG"
    if suffix in _ARRAYS:
        return "arrays and floating point formats are not read; save as PNG"
    if suffix in _ARCHIVES:
        return "archives are not opened; unpack it"
    kinds = ", ".join(one.removeprefix(".") for one in suffixes)
    return f"not a file of a kind that is read: {kinds}"

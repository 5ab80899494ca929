"""The released P3M-10k, in all its published layouts.

P3M's code expects ``P3M-500-P/...`` at the top of the data folder. P3M's README and the code of
P3M-Net expect ``validation/P3M-500-P/...``. The 2024 archive adds ``facemask``. The unblurred
images of P3M-500-P were never released.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from p3mbench.data.definition import Definition, TomlTable
from p3mbench.data.listing import check_folder, housekeeping
from p3mbench.data.pairing import Folders, pair_subset
from p3mbench.data.sources import DataSource
from p3mbench.data.subset import Paired, Subset
from p3mbench.errors import BenchmarkError, DataError
from p3mbench.settings import BLURRED, NORMAL, PAPER_VARIANTS

BENCHMARK = "p3m500"
ROOT_VARIABLE = "P3M_ROOT"
SUBSET_FOLDERS = {"P": "P3M-500-P", "NP": "P3M-500-NP"}
SUBSET_SIZE, TRAIN_SIZE = 500, 9421
_PREFIXES = ("", "validation", "P3M-10k", "P3M-10k/validation")
_DEPTH, _MOST = 2, 200  # depth and number of the folders that a hint searches


def find_subset(root: Path, name: str) -> Path | None:
    """Find the folder of subset ``P`` or ``NP`` under ``root``, in any case; None if missing."""
    folder = SUBSET_FOLDERS[name]
    if root.absolute().name.lower() == folder.lower() and (root / "mask").is_dir():
        return root
    found = (_below(root, f"{prefix}/{folder}") for prefix in _PREFIXES)
    return next((path for path in found if path is not None), None)


def find_train(root: Path) -> Path | None:
    """Find the folder of the training images under ``root``; None if it is missing."""
    found = (_below(root, place) for place in ("train", "P3M-10k/train", "."))
    return next((path for path in found if path is not None and (path / "mask").is_dir()), None)


def is_p3m10k(root: Path) -> bool:
    """Return whether a folder contains a test subset or the training images of P3M-10k."""
    if any(find_subset(root, name) is not None for name in SUBSET_FOLDERS):
        return True
    train = find_train(root)
    return train is not None and train.absolute().name.lower() == "train"


def further_in(root: Path) -> Path | None:
    """Find a folder inside ``root`` that is laid out as P3M-10k; None if none is nearby."""
    level = [root]
    for _ in range(_DEPTH):
        level = [path for folder in level for path in _folders_in(folder)][:_MOST]
        for path in level:
            if is_p3m10k(path):
                return path
    return None


def _below(root: Path, names: str) -> Path | None:
    """Find the folder ``root``/``names`` in any case; None if it is missing."""
    for name in Path(names.lstrip("/")).parts:
        exact = root / name
        if not exact.is_dir():
            alike = (path for path in _folders_in(root) if path.name.lower() == name.lower())
            exact = next(alike, exact)
        root = exact
    return root if root.is_dir() else None


def _folders_in(folder: Path) -> list[Path]:
    """List the folders in a folder, without hidden ones and those of file managers."""
    try:
        return sorted(p for p in folder.iterdir() if p.is_dir() and not housekeeping(p))
    except OSError:
        return []


def folders_of(subset: Path, variants: Sequence[str] = PAPER_VARIANTS) -> Folders:
    """Return the folders inside a subset's folder, as released.

    Args:
        subset: the subset's folder.
        variants: variants beside B and N are read from folders with their names, if these exist.
    """
    images = {BLURRED: subset / "blurred_image", NORMAL: subset / "original_image"}
    others = (variant for variant in variants if variant not in images)
    images |= {variant: subset / variant for variant in others if (subset / variant).is_dir()}
    return Folders(
        alpha=subset / "mask",
        images=images,
        trimap=subset / "trimap",
        face=subset / "facemask",
    )


@dataclass(frozen=True)
class P3M10kSource(DataSource):
    """P3M-10k as released: ``--data``, else the environment variable ``P3M_ROOT``."""

    name: ClassVar[str] = "p3m10k"
    layout: ClassVar[str] = "P3M-10k"

    def check_subset(self, table: TomlTable) -> None:
        """See `DataSource.check_subset`."""
        name = table.text("name")
        if name not in SUBSET_FOLDERS:
            raise table.fail(f"subset {name!r} of P3M-10k must be P or NP")

    @classmethod
    def recognises(cls, folder: Path) -> str:
        """See `DataSource.recognises`."""
        return BENCHMARK if is_p3m10k(folder) else ""

    @classmethod
    def further_in(cls, folder: Path) -> Path | None:
        """See `DataSource.further_in`."""
        return further_in(folder)

    def root(self, asked: Definition, data: Path | None) -> Path:
        """See `DataSource.root`."""
        root = data if data is not None else os.environ.get(ROOT_VARIABLE)
        if not root:
            raise BenchmarkError(
                f"benchmark {asked.name} needs the data of P3M-10k: give its folder with "
                f"--data DIR or in the environment variable {ROOT_VARIABLE}"
            )
        return Path(root)

    def pair(self, asked: Definition, root: Path, table: Mapping[str, Any]) -> Paired:
        """See `DataSource.pair`."""
        name = table["name"]
        folder = find_subset(root, name)
        if folder is None:
            raise DataError(f"{SUBSET_FOLDERS[name]} is not under {root}")
        return _paired(asked, name, folder, SUBSET_SIZE)

    def open(self, asked: Definition, root: Path | None) -> dict[str, Subset | str]:
        """See `DataSource.open`; one of the subsets is enough."""
        assert root is not None  # noqa: S101 - see root
        check_folder(root, f"give the folder of P3M-10k with --data or {ROOT_VARIABLE}")
        found: dict[str, Subset | str] = {}
        for table in asked.subsets:
            name = table["name"]
            if find_subset(root, name) is not None:
                found[name] = self.pair(asked, root, table).whole()
                continue
            folder = SUBSET_FOLDERS[name]
            where = f"looked for {folder} and validation/{folder}"
            found[name] = f"{folder} is not under {root} ({where})"
        if not any(isinstance(subset, Subset) for subset in found.values()):
            wanted = " or ".join(SUBSET_FOLDERS[name] for name in found)
            inside = further_in(root)
            raise DataError(
                f"{root}: contains no {wanted}, neither directly nor in 'validation'; give "
                f"{inside or 'the folder that the P3M-10k archive unpacks to'}"
            )
        return found

    def train(self, asked: Definition, root: Path | None) -> Paired:
        """See `DataSource.train`; the folder of a test subset is not mistaken for it."""
        assert root is not None  # noqa: S101 - see root
        check_folder(root)
        folder = find_train(root)
        if folder is None or any(find_subset(root, name) == folder for name in SUBSET_FOLDERS):
            raise DataError(f"{root}: contains no folder 'train' with 'mask' in it")
        return _paired(asked, "train", folder, TRAIN_SIZE)

    def train_set(self, asked: Definition) -> str:
        """See `DataSource.train_set`."""
        return "P3M-10k/train"

    def listed_as(self, asked: Definition, subset: str) -> frozenset[str]:
        """See `DataSource.listed_as`."""
        return frozenset((f"P3M-10k/{SUBSET_FOLDERS[subset]}", "P3M-10k/validation"))


def _paired(asked: Definition, name: str, folder: Path, size: int) -> Paired:
    folders = folders_of(folder, asked.variants)
    # a training image would show every face that the detector misses
    detect = asked.detect_faces and name in SUBSET_FOLDERS
    return pair_subset(name, folders, size, asked.obfuscation, detect, asked.variants)


SOURCE = P3M10kSource

"""The released P3M-10k, in every layout it has been published in.

The code of P3M expects ``P3M-500-P/...`` at the top of the data folder, its README and the code of
P3M-Net ``validation/P3M-500-P/...``; the 2024 archive adds ``facemask``. Unblurred P3M-500-P images
were never released.
"""

from __future__ import annotations

from pathlib import Path

from p3mbench.data.folder import Folders, Subset, read_subset
from p3mbench.data.listing import check_folder, housekeeping
from p3mbench.data.obfuscation import Obfuscation
from p3mbench.errors import DataError

SUBSET_FOLDERS = {"P": "P3M-500-P", "NP": "P3M-500-NP"}
SUBSET_SIZE = 500
_PREFIXES = ("", "validation", "P3M-10k", "P3M-10k/validation")
_DEPTH, _MOST = 2, 200  # how far in, and at how many folders, a hint looks


def find_subset(root: Path, name: str) -> Path | None:
    """The folder of subset ``P`` or ``NP`` under ``root``, in any case, None if it is not there."""
    folder = SUBSET_FOLDERS[name]
    if root.absolute().name.lower() == folder.lower() and (root / "mask").is_dir():
        return root
    found = (_below(root, f"{prefix}/{folder}") for prefix in _PREFIXES)
    return next((path for path in found if path is not None), None)


def find_train(root: Path) -> Path | None:
    """The folder of the training images under ``root``, None if it is not there."""
    found = (_below(root, place) for place in ("train", "P3M-10k/train", "."))
    return next((path for path in found if path is not None and (path / "mask").is_dir()), None)


def is_p3m10k(root: Path) -> bool:
    """Whether a folder holds a test subset or the training images of P3M-10k."""
    if any(find_subset(root, name) is not None for name in SUBSET_FOLDERS):
        return True
    train = find_train(root)
    return train is not None and train.absolute().name.lower() == "train"


def further_in(root: Path) -> Path | None:
    """A folder inside ``root`` that is laid out as P3M-10k, None if there is none nearby."""
    level = [root]
    for _ in range(_DEPTH):
        level = [path for folder in level for path in _folders_in(folder)][:_MOST]
        for path in level:
            if is_p3m10k(path):
                return path
    return None


def _below(root: Path, names: str) -> Path | None:
    """The folder at ``root``/``names``, whatever case its names have, None if there is none."""
    for name in Path(names.lstrip("/")).parts:
        exact = root / name
        if not exact.is_dir():
            alike = (path for path in _folders_in(root) if path.name.lower() == name.lower())
            exact = next(alike, exact)
        root = exact
    return root if root.is_dir() else None


def _folders_in(folder: Path) -> list[Path]:
    """The folders in a folder, but for hidden ones and those of file managers."""
    try:
        return sorted(p for p in folder.iterdir() if p.is_dir() and not housekeeping(p))
    except OSError:
        return []


def folders_of(subset: Path) -> Folders:
    """The folders inside a subset's folder, as released."""
    return Folders(
        alpha=subset / "mask",
        blurred=subset / "blurred_image",
        original=subset / "original_image",
        trimap=subset / "trimap",
        face=subset / "facemask",
    )


def read_p3m10k(
    root: Path, names: tuple[str, ...], obfuscation: Obfuscation, detect: bool = False
) -> dict[str, Subset | str]:
    """Read the test subsets under ``root``.

    Returns:
        name -> the subset, or in words why it is not there.

    Raises:
        DataError: ``root`` is not a folder, holds none of the subsets, or their files do not pair.
    """
    check_folder(root, "give the folder of P3M-10k with --data or P3M_ROOT")
    found: dict[str, Subset | str] = {}
    for name in names:
        path = find_subset(root, name)
        if path is None:
            found[name] = (
                f"{SUBSET_FOLDERS[name]} is not under {root} "
                f"(looked for {SUBSET_FOLDERS[name]} and validation/{SUBSET_FOLDERS[name]})"
            )
        else:
            found[name] = read_subset(name, folders_of(path), SUBSET_SIZE, obfuscation, detect)
    if not any(isinstance(subset, Subset) for subset in found.values()):
        wanted = " or ".join(SUBSET_FOLDERS[name] for name in names)
        inside = further_in(root)
        raise DataError(
            f"{root}: holds no {wanted}, neither directly nor in 'validation'; give "
            f"{inside or 'the folder that the P3M-10k archive unpacks to'}"
        )
    return found

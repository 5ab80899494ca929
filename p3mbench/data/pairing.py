"""Folders whose files share stems, read as a subset: alphas, pictures per variant, masks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from p3mbench.data.listing import Ignored, Listing, ignored_lines, listing, twin_hint
from p3mbench.data.obfuscation import Obfuscation, obfuscation_of
from p3mbench.data.sample import FileSample
from p3mbench.data.subset import Paired, Subset
from p3mbench.errors import DataError
from p3mbench.images import IMAGE_SUFFIXES
from p3mbench.settings import BLURRED, NORMAL, PAPER_VARIANTS, ordered


@dataclass(frozen=True)
class Folders:
    """Where the files of a subset are.

    Attributes:
        alpha: PNG files; which images there are is said here.
        images: variant -> folder; each of them may be absent, but not all.
        trimap, face: PNG files; may be absent.
    """

    alpha: Path
    images: Mapping[str, Path]
    trimap: Path | None = None
    face: Path | None = None

    def __post_init__(self) -> None:
        if not self.alpha.is_dir():
            raise DataError(f"{self.alpha}: no such folder of alpha mattes")
        if not any(folder.is_dir() for folder in self.images.values()):
            raise DataError(f"{self.alpha.parent}: holds neither blurred nor unblurred images")


def read_subset(
    name: str,
    folders: Folders,
    size: int,
    obfuscation: Obfuscation,
    detect: bool = False,
    variants: Sequence[str] = PAPER_VARIANTS,
) -> Subset:
    """Pair the files of a subset by stem.

    Args:
        name: of the subset, for instance ``P``.
        folders: where its files are.
        size: images of the whole published subset; 0 if the folder is the whole.
        obfuscation: recipe for a B variant made from N images and face masks.
        detect: find faces where no mask is given.
        variants: that are wanted beside B and N.

    Raises:
        DataError: a mask without its image or an image without its mask, two files of one name, or
            no files at all.
    """
    return pair_subset(name, folders, size, obfuscation, detect, variants).whole()


def read_faces(folder: Path) -> Subset:
    """Portraits with visible, public faces.

    Args:
        folder: ``image``, ``facemask`` and, if there are any, ``mask`` (alphas) with equal stems.

    Raises:
        DataError: a folder is missing, or files do not pair.
    """
    masks = folder / "facemask"
    alphas = folder / "mask" if (folder / "mask").is_dir() else masks
    folders = Folders(alpha=alphas, images={NORMAL: folder / "image"}, face=masks)
    return read_subset("faces", folders, 0, Obfuscation())


def pair_subset(
    name: str,
    folders: Folders,
    size: int,
    obfuscation: Obfuscation,
    detect: bool = False,
    variants: Sequence[str] = PAPER_VARIANTS,
) -> Paired:
    """As `read_subset`, for callers that want all that is wrong and what pairs nevertheless.

    Raises:
        DataError: there is nothing to pair.
    """
    alphas = listing(folders.alpha, (".png",))
    images = {
        variant: listing(folder, IMAGE_SUFFIXES)
        for variant, folder in folders.images.items()
        if folder.is_dir()
    }
    trimaps, faces = _optional(folders.trimap), _optional(folders.face)
    everything = [alphas, *images.values(), trimaps, faces]
    if not alphas.files:
        lying = "; ".join(ignored_lines(alphas.ignored))
        raise DataError(f"{folders.alpha}: contains no PNG files{lying and f' ({lying})'}")
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
        ignored=_ignored(everything, (trimaps, faces), alphas),
    )
    problems = [clash for found in everything for clash in found.clashes]
    problems += _unpaired(folders, alphas, images)
    wanted = ordered((*PAPER_VARIANTS, *variants))
    return Paired(_with_derived(subset, samples, folders, detect, wanted), tuple(problems))


def _ignored(
    everything: Sequence[Listing], beside: Sequence[Listing], alphas: Listing
) -> tuple[Ignored, ...]:
    """What is not read, and trimaps and face masks that belong to no alpha."""
    orphans = (
        Ignored(path, "there is no alpha of its name")
        for found in beside
        for stem, path in found.files.items()
        if stem not in alphas.files
    )
    return (*(one for found in everything for one in found.ignored), *orphans)


def _optional(folder: Path | None) -> Listing:
    if folder is None or not folder.is_dir():
        return Listing({}, (), ())
    return listing(folder, (".png",))


def _unpaired(folders: Folders, alphas: Listing, images: dict[str, Listing]) -> Iterator[str]:
    """Every mask has an image and every image a mask, or the data is not what it says."""
    for variant, found in images.items():
        folder = folders.images[variant]
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
        (folder, len(images.get(variant, none).files)) for variant, folder in folders.images.items()
    ]
    counts += [
        (folders.trimap, len(set(trimaps.files) & set(alphas.files))),
        (folders.face, len(set(faces.files) & set(alphas.files))),
    ]
    return tuple(f"{folder.name}: {count or 'absent'}" for folder, count in counts if folder)


def _with_derived(
    subset: Subset,
    samples: list[FileSample],
    folders: Folders,
    detect: bool,
    variants: Sequence[str],
) -> Subset:
    """Say for each variant that has no files whether it can be made, else why not."""
    masked = sum(sample.face is not None for sample in samples)
    available, unavailable = list(subset.available), {}
    for variant in variants:
        if variant in subset.available:
            continue
        made = obfuscation_of(variant, Obfuscation()) is not None
        if not made or NORMAL not in subset.available:
            unavailable[variant] = _missing(variant, folders, made=made)
        elif detect or masked == len(samples):
            available.append(variant)
        else:
            where = folders.face or folders.alpha.parent / "facemask"
            images = "blurred images" if variant == BLURRED else f"images {variant}"
            unavailable[variant] = (
                f"no {images} and {masked} of {len(samples)} face masks in {where}; "
                "add them, or let a detector find the faces with --faces detect"
            )
    return replace(subset, available=ordered(available), unavailable=unavailable)


def _missing(variant: str, folders: Folders, *, made: bool) -> str:
    """Why a variant that cannot be made is not there."""
    where = folders.images.get(NORMAL) or folders.alpha.parent / "original_image"
    never = f"the unblurred images were never released; if you have them, put them in {where}"
    if variant == NORMAL:
        return never
    if made:
        return f"it is made from the unblurred images; {never}"
    where = folders.images.get(variant) or folders.alpha.parent / variant
    return f"another program makes its images; put them in {where}"

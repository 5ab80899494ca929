"""Pair the files of folders by stem into a subset: alphas, pictures per variant, masks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from p3mbench.data.listing import Ignored, Listing, ignored_lines, listing, twin_hint
from p3mbench.data.obfuscation import ONLY_DRAWN, Obfuscation, obfuscation_of
from p3mbench.data.sample import FileSample
from p3mbench.data.subset import Paired, Subset
from p3mbench.errors import DataError
from p3mbench.images import IMAGE_SUFFIXES
from p3mbench.settings import BLURRED, NORMAL, PAPER_VARIANTS, ordered


@dataclass(frozen=True)
class Folders:
    """The folders of a subset.

    Attributes:
        alpha: PNG files; they define the images of the subset.
        images: variant -> folder; some may be absent, but not all.
        trimap, face: folders of PNG files; they may be absent.
        named: whether the TOML file names the folders; then no other folder is searched.
    """

    alpha: Path
    images: Mapping[str, Path]
    trimap: Path | None = None
    face: Path | None = None
    named: bool = False

    def __post_init__(self) -> None:
        if not self.alpha.is_dir():
            raise DataError(f"{self.alpha}: no such folder of alpha mattes")
        if not any(folder.is_dir() for folder in self.images.values()):
            raise DataError(f"{self.alpha.parent}: contains neither blurred nor unblurred images")


def read_faces(folder: Path) -> Subset:
    """Read portraits with visible, public faces.

    Args:
        folder: contains ``image``, ``facemask`` and optionally ``mask`` (alphas), with equal stems.

    Raises:
        DataError: a folder is missing, or files do not pair.
    """
    masks = folder / "facemask"
    alphas = folder / "mask" if (folder / "mask").is_dir() else masks
    folders = Folders(alpha=alphas, images={NORMAL: folder / "image"}, face=masks)
    return pair_subset("faces", folders, 0, Obfuscation()).whole()


def pair_subset(
    name: str,
    folders: Folders,
    size: int,
    obfuscation: Obfuscation,
    detect: bool = False,
    variants: Sequence[str] = PAPER_VARIANTS,
) -> Paired:
    """Pair the files of a subset by stem.

    Args:
        name: name of the subset, for instance ``P``.
        folders: its folders.
        size: number of images of the published subset; 0 if the folder is complete.
        obfuscation: recipe for a B variant made from N images and face masks.
        detect: detect the faces of images without a face mask.
        variants: requested variants.

    Returns:
        The subset, and the problems: masks without images, images without masks, two files with
        the same name.

    Raises:
        DataError: there is nothing to pair.
    """
    there = _Listed.of(folders)
    samples = there.samples(obfuscation, detect=detect)
    wanted = ordered((*PAPER_VARIANTS, *variants))
    unavailable = _unavailable(wanted, there, samples, folders, obfuscation, detect=detect)
    subset = Subset(
        name=name,
        samples=samples,
        size=size or len(samples),
        available=tuple(v for v in ordered((*wanted, *there.images)) if v not in unavailable),
        unavailable=unavailable,
        has_trimaps=all(sample.trimap is not None for sample in samples),
        notes=_notes(folders, there),
        ignored=there.ignored,
    )
    clashes = [clash for found in there.everything for clash in found.clashes]
    return Paired(subset, (*clashes, *_unpaired(folders, there)))


@dataclass(frozen=True)
class _Listed:
    """The files in the folders of a subset."""

    alphas: Listing
    images: Mapping[str, Listing]
    trimaps: Listing
    faces: Listing

    @classmethod
    def of(cls, folders: Folders) -> _Listed:
        images = {
            variant: listing(folder, IMAGE_SUFFIXES)
            for variant, folder in folders.images.items()
            if folder.is_dir()
        }
        masks = _optional(folders.trimap), _optional(folders.face)
        return cls(_mattes(folders.alpha), images, *masks)

    @property
    def everything(self) -> list[Listing]:
        return [self.alphas, *self.images.values(), self.trimaps, self.faces]

    @property
    def ignored(self) -> tuple[Ignored, ...]:
        """Return the files that are not read, and trimaps and face masks without an alpha."""
        orphans = (
            Ignored(path, "there is no alpha of its name")
            for found in (self.trimaps, self.faces)
            for stem, path in found.files.items()
            if stem not in self.alphas.files
        )
        return (*(one for found in self.everything for one in found.ignored), *orphans)

    def samples(self, obfuscation: Obfuscation, *, detect: bool) -> tuple[FileSample, ...]:
        """Return the images with an alpha and a picture in each variant that has a folder."""
        return tuple(
            FileSample(
                id=stem,
                images={variant: found.files[stem] for variant, found in self.images.items()},
                alpha=alpha,
                trimap=self.trimaps.files.get(stem),
                face=self.faces.files.get(stem),
                obfuscation=obfuscation,
                detect=detect,
            )
            for stem, alpha in self.alphas.files.items()
            if all(stem in found.files for found in self.images.values())
        )


def _mattes(folder: Path) -> Listing:
    """List the alphas; there must be at least one."""
    alphas = listing(folder, (".png",))
    if not alphas.files:
        lying = "; ".join(ignored_lines(alphas.ignored))
        raise DataError(f"{folder}: contains no PNG files{lying and f' ({lying})'}")
    return alphas


def _optional(folder: Path | None) -> Listing:
    if folder is None or not folder.is_dir():
        return Listing({}, (), ())
    return listing(folder, (".png",))


def _unpaired(folders: Folders, there: _Listed) -> Iterator[str]:
    """Yield one line for each mask without an image and each image without a mask."""
    alphas = there.alphas
    for variant, found in there.images.items():
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


def _notes(folders: Folders, there: _Listed) -> tuple[str, ...]:
    counts: list[tuple[Path | None, int]] = [(folders.alpha, len(there.alphas.files))]
    for variant, folder in folders.images.items():
        found = there.images.get(variant)
        counts.append((folder, len(found.files) if found else 0))
    for masks, at in ((there.trimaps, folders.trimap), (there.faces, folders.face)):
        counts.append((at, len(set(masks.files) & set(there.alphas.files))))
    return tuple(f"{folder.name}: {count or 'absent'}" for folder, count in counts if folder)


def _unavailable(
    variants: Iterable[str],
    there: _Listed,
    samples: Sequence[FileSample],
    folders: Folders,
    blurred: Obfuscation,
    *,
    detect: bool,
) -> dict[str, str]:
    """Return the variants without files that cannot be made: variant -> reason."""
    masked = sum(sample.face is not None for sample in samples)
    found = {}
    for variant in variants:
        if variant in there.images:
            continue
        by = obfuscation_of(variant, blurred)
        if by is None or NORMAL not in there.images or by.drawn_only:
            found[variant] = _missing(variant, folders, by)
        elif not detect and masked < len(samples):
            where = folders.face or folders.alpha.parent / "facemask"
            images = "blurred images" if variant == BLURRED else f"images {variant}"
            found[variant] = (
                f"no {images} and {masked} of {len(samples)} face masks in {where}; "
                "add them, or let a detector find the faces with --faces detect"
            )
    return found


def _missing(variant: str, folders: Folders, by: Obfuscation | None) -> str:
    """Return why a variant without files cannot be made."""
    if by is not None and by.drawn_only:
        return ONLY_DRAWN
    where = folders.images.get(NORMAL) or folders.alpha.parent / "original_image"
    never = f"the unblurred images were never released; if you have them, put them in {where}"
    if variant == NORMAL:
        return never
    if by is not None:
        return f"it is made from the unblurred images; {never}"
    if folders.named and variant not in folders.images:
        advice = "name their folder in the table [subsets.variants]"
    else:
        advice = f"put them in {folders.images.get(variant) or folders.alpha.parent / variant}"
    return f"another program makes its images; {advice}"

"""The images of a run: each available subset in each available variant, with hashes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from p3mbench.benchmark import Opened
from p3mbench.data.sample import Sample
from p3mbench.data.subset import Subset
from p3mbench.data.trimaps import DIGITS, TrimapSource
from p3mbench.errors import DataError
from p3mbench.fingerprint import Code
from p3mbench.mattes import SUFFIX
from p3mbench.names import unknown
from p3mbench.provenance import hash_files, hash_of
from p3mbench.store import Store
from p3mbench.view import NO_VARIANT, BenchmarkView, entry_of, made_of


@dataclass(frozen=True)
class Content:
    """A sample with everything its pixels depend on: hashes of its files, and its recipe."""

    sample: Sample
    recipe: Mapping[str, Any]
    sha256: str
    files: tuple[tuple[Path, str], ...]


@dataclass(frozen=True)
class SeenSubset:
    """A subset in one variant, with the images that the run looks at."""

    subset: Subset
    variant: str
    obfuscation: str
    content: Mapping[str, Content]


def chosen_samples(opened: Opened, images: Sequence[str], limit: int) -> dict[str, list[Sample]]:
    """Return subset -> the images to look at, by id.

    Args:
        opened: the benchmark.
        images: ids to look at; empty for all.
        limit: the largest number of images of each subset; 0 for all.

    Raises:
        DataError: an id is unknown.
    """
    ids = {sample.id for subset in opened.subsets for sample in subset.samples}
    for image in images:
        if image not in ids:
            raise DataError(unknown(image, ids, "image"))
    found = {}
    for subset in opened.subsets:
        samples = sorted(subset.samples, key=lambda sample: sample.id)
        wanted = [sample for sample in samples if not images or sample.id in images]
        found[subset.name] = wanted[: limit or None]
    return found


def find_places(
    opened: Opened, variants: Sequence[str], chosen: Mapping[str, Sequence[Sample]], store: Store
) -> tuple[list[SeenSubset], list[tuple[str, str]]]:
    """Find each available subset and variant, and the reasons why others are unavailable.

    Args:
        opened: the benchmark.
        variants: the wanted ones.
        chosen: subset -> the images to look at.
        store: remembers hashes of files.
    """
    places: list[SeenSubset] = []
    missing = []
    for subset in opened.subsets:
        for variant in variants:
            if why := subset.lacks(variant):
                missing.append((f"{subset.name}, variant {variant}", why))
            else:
                content = _content(chosen[subset.name], variant, store)
                places.append(SeenSubset(subset, variant, _obfuscation(subset, variant), content))
    return places, missing


@dataclass(frozen=True)
class KnownTrimaps:
    """The sources of trimaps of a run.

    Attributes:
        sources: each with the digest of its mattes.
        hashes: file of a predicted matte -> its SHA-256.
    """

    sources: tuple[TrimapSource, ...]
    hashes: Mapping[Path, str]

    def file_of(self, source: TrimapSource, image: str) -> tuple[tuple[Path, str], ...]:
        """Return an image's matte with its hash; nothing if the source reads none."""
        path = source.matte(image)
        return () if path is None else ((path, self.hashes[path]),)


def known_trimaps(sources: Sequence[TrimapSource], store: Store) -> KnownTrimaps:
    """Hash the predicted mattes that trimaps are made from.

    Args:
        sources: of the benchmark.
        store: remembers hashes of files.

    Raises:
        DataError: a folder has no mattes, or a file cannot be read.
    """
    hashes: dict[Path, str] = {}
    found = []
    for source in sources:
        if source.mattes is not None:
            files = sorted(source.mattes.glob(f"*/*{SUFFIX}"))
            if not files:
                raise DataError(
                    f"{source.mattes}: has no mattes; name the folder of one method below "
                    "RESULTS/alphas, which p3mbench run --save-alphas makes"
                )
            own = hash_files(files, store)
            hashes |= own
            names = [[str(path.relative_to(source.mattes)), own[path]] for path in files]
            source = replace(source, digest=hash_of(names)[:DIGITS])
        found.append(source)
    return KnownTrimaps(tuple(found), hashes)


def seen_before(opened: Opened, places: Iterable[SeenSubset], store: Store) -> list[SeenSubset]:
    """Find the images that earlier runs looked at and this run does not, as they are now.

    Their rows are in the same means and gaps as the rows of this run, so they too must belong to
    the current files. A file that cannot be read is left to the run that wants it.
    """
    benchmark = opened.benchmark
    looked = {(p.subset.name, p.variant): set(p.content) for p in places}
    known: dict[tuple[str, str], set[str]] = {}
    for (name, part, variant, _), images in store.last_seen().contents.items():
        if name == benchmark.name:
            known.setdefault((part, variant), set()).update(images)
    found = []
    for subset in opened.subsets:
        for variant in subset.available:
            at = (subset.name, variant)
            left = known.get(at, set()) - looked.get(at, set())
            samples = [s for s in subset.samples if s.id in left and _readable(s, variant)]
            if samples:
                content = _content(samples, variant, store)
                found.append(SeenSubset(subset, variant, _obfuscation(subset, variant), content))
    return found


def _readable(sample: Sample, variant: str) -> bool:
    return all(os.access(path, os.R_OK) for path in sample.files(variant).values())


def _obfuscation(subset: Subset, variant: str) -> str:
    """Return the recipe that makes a variant; "" if it has files of its own."""
    recipes = (sample.recipe(variant).get("obfuscation") for sample in subset.samples)
    return next((str(recipe) for recipe in recipes if recipe), "")


def _content(samples: Sequence[Sample], variant: str, store: Store) -> dict[str, Content]:
    """Return sample id -> what its pixels depend on."""
    files = {sample.id: sample.files(variant) for sample in samples}
    hashes = hash_files((p for roles in files.values() for p in roles.values()), store)
    found = {}
    for sample in samples:
        roles = files[sample.id]
        recipe = {role: hashes[path] for role, path in roles.items()}
        recipe |= sample.recipe(variant)
        pairs = tuple((path, hashes[path]) for path in roles.values())
        found[sample.id] = Content(sample, recipe, hash_of(recipe), pairs)
    return found


def view_of(
    opened: Opened,
    places: Sequence[SeenSubset],
    columns: Iterable[Mapping[str, Any]],
    codes: Iterable[Code],
) -> BenchmarkView:
    """Return what the store should remember of the benchmark.

    Args:
        opened: the benchmark.
        places: the places looked at; one may occur twice, with other images.
        columns: of each cell of the plan.
        codes: of its methods.
    """
    benchmark = opened.benchmark
    contents: dict[tuple[str, str, str], dict[str, str]] = {}
    for p in places:
        at = (p.subset.name, p.variant, p.obfuscation)
        contents.setdefault(at, {}).update({i: one.sha256 for i, one in p.content.items()})
        truth = {i: hash_of(one.recipe["alpha"]) for i, one in p.content.items()
                 if "alpha" in one.recipe}  # fmt: skip
        if truth:
            contents.setdefault((p.subset.name, NO_VARIANT, ""), {}).update(truth)
    return BenchmarkView(
        benchmark.name,
        hash_of(benchmark.definition(opened.where)),
        tuple(subset["name"] for subset in benchmark.subsets),
        {subset.name: tuple(s.id for s in subset.samples) for subset in opened.subsets},
        contents,
        {entry_of(one): made_of(one) for one in columns},
        {code.sha256: code.files for code in codes},
    )

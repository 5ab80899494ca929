"""Read benchmarks from TOML files: which images, which variants, which protocol.

Every key is checked, and an error names the key. The sources of data (`p3mbench.data.sources`) read
the keys that only they need. Opening a benchmark finds its samples, and the reasons why a subset or
variant cannot be run.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from p3mbench.data.definition import TomlTable
from p3mbench.data.obfuscation import Obfuscation, obfuscation_of
from p3mbench.data.pairing import read_faces
from p3mbench.data.sample import Sample, TrimapSource
from p3mbench.data.sources import DataSource, source_class, source_names
from p3mbench.data.subset import Subset
from p3mbench.errors import BenchmarkError, DataError
from p3mbench.metrics import CONVENTIONS
from p3mbench.names import checked_name, printable, unknown
from p3mbench.settings import NORMAL, PAPER_VARIANTS, check_variant
from p3mbench.shipped import builtin_names as builtin_names

SHARED_KEYS = frozenset(
    ("name", "title", "source", "variants", "trimap", "convention", "faces", "obfuscation")
    + ("checkpoints", "subsets")
)


@dataclass(frozen=True)
class Benchmark:
    """A benchmark's definition.

    Attributes:
        name, title: for tables and keys.
        source: where its images come from, with the keys that only this source has.
        variants: requested test variants; see `p3mbench.settings`.
        trimaps: where trimaps come from. Trimap-based methods run with each of them, trimap-free
            methods once.
        convention: metric convention, a name in `p3mbench.metrics.CONVENTIONS`.
        detect_faces: detect the faces of images without a face mask.
        obfuscation: how to make variant B if there are no blurred images.
        subsets: one TOML table per subset.
        folder: folder of the file; relative paths start there. None for built-in benchmarks.
        checkpoints: folder of weights that come with the benchmark, ``METHOD--NAME.safetensors``;
            a method with weights there runs with those. None if there is no such folder.
    """

    name: str
    title: str
    source: DataSource
    variants: tuple[str, ...]
    trimaps: tuple[TrimapSource, ...]
    convention: str
    detect_faces: bool
    obfuscation: Obfuscation
    subsets: tuple[Mapping[str, Any], ...]
    folder: Path | None = None
    checkpoints: Path | None = None

    @property
    def trimap(self) -> TrimapSource:
        """The first source of trimaps, which also trimap-free methods are scored with."""
        return self.trimaps[0]

    def with_variants(self, variants: Iterable[str]) -> Benchmark:
        """Return the benchmark with these test variants instead of the declared ones.

        Raises:
            BenchmarkError: a name is not a variant, or two variants have the same recipe.
        """
        wanted = tuple(dict.fromkeys(variants))
        try:
            _check_variants(wanted, self.obfuscation)
        except ValueError as error:
            raise BenchmarkError(f"benchmark {self.name}: {error}") from None
        return replace(self, variants=wanted)

    def definition(self, where: str) -> Mapping[str, Any]:
        """Return what a store keeps to tell benchmarks with the same name apart.

        Args:
            where: absolute path of its data folder; "" if its images are drawn.
        """
        shared = {"source": self.source.name, "subsets": self.subsets, "folder": where}
        return {**shared, **self.source.remembered()}


def _check_variants(variants: tuple[str, ...], blurred: Obfuscation) -> None:
    """Raise ValueError for unknown variants, and for two variants with the same recipe."""
    recipes: dict[str, str] = {}
    for variant in map(check_variant, variants):
        made = obfuscation_of(variant, blurred)
        if made is None:
            continue
        other = recipes.setdefault(made.recipe, variant)
        if other != variant:
            raise ValueError(
                f"variants {other} and {variant} have the same recipe ({made.recipe}); "
                "leave one out"
            )


@dataclass(frozen=True)
class Opened:
    """A benchmark and its data."""

    benchmark: Benchmark
    subsets: tuple[Subset, ...]
    absent: Mapping[str, str] = field(default_factory=dict)  # subset -> reason
    where: str = ""  # absolute path of its data folder; "" if its images are drawn


def get(name: str) -> Benchmark:
    """Read a benchmark by name, or by path if ``name`` ends in ``.toml``.

    Raises:
        BenchmarkError: it is unknown or unreadable, or a key is missing, unknown or wrong.
    """
    if name.endswith(".toml"):
        path = Path(name)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BenchmarkError(f"{path}: cannot be read ({error})") from None
        return parse(text, str(path), path.resolve().parent)
    known = builtin_names()
    if name not in known:
        raise BenchmarkError(unknown(name, known, "benchmark") + "; or give a FILE.toml")
    path = known[name]
    builtin = parse(path.read_text(encoding="utf-8"), f"benchmark {name}", path.parent)
    return replace(builtin, folder=None)


def chosen(
    name: str,
    trimap: str | None = None,
    faces: str | None = None,
    variants: Iterable[str] = (),
) -> Benchmark:
    """Read a benchmark and change its trimap source, face detection and variants for a run.

    Args:
        name: as for `get`.
        trimap: sources joined by commas, see `TrimapSource`; None for the benchmark's own.
        faces: ``detect`` to detect faces, any other value not to; None for the benchmark's own.
        variants: test variants, declared or not; empty for the benchmark's own.

    Raises:
        BenchmarkError: as for `get`, or the trimap source or a variant is not valid.
    """
    benchmark = get(name)
    if wanted := tuple(variants):
        benchmark = benchmark.with_variants(wanted)
    if trimap:
        benchmark = replace(benchmark, trimaps=TrimapSource.parse_all(trimap.split(",")))
    if faces:
        benchmark = replace(benchmark, detect_faces=faces == "detect")
    return benchmark


def parse(text: str, where: str, folder: Path | None) -> Benchmark:
    """Read and check a definition; errors name it as ``where``. Raises as `get` does."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BenchmarkError(f"{where}: is not valid TOML ({error})") from None
    read = TomlTable(where, table)
    kind = source_class(read.choice("source", source_names()))
    read.only((*SHARED_KEYS, *kind.keys))
    source = kind.read(read)
    obfuscation = _obfuscation(read)
    return Benchmark(
        name=checked_name(read.text("name"), f"{where}: benchmark", BenchmarkError),
        title=printable(read.text("title", str(table.get("name")))),
        source=source,
        variants=_variants(read, obfuscation),
        trimaps=_trimaps(read),
        convention=read.choice("convention", tuple(CONVENTIONS), "p3m"),
        detect_faces=read.choice("faces", ("facemask", "detect"), "facemask") == "detect",
        obfuscation=obfuscation,
        subsets=_subsets(read, source),
        folder=folder,
        checkpoints=_checkpoints(read, folder),
    )


def _variants(read: TomlTable, blurred: Obfuscation) -> tuple[str, ...]:
    value = read.table.get("variants", list(PAPER_VARIANTS))
    if not isinstance(value, list) or not value or any(not isinstance(v, str) for v in value):
        raise read.fail(
            f"key 'variants' must list test variants such as B, N and mosaic-0.10, not {value!r}"
        )
    variants = tuple(dict.fromkeys(value))
    try:
        _check_variants(variants, blurred)
    except ValueError as error:
        raise read.fail(f"key 'variants': {error}") from None
    return variants


def _trimaps(read: TomlTable) -> tuple[TrimapSource, ...]:
    """Read key ``trimap``: one source, or a list of them."""
    value = read.table.get("trimap", "dataset")
    texts = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in texts):
        raise read.fail(f"key 'trimap' must be a line of text or a list of them, not {value!r}")
    try:
        return TrimapSource.parse_all(texts)
    except BenchmarkError as error:
        raise read.fail(str(error)) from None


def _obfuscation(read: TomlTable) -> Obfuscation:
    try:
        return Obfuscation(**read.inner("obfuscation").table)
    except (TypeError, ValueError) as error:
        raise read.fail(f"table [obfuscation]: {error}") from None


def _checkpoints(read: TomlTable, folder: Path | None) -> Path | None:
    if "checkpoints" not in read.table:
        return None
    named = Path(read.text("checkpoints"))
    if named.is_absolute() or ".." in named.parts:
        raise read.fail("key 'checkpoints' must name a folder beside the file")
    return (folder or Path()) / named


def _subsets(read: TomlTable, source: DataSource) -> tuple[Mapping[str, Any], ...]:
    tables = read.inners("subsets")
    for table in tables:
        table.only(("name", *source.subset_keys))
        checked_name(table.text("name"), f"{read.where}: subset", BenchmarkError)
        source.check_subset(table)
    names = [table.table["name"] for table in tables]
    if len(set(names)) < len(names):
        raise read.fail(f"two subsets have the same name ({', '.join(names)})")
    return tuple(table.table for table in tables)


def open_benchmark(benchmark: Benchmark, data: Path | None) -> Opened:
    """Find the samples of every subset.

    Args:
        benchmark: its definition.
        data: folder given by the user, None for the default.

    Raises:
        BenchmarkError: no data folder is known, or one is given although images are drawn.
        DataError: the folder is missing or its files do not pair.
    """
    root = benchmark.source.root(benchmark, data)
    found = benchmark.source.open(benchmark, root)
    return Opened(
        benchmark,
        tuple(s for s in found.values() if isinstance(s, Subset)),
        {name: s for name, s in found.items() if isinstance(s, str)},
        "" if root is None else str(root.resolve()),
    )


def train_samples(benchmark: Benchmark, data: Path | None, variant: str) -> tuple[Sample, ...]:
    """Return the training samples of a benchmark.

    Args:
        benchmark: a benchmark with a training split.
        data: folder given by the user, None for the default.
        variant: what their faces should look like.

    Raises:
        BenchmarkError: the benchmark has no training split, or no data folder is known.
        DataError: the folder contains no training samples, or none in that variant.
    """
    wanted = benchmark.with_variants((variant,))
    root = benchmark.source.root(benchmark, data)
    return benchmark.source.train(wanted, root).whole().samples_in(variant)


def face_samples(benchmark: Benchmark, folder: Path | None) -> tuple[Sample, ...]:
    """Return portraits with visible, public faces.

    Args:
        benchmark: used if ``folder`` is None; few benchmarks have such portraits.
        folder: the user's folder, see `read_faces`; None for the portraits of the benchmark.

    Raises:
        DataError: a folder is missing, files do not pair, or the benchmark has no such portraits.
    """
    subset = benchmark.source.faces(benchmark) if folder is None else read_faces(folder)
    if subset is None:
        raise DataError(
            f"benchmark {benchmark.name} has no public faces: give a folder that contains "
            "'image' and 'facemask'"
        )
    return subset.samples_in(NORMAL)

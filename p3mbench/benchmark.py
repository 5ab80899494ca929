"""Benchmarks are TOML files: which images, which variants, which protocol.

A file is checked key by key; what is wrong is named. Opening a benchmark finds its samples and says
what cannot be run and why.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any

from p3mbench.data.folder import Folders, Paired, Subset, pair_subset, read_subset
from p3mbench.data.listing import check_folder
from p3mbench.data.mini import synthetic_subset
from p3mbench.data.obfuscation import Obfuscation
from p3mbench.data.p3m10k import (
    SUBSET_FOLDERS,
    SUBSET_SIZE,
    find_subset,
    folders_of,
    read_p3m10k,
)
from p3mbench.data.sample import VARIANTS, TrimapSource
from p3mbench.errors import BenchmarkError, DataError
from p3mbench.metrics import CONVENTIONS
from p3mbench.names import checked_name, printable
from p3mbench.registry import unknown

GROUP = "p3mbench.benchmarks"
SOURCES = ("synthetic", "p3m10k", "folder")

_TOP = {"name", "title", "source", "variants", "trimap", "convention", "faces", "subsets"} | {
    "synthetic",
    "obfuscation",
    "checkpoints",
}
_SUBSET_KEYS = {
    "synthetic": {"name", "count"},
    "p3m10k": {"name"},
    "folder": {"name", "size", "alpha", "blurred", "original", "trimap", "face"},
}


@dataclass(frozen=True)
class Benchmark:
    """A benchmark's definition.

    Attributes:
        name, title: for tables and keys.
        source: one of `SOURCES`.
        variants: test variants wanted, of B and N.
        trimap: where trimaps come from.
        convention: metric convention, a name in `p3mbench.metrics.CONVENTIONS`.
        detect_faces: find faces where the data has no face masks.
        obfuscation: how faces are hidden where no blurred images exist.
        synthetic: generator settings (source ``synthetic``).
        subsets: one table per subset, as written.
        folder: where the file lies; relative paths start there. None for built-in ones.
        checkpoints: folder of weights that come with the benchmark, ``METHOD--NAME.safetensors``;
            methods that have some there are run with those. None if there is none.
    """

    name: str
    title: str
    source: str
    variants: tuple[str, ...]
    trimap: TrimapSource
    convention: str
    detect_faces: bool
    obfuscation: Obfuscation
    synthetic: Mapping[str, int]
    subsets: tuple[Mapping[str, Any], ...]
    folder: Path | None = None
    checkpoints: Path | None = None


@dataclass(frozen=True)
class Opened:
    """A benchmark with its data found."""

    benchmark: Benchmark
    subsets: tuple[Subset, ...]
    absent: Mapping[str, str] = field(default_factory=dict)  # subset -> reason
    where: str = ""  # its data folder, absolute; "" where it is drawn


def builtin_names() -> dict[str, Path]:
    """name -> file of every benchmark that an installed package registers."""
    found = {}
    for point in entry_points(group=GROUP):
        for entry in files(point.value).iterdir():
            if entry.name.endswith(".toml"):
                found[entry.name.removesuffix(".toml")] = Path(str(entry))
    return dict(sorted(found.items()))


def get(name: str) -> Benchmark:
    """A benchmark by name, or by path if ``name`` ends in ``.toml``.

    Raises:
        BenchmarkError: unknown, unreadable, not TOML, or a key that is missing, unknown or wrong.
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


def chosen(name: str, trimap: str | None = None, faces: str | None = None) -> Benchmark:
    """A benchmark with the trimap source and the way to faces that a run asks for.

    Args:
        name: as for `get`.
        trimap: ``dataset`` or ``kernel-K``; None for the benchmark's own.
        faces: ``detect`` to look for faces, anything else not to; None for the benchmark's own.

    Raises:
        BenchmarkError: as for `get`, or an unknown trimap source.
    """
    benchmark = get(name)
    if trimap:
        benchmark = replace(benchmark, trimap=TrimapSource.parse(trimap))
    if faces:
        benchmark = replace(benchmark, detect_faces=faces == "detect")
    return benchmark


def parse(text: str, where: str, folder: Path | None) -> Benchmark:
    """Read and check a definition; ``where`` names it in errors. See `get` for what it raises."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BenchmarkError(f"{where}: is not valid TOML ({error})") from None
    read = _Reader(where, table)
    read.only(_TOP, "")
    source = read.choice("source", SOURCES)
    convention = read.choice("convention", tuple(CONVENTIONS), "p3m")
    return Benchmark(
        name=checked_name(read.text("name"), f"{where}: benchmark", BenchmarkError),
        title=printable(read.text("title", str(table.get("name")))),
        source=source,
        variants=read.variants(),
        trimap=read.trimap(),
        convention=convention,
        detect_faces=read.choice("faces", ("facemask", "detect"), "facemask") == "detect",
        obfuscation=read.obfuscation(),
        synthetic=read.synthetic(),
        subsets=read.subsets(source),
        folder=folder,
        checkpoints=read.checkpoints(folder),
    )


class _Reader:
    """Typed look-ups in one TOML table, with errors that name the file and the key."""

    def __init__(self, where: str, table: Mapping[str, Any]) -> None:
        self.where, self.table = where, table

    def fail(self, message: str) -> BenchmarkError:
        return BenchmarkError(f"{self.where}: {message}")

    def only(self, known: set[str], prefix: str) -> None:
        for key in self.table:
            if key not in known:
                raise self.fail(unknown(prefix + key, [prefix + k for k in known], "key"))

    def text(self, key: str, default: str | None = None) -> str:
        value = self.table.get(key, default)
        if not isinstance(value, str) or not value or any(c in value for c in "\n\r\0"):
            raise self.fail(f"key {key!r} must be a line of text, not {value!r}")
        return value

    def choice(self, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in choices:
            raise self.fail(f"key {key!r} must be one of {', '.join(choices)}, not {value!r}")
        return value

    def number(self, key: str, minimum: int, default: int | None = None) -> int:
        value = self.table.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
            raise self.fail(
                f"key {key!r} must be a whole number of {minimum} or more, not {value!r}"
            )
        return value

    def variants(self) -> tuple[str, ...]:
        value = self.table.get("variants", list(VARIANTS))
        if not isinstance(value, list) or not value or any(v not in VARIANTS for v in value):
            raise self.fail(f"key 'variants' must list B, N or both, not {value!r}")
        return tuple(dict.fromkeys(value))

    def trimap(self) -> TrimapSource:
        try:
            return TrimapSource.parse(self.text("trimap", "dataset"))
        except BenchmarkError as error:
            raise self.fail(str(error)) from None

    def checkpoints(self, folder: Path | None) -> Path | None:
        if "checkpoints" not in self.table:
            return None
        named = Path(self.text("checkpoints"))
        if named.is_absolute() or ".." in named.parts:
            raise self.fail("key 'checkpoints' must name a folder beside the file")
        return (folder or Path()) / named

    def table_at(self, key: str) -> Mapping[str, Any]:
        value = self.table.get(key, {})
        if not isinstance(value, dict):
            raise self.fail(f"key {key!r} must be a table, not {value!r}")
        return value

    def obfuscation(self) -> Obfuscation:
        try:
            return Obfuscation(**self.table_at("obfuscation"))
        except (TypeError, ValueError) as error:
            raise self.fail(f"table [obfuscation]: {error}") from None

    def synthetic(self) -> dict[str, int]:
        inner = _Reader(self.where, self.table_at("synthetic"))
        inner.only({"seed", "height", "width", "kernel"}, "synthetic.")
        return {
            "seed": inner.number("seed", 0, 2021),
            "height": inner.number("height", 64, 256),
            "width": inner.number("width", 64, 192),
            "kernel": inner.number("kernel", 1, 5),
        }

    def subsets(self, source: str) -> tuple[Mapping[str, Any], ...]:
        value = self.table.get("subsets")
        if not isinstance(value, list) or not value or not all(isinstance(s, dict) for s in value):
            raise self.fail("needs at least one [[subsets]] table")
        for subset in value:
            self._check_subset(source, _Reader(self.where, subset))
        names = [subset["name"] for subset in value]
        if len(set(names)) < len(names):
            raise self.fail(f"two subsets have one name ({', '.join(names)})")
        return tuple(value)

    def _check_subset(self, source: str, subset: _Reader) -> None:
        subset.only(_SUBSET_KEYS[source], "subsets.")
        name = checked_name(subset.text("name"), f"{self.where}: subset", BenchmarkError)
        if source == "p3m10k" and name not in SUBSET_FOLDERS:
            raise self.fail(f"subset {name!r} of P3M-10k must be P or NP")
        if source == "synthetic":
            subset.number("count", 1)
        if source == "folder":
            subset.number("size", 0, 0)
            for key in ("alpha", "blurred", "original", "trimap", "face"):
                if key in subset.table or key == "alpha":
                    subset.text(key)


def data_root(benchmark: Benchmark, data: Path | None) -> Path | None:
    """The data folder: ``--data``, else ``P3M_ROOT`` for P3M-10k, else the definition's folder.

    None for a synthetic benchmark, which draws its images.

    Raises:
        BenchmarkError: no folder is known, or one is given to a synthetic benchmark.
    """
    if benchmark.source == "synthetic":
        if data is not None:
            raise BenchmarkError(
                f"benchmark {benchmark.name} draws its images and reads nothing from {data}; leave "
                "--data out, or name the benchmark of that folder with --benchmark"
            )
        return None
    if data is not None:
        return data
    if benchmark.source == "p3m10k":
        root = os.environ.get("P3M_ROOT")
        if not root:
            raise BenchmarkError(
                f"benchmark {benchmark.name} needs the data of P3M-10k: give its folder with "
                "--data DIR or in the environment variable P3M_ROOT"
            )
        return Path(root)
    return benchmark.folder


def open_benchmark(benchmark: Benchmark, data: Path | None) -> Opened:
    """Find the samples of every subset.

    Args:
        benchmark: the definition.
        data: folder given by the user, None for the default.

    Raises:
        BenchmarkError: no data folder is known.
        DataError: the folder is missing or its files do not pair.
    """
    root = data_root(benchmark, data)
    if benchmark.source == "synthetic":
        subsets = [
            synthetic_subset(s["name"], s["count"], benchmark.synthetic, benchmark.obfuscation)
            for s in benchmark.subsets
        ]
        return Opened(benchmark, tuple(subsets))
    if root is None:
        raise BenchmarkError(f"benchmark {benchmark.name} needs a data folder: give --data DIR")
    if benchmark.source == "folder":
        check_folder(root)
        return Opened(
            benchmark,
            tuple(_folder_subset(benchmark, root, s) for s in benchmark.subsets),
            where=str(root.resolve()),
        )
    found = read_p3m10k(
        root,
        tuple(s["name"] for s in benchmark.subsets),
        benchmark.obfuscation,
        benchmark.detect_faces,
    )
    return Opened(
        benchmark,
        tuple(s for s in found.values() if isinstance(s, Subset)),
        {name: s for name, s in found.items() if isinstance(s, str)},
        str(root.resolve()),
    )


def open_paired(benchmark: Benchmark, root: Path, name: str) -> Paired:
    """One test subset with everything that is wrong about its names, for who looks at all of it.

    Args:
        benchmark: one with files.
        root: the data folder.
        name: of one of the benchmark's subsets.

    Raises:
        DataError: the subset is not there, or there is nothing to pair.
    """
    if benchmark.source == "p3m10k":
        folder = find_subset(root, name)
        if folder is None:
            raise DataError(f"{SUBSET_FOLDERS[name]} is not under {root}")
        folders, size = folders_of(folder), SUBSET_SIZE
    else:
        table = next(table for table in benchmark.subsets if table["name"] == name)
        folders, size = _folders(root, table), table.get("size", 0)
    return pair_subset(name, folders, size, benchmark.obfuscation, benchmark.detect_faces)


def _folder_subset(benchmark: Benchmark, root: Path, table: Mapping[str, Any]) -> Subset:
    return read_subset(
        *(table["name"], _folders(root, table), table.get("size", 0)),
        *(benchmark.obfuscation, benchmark.detect_faces),
    )


def _folders(root: Path, table: Mapping[str, Any]) -> Folders:
    def at(key: str) -> Path | None:
        return root / table[key] if key in table else None

    return Folders(
        alpha=root / table["alpha"],
        blurred=at("blurred"),
        original=at("original"),
        trimap=at("trimap"),
        face=at("face"),
    )

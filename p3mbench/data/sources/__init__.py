"""Sources of data: one module for each kind, which knows everything about it.

A source is a class that inherits from `DataSource`. Every module of this package is one: it is
found by being there, and imported only when a benchmark names it. The module's name is the value of
the TOML key ``source``, and the module says ``SOURCE = TheClass``. Other packages register classes
in the entry-point group ``p3mbench.sources``, with the same meaning of the name.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, ClassVar, Self

from p3mbench.data.definition import Definition, TomlTable
from p3mbench.data.listing import check_folder
from p3mbench.data.subset import Paired, Subset
from p3mbench.errors import BenchmarkError
from p3mbench.names import printable

GROUP = "p3mbench.sources"


@dataclass(frozen=True)
class DataSource(ABC):
    """A kind of data. Instances hold the top-level TOML keys of their own.

    A new source needs `pair`; everything else has a default, that of folders without a training
    split.

    Attributes:
        name: the value of the TOML key ``source``.
        layout: the name of a folder layout that `recognises` knows; "" for none.
        drawn: images are drawn, not read. Then there are no files to give or to verify, and
            training defaults to the nano preset without loader processes.
        keys: top-level TOML keys of its own.
        subset_keys: keys of a subset's table beside ``name``.
    """

    name: ClassVar[str]
    layout: ClassVar[str] = ""
    drawn: ClassVar[bool] = False
    keys: ClassVar[Collection[str]] = ()
    subset_keys: ClassVar[Collection[str]] = ()

    @classmethod
    def read(cls, table: TomlTable) -> Self:
        """The source with what the whole TOML table says of it.

        Raises:
            BenchmarkError: a key of its own is wrong.
        """
        return cls()

    def check_subset(self, table: TomlTable) -> None:
        """Check the keys of a subset's table; raises `BenchmarkError`."""
        table.text("name")

    @classmethod
    def recognises(cls, folder: Path) -> str:
        """The built-in benchmark whose data lies in a folder; "" if it is none of this source's."""
        return ""

    @classmethod
    def further_in(cls, folder: Path) -> Path | None:
        """A folder within ``folder`` that it would recognise; None if there is none nearby."""
        return None

    def root(self, asked: Definition, data: Path | None) -> Path | None:
        """The data folder: ``data`` if the user gave one, else where the TOML file lies.

        Returns:
            None where images are drawn.

        Raises:
            BenchmarkError: no folder is known, or one is given where images are drawn.
        """
        root = data if data is not None else asked.folder
        if root is None:
            raise BenchmarkError(f"benchmark {asked.name} needs a data folder: give --data DIR")
        return root

    @abstractmethod
    def pair(self, asked: Definition, root: Path, table: Mapping[str, Any]) -> Paired:
        """One test subset with everything that is wrong about its names.

        Args:
            asked: the benchmark.
            root: the data folder.
            table: the subset's.

        Raises:
            DataError: it is not there, or there is nothing to pair.
        """

    def open(self, asked: Definition, root: Path | None) -> dict[str, Subset | str]:
        """The test subsets.

        Returns:
            name -> the subset, or in words why it is not there.

        Raises:
            DataError: the folder is missing, or files do not pair.
        """
        assert root is not None  # noqa: S101 - only those that draw have none, and they override
        check_folder(root)
        return {t["name"]: self.pair(asked, root, t).whole() for t in asked.subsets}

    def train(self, asked: Definition, root: Path | None) -> Paired:
        """The training split.

        Raises:
            BenchmarkError: this kind of data has none.
            DataError: it is not there.
        """
        raise BenchmarkError(f"benchmark {asked.name} has no training split")

    def train_set(self, asked: Definition) -> str:
        """The name of the training split in a checkpoint's ``train_sets``."""
        return f"{asked.name}/train"

    def listed_as(self, asked: Definition, subset: str) -> frozenset[str]:
        """Names in ``train_sets`` that mean a checkpoint has seen a test subset."""
        return frozenset((f"{asked.name}/{subset}",))

    def faces(self, asked: Definition) -> Subset | None:
        """Portraits with public faces of its own; None where the user has to give some."""
        return None

    def drawings(self, asked: Definition, train: int) -> Sequence[Subset]:
        """The portraits that ``data make`` writes: test subsets, and ``train`` training images.

        Raises:
            BenchmarkError: they exist as files.
        """
        raise BenchmarkError(f"benchmark {asked.name} is not synthetic; it exists as files")

    def remembered(self) -> Mapping[str, Any]:
        """What a store remembers of it, beside its name and its subsets' tables.

        Stores of all sources hold the settings of the portraits, so these stay in the hash.
        """
        return {"synthetic": {"seed": 2021, "height": 256, "width": 192, "kernel": 5}}


def source_names() -> tuple[str, ...]:
    """The sources that there are, those of other packages last."""
    return (*_modules(), *(point.name for point in _foreign()))


def source_class(name: str) -> type[DataSource]:
    """A source by name.

    Raises:
        BenchmarkError: there is none, it cannot be imported, or it is no source.
    """
    if name in _modules():
        found = importlib.import_module(f"{__name__}.{name}").SOURCE
    else:
        point = next((point for point in _foreign() if point.name == name), None)
        if point is None:
            raise BenchmarkError(f"there is no data source {name!r}")
        found = _loaded(point)
    if not (isinstance(found, type) and issubclass(found, DataSource) and found.name == name):
        raise BenchmarkError(f"data source {name!r} is not a DataSource with this name")
    return found


def sources() -> Iterator[type[DataSource]]:
    """Every source that can be imported; one that cannot is told of when a benchmark names it."""
    for name in source_names():
        try:
            yield source_class(name)
        except BenchmarkError:
            continue


def _modules() -> tuple[str, ...]:
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def _foreign() -> list[EntryPoint]:
    """Sources of other packages; a name of ours stays ours."""
    ours = _modules()
    return [point for point in entry_points(group=GROUP) if point.name not in ours]


def _loaded(point: EntryPoint) -> Any:
    try:
        return point.load()
    except Exception as error:  # of foreign code, anything
        what = printable(f"{type(error).__name__}: {error}")
        raise BenchmarkError(f"data source {point.name!r} cannot be loaded ({what})") from error

"""Sources of data: one module for each kind of data.

A source is a class that inherits from `DataSource`. Every module of this package defines one as
``SOURCE = TheClass``. Modules are found by their files, and imported only when a benchmark names
them: the module's name is the value of the TOML key ``source``. Other packages register classes in
the entry-point group ``p3mbench.sources`` under the value of that key.
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
    """A kind of data. An instance has the values of the TOML keys that only this source has.

    A new source needs `pair`. The default of every other method suits folders without a training
    split.

    Attributes:
        name: value of the TOML key ``source``.
        layout: name of the folder layout that `recognises` knows; "" for none.
        drawn: True if images are drawn, not read. Then there are no files to verify, and training
            defaults to the nano preset without loader processes.
        keys: top-level TOML keys that only this source has.
        subset_keys: keys of a subset's table beside ``name``.
    """

    name: ClassVar[str]
    layout: ClassVar[str] = ""
    drawn: ClassVar[bool] = False
    keys: ClassVar[Collection[str]] = ()
    subset_keys: ClassVar[Collection[str]] = ()

    @classmethod
    def read(cls, table: TomlTable) -> Self:
        """Make the source from the whole TOML table.

        Raises:
            BenchmarkError: the value of one of its keys is wrong.
        """
        return cls()

    def check_subset(self, table: TomlTable) -> None:
        """Check the keys of a subset's table; raises `BenchmarkError`."""
        table.text("name")

    @classmethod
    def recognises(cls, folder: Path) -> str:
        """Return the built-in benchmark of a data folder; "" if the source does not know it."""
        return ""

    @classmethod
    def further_in(cls, folder: Path) -> Path | None:
        """Return a folder inside ``folder`` that this source recognises; None if none is nearby."""
        return None

    def root(self, asked: Definition, data: Path | None) -> Path | None:
        """Return the data folder: ``data`` if the user gave one, else the TOML file's folder.

        Returns:
            None if images are drawn.

        Raises:
            BenchmarkError: no folder is known, or one is given although images are drawn.
        """
        root = data if data is not None else asked.folder
        if root is None:
            raise BenchmarkError(f"benchmark {asked.name} needs a data folder: give --data DIR")
        return root

    @abstractmethod
    def pair(self, asked: Definition, root: Path, table: Mapping[str, Any]) -> Paired:
        """Pair the files of one test subset, and list the problems of their names.

        Args:
            asked: the benchmark.
            root: the data folder.
            table: the subset's TOML table.

        Raises:
            DataError: the subset does not exist, or contains nothing to pair.
        """

    def open(self, asked: Definition, root: Path | None) -> dict[str, Subset | str]:
        """Open the test subsets.

        Returns:
            name -> the subset, or the reason why it is missing.

        Raises:
            DataError: the folder is missing, or files do not pair.
        """
        assert root is not None  # noqa: S101 - sources that draw have none, and override this
        check_folder(root)
        return {t["name"]: self.pair(asked, root, t).whole() for t in asked.subsets}

    def train(self, asked: Definition, root: Path | None) -> Paired:
        """Pair the files of the training split.

        Raises:
            BenchmarkError: this kind of data has no training split.
            DataError: the split does not exist.
        """
        raise BenchmarkError(f"benchmark {asked.name} has no training split")

    def train_set(self, asked: Definition) -> str:
        """Return the name of the training split in a checkpoint's ``train_sets``."""
        return f"{asked.name}/train"

    def listed_as(self, asked: Definition, subset: str) -> frozenset[str]:
        """Return the names in ``train_sets`` that mean a checkpoint has seen a test subset."""
        return frozenset((f"{asked.name}/{subset}",))

    def faces(self, asked: Definition) -> Subset | None:
        """Return the source's portraits with public faces; None if the user must give some."""
        return None

    def drawings(self, asked: Definition, train: int) -> Sequence[Subset]:
        """Return the portraits for ``data make``: test subsets, and ``train`` training images.

        Raises:
            BenchmarkError: the images exist as files.
        """
        raise BenchmarkError(f"benchmark {asked.name} is not synthetic; it exists as files")

    def remembered(self) -> Mapping[str, Any]:
        """Return what a store keeps of the source, beside its name and its subsets' tables.

        The default contains the settings of the portraits: they are in the hashes of all stores.
        """
        return {"synthetic": {"seed": 2021, "height": 256, "width": 192, "kernel": 5}}


def source_names() -> tuple[str, ...]:
    """Return the names of all sources, those of other packages last."""
    return (*_modules(), *(point.name for point in _foreign()))


def source_class(name: str) -> type[DataSource]:
    """Import a source by name.

    Raises:
        BenchmarkError: it does not exist, cannot be imported, or is not a source.
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
    """Yield every source that can be imported; others fail when a benchmark names them."""
    for name in source_names():
        try:
            yield source_class(name)
        except BenchmarkError:
            continue


def _modules() -> tuple[str, ...]:
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def _foreign() -> list[EntryPoint]:
    """Find the sources of other packages; they cannot replace a source of p3mbench."""
    ours = _modules()
    return [point for point in entry_points(group=GROUP) if point.name not in ours]


def _loaded(point: EntryPoint) -> Any:
    try:
        return point.load()
    except Exception as error:  # foreign code may raise anything
        what = printable(f"{type(error).__name__}: {error}")
        raise BenchmarkError(f"data source {point.name!r} cannot be loaded ({what})") from error

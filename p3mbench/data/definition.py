"""The parts of a benchmark's definition that sources of data use, and typed TOML tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from p3mbench.data.obfuscation import Obfuscation
from p3mbench.errors import BenchmarkError
from p3mbench.names import unknown


class Definition(Protocol):
    """The attributes of `p3mbench.benchmark.Benchmark` that sources of data use; see there."""

    @property
    def name(self) -> str:
        """The benchmark's name."""
        ...

    @property
    def variants(self) -> tuple[str, ...]:
        """The declared test variants."""
        ...

    @property
    def detect_faces(self) -> bool:
        """Whether to detect the faces of images without a face mask."""
        ...

    @property
    def obfuscation(self) -> Obfuscation:
        """How to make variant B if there are no blurred images."""
        ...

    @property
    def subsets(self) -> tuple[Mapping[str, Any], ...]:
        """One TOML table per subset."""
        ...

    @property
    def folder(self) -> Path | None:
        """The folder of the TOML file, None for built-in benchmarks."""
        ...


class TomlTable:
    """Typed look-ups in one TOML table, with errors that name the file and the key.

    Args:
        where: the file, for messages.
        table: its content.
        prefix: prefix of keys in messages, such as ``subsets.``.
    """

    def __init__(self, where: str, table: Mapping[str, Any], prefix: str = "") -> None:
        self.where, self.table, self.prefix = where, table, prefix

    def fail(self, message: str) -> BenchmarkError:
        """Make the error to raise."""
        return BenchmarkError(f"{self.where}: {message}")

    def only(self, known: Iterable[str]) -> None:
        """Refuse keys other than the known ones."""
        names = [self.prefix + key for key in known]
        for key in self.table:
            if self.prefix + key not in names:
                raise self.fail(unknown(self.prefix + key, names, "key"))

    def text(self, key: str, default: str | None = None) -> str:
        """Return a line of text; without a default the key is required."""
        value = self.table.get(key, default)
        if not isinstance(value, str) or not value or any(c in value for c in "\n\r\0"):
            raise self.fail(f"key {key!r} must be a line of text, not {value!r}")
        return value

    def choice(self, key: str, choices: Iterable[str], default: str | None = None) -> str:
        """Return one of several words; without a default the key is required."""
        value = self.text(key, default)
        if value not in choices:
            raise self.fail(f"key {key!r} must be one of {', '.join(choices)}, not {value!r}")
        return value

    def number(self, key: str, minimum: int, default: int | None = None) -> int:
        """Return a whole number; without a default the key is required."""
        value = self.table.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
            raise self.fail(
                f"key {key!r} must be a whole number of {minimum} or more, not {value!r}"
            )
        return value

    def inner(self, key: str) -> TomlTable:
        """Return a table inside this one, empty if the key is missing."""
        value = self.table.get(key, {})
        if not isinstance(value, dict):
            raise self.fail(f"key {key!r} must be a table, not {value!r}")
        return TomlTable(self.where, value, f"{key}.")

    def inners(self, key: str) -> tuple[TomlTable, ...]:
        """Return an array of tables; at least one is required."""
        value = self.table.get(key)
        if not isinstance(value, list) or not value or not all(isinstance(t, dict) for t in value):
            raise self.fail(f"needs at least one [[{key}]] table")
        return tuple(TomlTable(self.where, table, f"{key}.") for table in value)

"""Typed look-ups in TOML tables, with errors that name the file and the key."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from p3mbench.errors import BenchmarkError, P3MBenchError
from p3mbench.registry import unknown


class TomlTable:
    """Typed look-ups in one TOML table, with errors that name the file and the key.

    Args:
        where: the file, for messages.
        table: its content.
        prefix: prefix of keys in messages, such as ``subsets.``.
        error: class of the errors.
    """

    def __init__(
        self,
        where: str,
        table: Mapping[str, Any],
        prefix: str = "",
        error: type[P3MBenchError] = BenchmarkError,
    ) -> None:
        self.where, self.table, self.prefix, self.error = where, table, prefix, error

    def fail(self, message: str) -> P3MBenchError:
        """Make the error to raise."""
        return self.error(f"{self.where}: {message}")

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
            raise self.fail(f"key {self.prefix + key!r} must be a line of text, not {value!r}")
        return value

    def choice(self, key: str, choices: Iterable[str], default: str | None = None) -> str:
        """Return one of several words; without a default the key is required."""
        value = self.text(key, default)
        if value not in choices:
            raise self.fail(
                f"key {self.prefix + key!r} must be one of {', '.join(choices)}, not {value!r}"
            )
        return value

    def number(self, key: str, minimum: int, default: int | None = None) -> int:
        """Return a whole number; without a default the key is required."""
        value = self.table.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
            raise self.fail(
                f"key {self.prefix + key!r} must be a whole number of {minimum} or more, "
                f"not {value!r}"
            )
        return value

    def inner(self, key: str) -> TomlTable:
        """Return a table inside this one, empty if the key is missing."""
        value = self.table.get(key, {})
        if not isinstance(value, dict):
            raise self.fail(f"key {self.prefix + key!r} must be a table, not {value!r}")
        return TomlTable(self.where, value, f"{key}.", self.error)

    def inners(self, key: str) -> tuple[TomlTable, ...]:
        """Return an array of tables; at least one is required."""
        value = self.table.get(key)
        if not isinstance(value, list) or not value or not all(isinstance(t, dict) for t in value):
            raise self.fail(f"needs at least one [[{key}]] table")
        return tuple(TomlTable(self.where, table, f"{key}.", self.error) for table in value)

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        value = self.table.get(key, default)
        if not isinstance(value, bool):
            raise self.fail(f"key {self.prefix + key!r} must be true or false, not {value!r}")
        return value

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return a list of lines of text; one line alone is a list of one."""
        value = self.table.get(key, list(default))
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
            raise self.fail(f"key {self.prefix + key!r} must be a list of texts, not {value!r}")
        return tuple(" ".join(text.split()) for text in value)

    def numbers(self, key: str, count: int, default: float) -> tuple[float, ...]:
        """Return ``count`` finite numbers; one number alone stands for all."""
        value = self.table.get(key, default)
        values = value if isinstance(value, list) else [value] * count
        if len(values) != count or not all(map(_is_finite, values)):
            raise self.fail(
                f"key {self.prefix + key!r} must be a number or a list of {count}, not {value!r}"
            )
        return tuple(map(float, values))


def _is_finite(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value)

"""Published figures on P3M-500 with their sources; they are never mixed with measured ones."""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib.resources import files

PACKAGE = "p3mbench_published"
BENCHMARK = "p3m500"  # the benchmark of all figures


@dataclass(frozen=True, kw_only=True)
class PublishedFigure:
    """One published number; ``results/published/README.md`` explains the columns.

    Attributes:
        value: in raw units, as in stored rows.
        conflict: the differing numbers of other sources; "" for none.
    """

    method: str
    title: str
    variant: str
    kind: str
    train: str
    trained_on: str
    subset: str
    test: str
    metric: str
    printed: str
    value: float
    scale: float
    convention: str
    strategy: str
    origin: str
    source: str
    where: str
    note: str
    conflict: str

    @property
    def setting(self) -> str:
        """TRAIN:TEST."""
        return f"{self.train}:{self.test}"


@dataclass(frozen=True)
class Publication:
    """The source of figures."""

    source: str
    title: str
    where: str
    who: str


@lru_cache
def figures(method: str | None = None) -> tuple[PublishedFigure, ...]:
    """Return all figures, or those of one method, in the order of the file."""
    found = []
    for row in _rows("published.csv"):
        numbers = {name: float(row[name]) for name in ("value", "scale")}
        texts = {field.name: row[field.name] for field in fields(PublishedFigure)}
        found.append(PublishedFigure(**(texts | numbers)))  # type: ignore[arg-type]
    return tuple(f for f in found if method in (None, f.method))


@lru_cache
def sources() -> dict[str, Publication]:
    """Return the sources by key."""
    return {row["source"]: Publication(**row) for row in _rows("sources.csv")}


def _rows(name: str) -> list[dict[str, str]]:
    text = files(PACKAGE).joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))

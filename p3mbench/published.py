"""Figures that others published on P3M-500, with their sources; never merged with measured ones."""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib.resources import files

PACKAGE = "p3mbench_published"
BENCHMARK = "p3m500"  # what all of them are on


@dataclass(frozen=True, kw_only=True)
class PublishedFigure:
    """One published number; the columns are explained in ``results/published/README.md``.

    Attributes:
        value: in raw units, as stored rows are.
        conflict: what other sources print for the same, "" if they agree or there is none.
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
    """Where figures come from, and who says so."""

    source: str
    title: str
    where: str
    who: str


@lru_cache
def figures(method: str | None = None) -> tuple[PublishedFigure, ...]:
    """All figures, or those of one method, in the order of the file."""
    found = []
    for row in _rows("published.csv"):
        numbers = {name: float(row[name]) for name in ("value", "scale")}
        texts = {field.name: row[field.name] for field in fields(PublishedFigure)}
        found.append(PublishedFigure(**(texts | numbers)))  # type: ignore[arg-type]
    return tuple(f for f in found if method in (None, f.method))


@lru_cache
def sources() -> dict[str, Publication]:
    """Sources by key."""
    return {row["source"]: Publication(**row) for row in _rows("sources.csv")}


def _rows(name: str) -> list[dict[str, str]]:
    text = files(PACKAGE).joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))

"""What a store gives to a report: the rows that count, and what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from p3mbench.errors import StoreError
from p3mbench.report.analysis.current import current
from p3mbench.report.build import build
from p3mbench.report.pictures import Pictures, contents_of
from p3mbench.report.render import render
from p3mbench.runs import RunRecord
from p3mbench.store import Store, metric_columns

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class StoredRows:
    """The rows of a store that count today.

    Attributes:
        folder: of the store.
        frame: the rows, as `p3mbench.store.Store.frame` gives them.
        expected: (benchmark, subset) -> images of the whole subset.
        runs: the records of the runs behind them, oldest first.
        notes: what a reader must know of the rows, a line each.
        pictures: their images and mattes, as far as they are found again.
    """

    folder: Path
    frame: pd.DataFrame
    expected: Mapping[tuple[str, str], int]
    runs: tuple[RunRecord, ...]
    notes: tuple[str, ...]
    pictures: Pictures = field(repr=False)

    @classmethod
    def of(cls, store: Store, kind: str | None = None) -> StoredRows:
        """Read an open store.

        Args:
            store: the store.
            kind: "trimap-free" or "trimap-based" for the rows of such methods only.
        """
        rows, runs = current(store), tuple(store.runs())
        frame = rows.frame
        if kind and len(frame):
            frame = frame[frame["kind"] == kind]
        contents = contents_of(frame) if len(frame) else None
        pictures = Pictures(store.folder, runs, contents)
        return cls(store.folder, frame, store.expected(), runs, tuple(rows.notes), pictures)

    @property
    def metrics(self) -> list[str]:
        """The metrics that the rows have; none if nothing was scored."""
        return metric_columns(self.frame)


def read_stored(folder: Path, kind: str | None = None) -> StoredRows:
    """The rows of the store in a folder that count.

    Raises:
        StoreError: there is no store, or it has no such rows.
    """
    with Store(folder) as store:
        found = StoredRows.of(store, kind)
        if len(found.frame):
            return found
        if kind and len(current(store).frame):
            raise StoreError(f"{folder}: contains no rows of {kind} methods")
    raise StoreError(f"{folder}: contains no rows yet; run p3mbench run --out {folder}")


def main_tables(stored: StoredRows, *, ansi: bool) -> str:
    """The tables that a terminal shows after a run, as text."""
    built = build(stored.frame, expected=stored.expected).noted(stored.notes)
    return render(built.select("settings", "subsets"), "table", ansi=ansi)

"""The rows of a store that count, and everything else that a report needs from the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from p3mbench.errors import StoreError
from p3mbench.privacy.record import PrivacyRecord, records_in
from p3mbench.report.analysis.current import current
from p3mbench.report.pictures import Pictures, contents_of
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
        expected: (benchmark, subset) -> number of images in the whole subset.
        runs: the records of the runs behind them, oldest first.
        notes: on the rows, a line each.
        pictures: their images and mattes, as far as they still exist.
        privacy: what `p3mbench privacy` wrote into the folder.
    """

    folder: Path
    frame: pd.DataFrame
    expected: Mapping[tuple[str, str], int]
    runs: tuple[RunRecord, ...]
    notes: tuple[str, ...]
    pictures: Pictures = field(repr=False)
    privacy: tuple[PrivacyRecord, ...] = ()

    @classmethod
    def of(cls, store: Store, kind: str | None = None) -> StoredRows:
        """Read an open store.

        Args:
            store: the store.
            kind: "trimap-free" or "trimap-based", to read only the rows of such methods.
        """
        rows, runs = current(store), tuple(store.runs())
        frame = rows.frame
        if kind and len(frame):
            frame = frame[frame["kind"] == kind]
        contents = contents_of(frame) if len(frame) else None
        pictures = Pictures(store.folder, runs, contents)
        privacy = tuple(records_in(store.folder))
        return cls(
            store.folder, frame, store.expected(), runs, tuple(rows.notes), pictures, privacy
        )

    @property
    def metrics(self) -> list[str]:
        """The metrics of the rows; none if nothing was scored."""
        return metric_columns(self.frame)


def read_stored(folder: Path, kind: str | None = None) -> StoredRows:
    """Read the rows that count from the store in a folder.

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

"""`Overview`: counts over all rows of a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from p3mbench import flags
from p3mbench.flags import IMPORTED
from p3mbench.report.analysis.flagging import FlagUse, uses_in_rows
from p3mbench.report.analysis.grouping import OK, as_text

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Unscored:
    """Rows without a score that share status and reason; ``methods``: title -> rows."""

    status: str
    reason: str
    methods: Mapping[str, int]

    @property
    def rows(self) -> int:
        """The number of these rows."""
        return sum(self.methods.values())


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The rows behind a report.

    Attributes:
        benchmarks: names, sorted. methods: number. images: number over all benchmarks and subsets.
        rows: number. imported: number of rows that were not measured here.
        codes: (method, hash of its code) where known, sorted.
        failed: method -> number of rows without a score, sorted by method.
        unscored: those rows by status and reason, the most frequent first.
        flags: of all rows, by the title of the method.
    """

    benchmarks: tuple[str, ...]
    methods: int
    images: int
    rows: int
    imported: int
    codes: tuple[tuple[str, str], ...]
    failed: Mapping[str, int]
    unscored: tuple[Unscored, ...]
    flags: tuple[FlagUse, ...]

    @property
    def scored(self) -> int:
        """The number of rows with a score."""
        return self.rows - sum(self.failed.values())


def overview_of(rows: pd.DataFrame) -> Overview:
    """Count rows, as for `p3mbench.report.build`."""
    bad = rows[rows["status"] != OK]
    return Overview(
        benchmarks=tuple(sorted(set(rows["benchmark"]))),
        methods=int(rows["method"].nunique()),
        images=len(rows[["benchmark", "subset", "image"]].drop_duplicates()),
        rows=len(rows),
        imported=sum(IMPORTED in flags.split(str(text)) for text in rows["flags"]),
        codes=_codes(rows),
        failed={str(m): int(n) for m, n in bad.groupby("method", sort=True).size().items()},
        unscored=unscored_in(bad),
        flags=uses_in_rows(rows),
    )


def unscored_in(rows: pd.DataFrame) -> tuple[Unscored, ...]:
    """Group rows that are not ok by status and reason, over methods; the most frequent first."""
    found: dict[tuple[str, str], Counter[str]] = {}
    bad = rows[rows["status"] != OK]
    for title, method, status, reason in zip(
        bad["title"], bad["method"], bad["status"], bad["reason"], strict=True
    ):
        key = as_text(status), as_text(reason)
        found.setdefault(key, Counter())[as_text(title) or as_text(method)] += 1
    order = sorted(found, key=lambda key: (-found[key].total(), key))
    return tuple(Unscored(status=s, reason=r, methods=dict(found[s, r])) for s, r in order)


def _codes(rows: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    if "code" not in rows.columns:
        return ()
    known = rows.loc[rows["code"].astype(bool), ["method", "code"]].drop_duplicates()
    return tuple((str(m), str(code)) for m, code in sorted(known.itertuples(index=False)))

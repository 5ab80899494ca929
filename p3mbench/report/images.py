"""`per_image`: the stored rows themselves, one line per image, in every format."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from p3mbench import flags
from p3mbench.report.analysis.grouping import (
    IDENTITY,
    ORIGIN_COLUMNS,
    OTHER_COLUMNS,
    TEXT_COLUMNS,
    as_text,
    metric_order,
)
from p3mbench.report.render import Data, Look, find
from p3mbench.report.render.data import FLAG_WORDS
from p3mbench.report.request import Decimals
from p3mbench.report.tables.images import images_table
from p3mbench.report.tables.model import Report

if TYPE_CHECKING:
    import pandas as pd


def per_image(
    rows: pd.DataFrame,
    format: str,
    *,
    metrics: Sequence[str] | None = None,
    ansi: bool = False,
    precision: Decimals | int | None = None,
    standalone: bool = False,
) -> str:
    """Write every row, sorted by method, setting and image; nothing is averaged or left out.

    Args:
        rows: as for `build`.
        format: a name in `formats`. Formats for programs have every column in full precision.
        metrics: metric columns of the laid-out formats; SAD, MSE and MAD by default.
        ansi, precision, standalone: as for `render`.

    Raises:
        ValueError: unknown format or metric.
    """
    chosen = find(format)
    order = [column for column in (*IDENTITY, "image") if column in rows.columns]
    keys = rows[order].map(as_text)
    rows = rows.loc[keys.sort_values(order, kind="stable").index]

    def tables() -> Report:
        table = images_table(rows, metrics)
        report = Report(tables=(table,) if table is not None else ())
        return report.with_precision(precision)

    return chosen.text(tables, lambda: _data(rows), Look(ansi=ansi, standalone=standalone))


def _data(rows: pd.DataFrame) -> Data:
    """Return every column of the rows, in full precision."""
    known = [c for c in (*TEXT_COLUMNS, *OTHER_COLUMNS, *ORIGIN_COLUMNS) if c in rows.columns]
    others = [c for c in rows.columns if c not in known]
    columns = [*known, *sorted(others, key=metric_order)]
    records = [
        {c: _plain(value, c) for c, value in zip(columns, line, strict=True)}
        for line in rows[columns].itertuples(index=False, name=None)
    ]
    if "flags" in columns:
        columns.insert(columns.index("flags") + 1, FLAG_WORDS)
        for record in records:
            record[FLAG_WORDS] = flags.in_words(record["flags"])
    return Data(columns, records, records)


def _plain(value: Any, column: str) -> Any:
    """Return a value that CSV and JSON can store; None for NaN and infinities."""
    if column in (*TEXT_COLUMNS, *ORIGIN_COLUMNS):
        return as_text(value)
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

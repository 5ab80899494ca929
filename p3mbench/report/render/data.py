"""A report as data for programs, in full precision unless told otherwise."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from p3mbench import flags
from p3mbench.report.render.format import Data
from p3mbench.report.request import Decimals
from p3mbench.report.tables.model import ColumnType, Report, Table, TableCell, TableColumn, TableRow
from p3mbench.report.wording.numbers import decimals_of

NUMBERS = ("value", "low", "high", "median", "share", "p_value", "p_holm", "spread")
EXACT = -1  # no decimals: the number as it is
FLAG_WORDS = "flag_words"  # a column next to that of the names
COUNTS = ("n", "total", "failed", "undefined", "rank", "seeds")
COLUMNS = (
    "table", "role", "benchmark", "kind", "convention", "obfuscation", "trimap_source",
    "main_subset", "block",
    "method", "label", "strategy", "options", "seed", "checkpoints", "code",
    "libraries", "column", "setting", "metric",
    "type", "text", *NUMBERS, *COUNTS, "flags", FLAG_WORDS, "source",
)  # fmt: skip


def data_of(report: Report, precision: Decimals | None = None) -> Data:
    """Return a report as data: a line per attempted cell, and one object of tables and notes.

    The columns are `COLUMNS`. Flags are those of the stored rows behind a line: their names at each
    line, name -> number of stored rows at each row of ``whole``, their words at each of its tables.
    Values are in raw units; a share is in [0, 1]. Unknown values are "" or None.
    """
    lines = [
        _line(table, row, column, cell, precision)
        for table in report.tables
        for row in table.rows
        for column, cell in zip(table.columns, row.cells, strict=True)
        if cell.attempted
    ]
    whole = {
        "tables": [_table(table, precision) for table in report.tables],
        "notes": list(report.notes),
        "summary": _summary(report),
    }
    return Data(COLUMNS, lines, whole)


def _summary(report: Report) -> dict[str, Any] | None:
    """Return the summary in words; its numbers are in the tables."""
    answer = report.answer
    if answer is None:
        return None
    return {
        "about": list(answer.about),
        "sentences": list(answer.sentences),
        "not_shown": list(answer.doubts),
    }


def _line(
    table: Table, row: TableRow, column: TableColumn, cell: TableCell, precision: Decimals | None
) -> dict[str, object]:
    return {
        "table": table.label,
        "role": table.role.value,
        "benchmark": table.benchmark,
        "kind": table.kind,
        **dict(table.facts),
        "block": row.block,
        "method": row.method,
        "label": row.label,
        **dict(row.facts),
        "column": column.key,
        "setting": column.setting,
        "metric": column.metric,
        "type": column.type.value,
        "text": cell.text,
        **_numbers(cell, column, precision),
        **{name: getattr(cell, name) for name in COUNTS},
        "flags": flags.joined(row.flags),
        FLAG_WORDS: flags.in_words(flags.joined(row.flags)),
        "source": row.source,
    }


def _numbers(
    cell: TableCell, column: TableColumn, precision: Decimals | None
) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for name in NUMBERS:
        value = float(getattr(cell, name))
        exact = name in ("share", "p_value", "p_holm") or column.type in (
            ColumnType.SHARE,
            ColumnType.P_VALUE,
        )
        if precision is not None and not exact:
            decimals = decimals_of(precision, column.metric, EXACT)
            value = value if decimals == EXACT else round(value, decimals)
        found[name] = value if math.isfinite(value) else None
    return found


def _table(table: Table, precision: Decimals | None) -> dict[str, Any]:
    return {
        "label": table.label,
        "role": table.role.value,
        "benchmark": table.benchmark,
        "kind": table.kind,
        **dict(table.facts),
        "title": table.title,
        "caption": table.caption,
        "columns": [_column(column) for column in table.columns],
        "rows": [_row(table, row, precision) for row in table.rows],
        "flags": [asdict(use) for use in table.flags],
        "notes": list(table.notes),
    }


def _column(column: TableColumn) -> dict[str, Any]:
    return {
        "key": column.key,
        "title": column.title,
        "group": column.group,
        "type": column.type.value,
        "decimals": column.decimals,
        "metric": column.metric,
        "setting": column.setting,
        "ranked": column.ranked,
    }


def _row(table: Table, row: TableRow, precision: Decimals | None) -> dict[str, Any]:
    return {
        "label": row.label,
        "method": row.method,
        "block": row.block,
        **dict(row.facts),
        "flags": row.flags,
        "cells": [
            _cell(cell, column, precision)
            for cell, column in zip(row.cells, table.columns, strict=True)
        ],
    }


def _cell(
    cell: TableCell, column: TableColumn, precision: Decimals | None
) -> dict[str, Any] | None:
    if not cell.attempted:
        return None
    if column.type is ColumnType.TEXT:
        return {"text": cell.text}
    counts = {name: getattr(cell, name) for name in COUNTS}
    return {**_numbers(cell, column, precision), **counts}

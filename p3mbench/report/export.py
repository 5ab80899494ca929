"""Tables for machines: CSV (a line per cell) and JSON, in full precision unless told otherwise."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

from p3mbench.report.model import Cell, Column, ColumnType, Report, Row, Table

NUMBERS = ("value", "low", "high", "median", "share", "p_value", "p_holm")
COUNTS = ("n", "total", "failed", "undefined", "rank")
CSV_HEADER = (
    "table", "role", "benchmark", "kind", "convention", "obfuscation", "trimap_source",
    "main_subset", "block",
    "method", "label", "strategy", "options", "seed", "checkpoints", "code",
    "libraries", "column", "setting", "metric",
    "type", "text", *NUMBERS, *COUNTS,
)  # fmt: skip


def render_csv(report: Report, precision: int | None = None) -> str:
    """One line per attempted cell, with everything that is known of it; "" where there is nothing.

    The header is `CSV_HEADER`. Values are in raw units; a share is in [0, 1].
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, CSV_HEADER, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for table in report.tables:
        for row in table.rows:
            for column, cell in zip(table.columns, row.cells, strict=True):
                if cell.attempted:
                    writer.writerow(_line(table, row, column, cell, precision))
    return out.getvalue()


def _line(
    table: Table, row: Row, column: Column, cell: Cell, precision: int | None
) -> dict[str, object]:
    numbers = {
        name: "" if value is None else value
        for name, value in _numbers(cell, column, precision).items()
    }
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
        **numbers,
        **{name: getattr(cell, name) for name in COUNTS},
    }


def _numbers(cell: Cell, column: Column, precision: int | None) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for name in NUMBERS:
        value = float(getattr(cell, name))
        exact = name in ("share", "p_value", "p_holm") or column.type in (
            ColumnType.SHARE,
            ColumnType.P_VALUE,
        )
        if precision is not None and not exact:
            value = round(value, precision)
        found[name] = value if math.isfinite(value) else None
    return found


def render_json(report: Report, precision: int | None = None) -> str:
    """The report as one JSON object: ``tables`` and ``notes``. NaN becomes null."""
    whole = {
        "tables": [_table(table, precision) for table in report.tables],
        "notes": list(report.notes),
    }
    return json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _table(table: Table, precision: int | None) -> dict[str, Any]:
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
        "notes": list(table.notes),
    }


def _column(column: Column) -> dict[str, Any]:
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


def _row(table: Table, row: Row, precision: int | None) -> dict[str, Any]:
    return {
        "label": row.label,
        "method": row.method,
        "block": row.block,
        **dict(row.facts),
        "cells": [
            _cell(cell, column, precision)
            for cell, column in zip(row.cells, table.columns, strict=True)
        ],
    }


def _cell(cell: Cell, column: Column, precision: int | None) -> dict[str, Any] | None:
    if not cell.attempted:
        return None
    if column.type is ColumnType.TEXT:
        return {"text": cell.text}
    counts = {name: getattr(cell, name) for name in COUNTS}
    return {**_numbers(cell, column, precision), **counts}

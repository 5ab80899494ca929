"""Tables for machines: CSV (a line per cell) and JSON, in full precision unless told otherwise."""

from __future__ import annotations

import csv
import io
import json
import math
import unicodedata
from dataclasses import asdict
from typing import Any

from p3mbench import flags
from p3mbench.names import printable, spreadsheet_cell
from p3mbench.report.tables.model import ColumnType, Report, Table, TableCell, TableColumn, TableRow

NUMBERS = ("value", "low", "high", "median", "share", "p_value", "p_holm")
FLAG_WORDS = "flag_words"  # a column beside that of the names
COUNTS = ("n", "total", "failed", "undefined", "rank")
CSV_HEADER = (
    "table", "role", "benchmark", "kind", "convention", "obfuscation", "trimap_source",
    "main_subset", "block",
    "method", "label", "strategy", "options", "seed", "checkpoints", "code",
    "libraries", "column", "setting", "metric",
    "type", "text", *NUMBERS, *COUNTS, "flags", FLAG_WORDS,
)  # fmt: skip
_UNSAFE = ("Cc", "Cf", "Cs", "Zl", "Zp")  # categories of Unicode that steer a screen


def csv_cell(value: object) -> object:
    """A value as a CSV file holds it: text that neither a screen nor a spreadsheet obeys."""
    if value is None:
        return ""
    return spreadsheet_cell(printable(value)) if isinstance(value, str) else value


def as_json(value: object) -> str:
    """JSON text that ends with a newline; control and formatting characters are escaped.

    Raises:
        ValueError: a number that is not finite.
    """
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    if not text.isascii():
        text = "".join(
            json.dumps(c)[1:-1] if unicodedata.category(c) in _UNSAFE and c != "\n" else c
            for c in text
        )
    return text.replace("\x7f", "\\u007f") + "\n"


def render_csv(report: Report, precision: int | None = None) -> str:
    """One line per attempted cell, with everything that is known of it; "" where there is nothing.

    The header is `CSV_HEADER`. ``flags`` are those of the stored rows behind a line; a cell that a
    spreadsheet would take for a formula begins with a quote. Values are in raw units; a share is
    in [0, 1].
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, CSV_HEADER, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for table in report.tables:
        for row in table.rows:
            for column, cell in zip(table.columns, row.cells, strict=True):
                if cell.attempted:
                    line = _line(table, row, column, cell, precision)
                    writer.writerow({name: csv_cell(value) for name, value in line.items()})
    return out.getvalue()


def _line(
    table: Table, row: TableRow, column: TableColumn, cell: TableCell, precision: int | None
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
        "flags": flags.joined(row.flags),
        FLAG_WORDS: flags.in_words(flags.joined(row.flags)),
    }


def _numbers(
    cell: TableCell, column: TableColumn, precision: int | None
) -> dict[str, float | None]:
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
    """The report as one JSON object: ``tables`` and ``notes``. NaN becomes null.

    Flags stand at each row (name -> number of stored rows) and, in words, at each table.
    """
    whole = {
        "tables": [_table(table, precision) for table in report.tables],
        "notes": list(report.notes),
    }
    return as_json(whole)


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


def _row(table: Table, row: TableRow, precision: int | None) -> dict[str, Any]:
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


def _cell(cell: TableCell, column: TableColumn, precision: int | None) -> dict[str, Any] | None:
    if not cell.attempted:
        return None
    if column.type is ColumnType.TEXT:
        return {"text": cell.text}
    counts = {name: getattr(cell, name) for name in COUNTS}
    return {**_numbers(cell, column, precision), **counts}

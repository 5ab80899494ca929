"""Cut tables to what was asked for: tables, columns, order of lines, caption and label."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from p3mbench.report.analysis.choosing import place
from p3mbench.report.request import GIVEN, NAME, ReportRequest, check_matched, matches
from p3mbench.report.tables.model import ColumnType, Role, Table, TableColumn, TableRow, ranked


def cut(tables: Sequence[Table], request: ReportRequest) -> tuple[Table, ...]:
    """Return the requested tables, each cut to the requested columns and in the requested order.

    Raises:
        ValueError: a name names nothing; a caption or label is given for several tables.
    """
    check_roles(request.tables)
    wanted = request.tables
    found = [t for t in tables if not wanted or any(matches(p, [t.role.value]) for p in wanted)]
    found = _with_columns(found, request.columns)
    found = _ordered(found, request)
    if request.caption or request.label:
        found = _captioned(found, request)
    return tuple(_plain(table, request) for table in found)


def _plain(table: Table, request: ReportRequest) -> Table:
    """Return a table without header groups that say nothing, and without notes if so requested.

    Notes on marked lines stay: a number that is in doubt needs its reason.
    """
    if request.columns and {size for title, size in table.groups() if title} == {1}:
        columns = [
            c if not c.group else replace(c, title=c.group, group="") if c.type is ColumnType.MEAN
            else replace(c, title=f"{c.title} [interval]", group="")
            for c in table.columns
        ]  # fmt: skip
        table = replace(table, columns=tuple(columns))
    if request.notes:
        return table
    letters = tuple(f"[{use.mark}] " for use in table.flags if use.mark)
    return replace(table, notes=tuple(n for n in table.notes if n.startswith(letters)))


def check_roles(names: Iterable[str]) -> None:
    """Check names of tables.

    Raises:
        ValueError: a name is none of `Role`; the message has the nearest ones.
    """
    check_matched("table", names, {role.value: () for role in Role if role not in _OTHERS})


_OTHERS = (Role.IMAGES, Role.CHANGES)  # of other commands and options


def _with_columns(tables: Sequence[Table], patterns: Sequence[str]) -> list[Table]:
    """Keep the columns that a pattern names, in the order of the patterns; drop empty tables."""
    if not patterns:
        return list(tables)
    check_matched("column", patterns, _known(tables))
    kept = []
    for table in tables:
        chosen = [
            j
            for pattern in patterns
            for j, column in enumerate(table.columns)
            if matches(pattern, column_names(column))
        ]
        order = list(dict.fromkeys(chosen))
        rows = [replace(r, cells=tuple(r.cells[j] for j in order)) for r in table.rows]
        rows = [row for row in rows if any(cell.attempted for cell in row.cells)]
        if order and rows:
            columns = tuple(table.columns[j] for j in order)
            kept.append(replace(table, columns=columns, rows=ranked(columns, rows)))
    return kept


def _known(tables: Iterable[Table]) -> dict[str, set[str]]:
    """Return title -> every name of the columns of that title."""
    known: dict[str, set[str]] = {}
    for column in (column for table in tables for column in table.columns):
        known.setdefault(column.title, set()).update(column_names(column))
    return known


def column_names(column: TableColumn) -> tuple[str, ...]:
    """Return what a column may be called: title, key, group, setting, metric, or both of these."""
    both = f"{column.setting}/{column.metric}" if column.setting else ""
    kind = "gap" if column.type.value == "gap" else ""
    names = (column.title, column.key, column.group, column.setting, column.metric, column.alias)
    return tuple(filter(None, (*names, both, kind)))


def _ordered(tables: Sequence[Table], request: ReportRequest) -> list[Table]:
    """Sort the lines within their blocks; lines without a value are last."""
    if request.order == NAME:
        return list(tables)
    if request.order == GIVEN:
        return [
            _sorted(table, lambda row: (float(place(request.methods, _called(row))), 0.0))
            for table in tables
        ]
    back = request.order.startswith("-") and not request.order.startswith("-:")
    name = request.order[1:] if back else request.order
    check_matched("column to order by", [name], _known(tables))
    return [_by_column(table, name, -1.0 if back else 1.0) for table in tables]


def _called(row: TableRow) -> tuple[str, ...]:
    """Return the names of a line's method and checkpoints."""
    weights = dict(row.facts).get("checkpoints", "")
    names = (use.partition("=")[2].rpartition("@")[0] for use in weights.split(";"))
    return (row.method, row.label.partition(",")[0], *filter(None, names))


def _by_column(table: Table, name: str, sign: float) -> Table:
    j = next((j for j, c in enumerate(table.columns) if matches(name, column_names(c))), None)
    if j is None:
        return table

    def key(row: TableRow) -> tuple[float, float]:
        value = row.cells[j].value
        return (1.0, 0.0) if math.isnan(value) else (0.0, sign * value)

    return _sorted(table, key)


def _sorted(table: Table, key: Callable[[TableRow], tuple[float, float]]) -> Table:
    rows = [row for _, members in table.blocks() for row in sorted(members, key=key)]
    return replace(table, rows=tuple(rows))


def _captioned(tables: Sequence[Table], request: ReportRequest) -> list[Table]:
    if len(tables) != 1:
        raise ValueError(
            f"a caption or label is for one table, and there are {len(tables)}: choose one with "
            "--tables, --kind or --one-table"
        )
    table = tables[0]
    caption = request.caption
    return [
        replace(
            table,
            title="" if caption else table.title,
            caption=caption or table.caption,
            label=request.label or table.label,
        )
    ]

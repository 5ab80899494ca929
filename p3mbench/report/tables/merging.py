"""Trimap-free and trimap-based methods as blocks of one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from p3mbench.report.analysis.flagging import flag_uses
from p3mbench.report.tables.assembly import marked
from p3mbench.report.tables.model import EMPTY, Role, Table, TableColumn, TableRow, ranked
from p3mbench.report.wording.flagging import with_notes

MERGED = (Role.SETTINGS, Role.SUBSETS)  # tables with one line per method
BOTH = "methods of both kinds"


def one_table(tables: Sequence[Table]) -> list[Table]:
    """Merge tables of one role, benchmark, convention and recipe; each kind becomes a block."""
    groups: dict[tuple[object, ...], list[Table]] = {}
    for table in tables:
        merges = table.role in MERGED
        facts = [f for f in table.facts if f[0] != "trimap_source"] if merges else [table.label]
        groups.setdefault((table.role, table.benchmark, *facts), []).append(table)
    return [_merged(found) if len(found) > 1 else found[0] for found in groups.values()]


def _merged(tables: Sequence[Table]) -> Table:
    tables = sorted(tables, key=lambda table: table.kind != "trimap-free")
    columns = _columns(tables)
    rows = [row for table in tables for row in _rows(table, columns)]
    uses = flag_uses(tally for row in rows for tally in row.tallies)
    first = tables[0]
    own = {f"[{use.mark}]" for table in tables for use in table.flags if use.mark}
    notes = [n for table in tables for n in table.notes if n.partition(" ")[0] not in own]
    return replace(
        first,
        label=first.label.replace(f"-{first.kind}", "", 1),
        title=f"{BOTH.capitalize()} on {first.benchmark}",
        caption=first.caption,
        columns=columns,
        rows=marked(ranked(columns, rows), uses),
        notes=with_notes(notes, uses),
        flags=uses,
        kind="",
        facts=tuple(fact for fact in first.facts if fact[0] != "trimap_source"),
    )


def _columns(tables: Sequence[Table]) -> tuple[TableColumn, ...]:
    """Return the columns of all tables, each once; those of a later one follow their group."""
    found: list[TableColumn] = []
    for table in tables:
        for column in table.columns:
            if any(column.key == other.key for other in found):
                continue
            same = [i for i, other in enumerate(found) if other.group == column.group]
            before = [i for i, other in enumerate(found) if other.type is column.type]
            at = (same or before or [len(found) - 1])[-1] + 1
            found.insert(at, column)
    return tuple(found)


def _rows(table: Table, columns: Sequence[TableColumn]) -> list[TableRow]:
    places = {column.key: j for j, column in enumerate(table.columns)}
    trimaps = dict(table.facts).get("trimap_source", "")
    kind = f"{table.kind.capitalize()} methods"
    if trimaps and table.kind == "trimap-based":
        kind += f" (trimaps: {trimaps})"
    return [
        replace(
            row,
            cells=tuple(row.cells[places[c.key]] if c.key in places else EMPTY for c in columns),
            block=f"{kind}: {row.block}" if row.block else kind,
        )
        for row in table.rows
    ]

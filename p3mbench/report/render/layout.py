"""The width of a table, and the places to split one that is too wide."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from p3mbench.names import plain
from p3mbench.report.tables.model import ColumnType, Table, TableRow, cell_text

GAP = 2  # characters between columns


def label_text(row: TableRow) -> str:
    """Return the label of a line, with letters of the flags that qualify it: "MODNet [a]"."""
    return f"{plain(row.label)} [{','.join(row.marks)}]" if row.marks else plain(row.label)


def text_width(text: str) -> int:
    """Return the columns that ``text`` takes: wide East Asian characters two, combining none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def column_width(table: Table, j: int) -> int:
    """Return the characters of column ``j``: its title or widest cell, with room for a mark."""
    column = table.columns[j]
    texts = [plain(cell_text(row.cells[j], column)) for row in table.rows]
    mark = 1 if column.ranked else 0
    return max(text_width(plain(column.title)), *(text_width(t) + mark for t in texts))


def parts_of(
    table: Table, label: float, widths: Sequence[float], limit: float, gap: float
) -> list[list[int]]:
    """Return the column indices of each part that fits ``limit`` beside a label of ``label``.

    Header groups stay whole unless one alone is too wide. Text columns in front identify a line, so
    every part begins with them. All lengths are in one unit; ``gap`` is the space between columns.
    """
    groups, start = [], 0
    for _, size in table.groups():
        groups.append(list(range(start, start + size)))
        start += size
    lead = next((j for j, c in enumerate(table.columns) if c.type is not ColumnType.TEXT), 0)
    groups[0] = groups[0][lead:]
    label += room(range(lead), widths, gap)
    units: list[list[int]] = []
    for group in groups:
        fits = label + room(group, widths, gap) <= limit
        units += [group] if fits else [[j] for j in group]
    parts: list[list[int]] = [[]]
    for unit in units:
        if parts[-1] and label + room(parts[-1] + unit, widths, gap) > limit:
            parts.append([])
        parts[-1] += unit
    return [[*range(lead), *part] for part in parts]


def blocks_of(table: Table, part: Sequence[int]) -> list[tuple[str, list[TableRow]]]:
    """Return the blocks of a part, without rows (and blocks) that are empty in its columns."""
    values = [j for j in part if table.columns[j].type is not ColumnType.TEXT]
    found = [
        (block, [row for row in rows if any(row.cells[j].attempted for j in values or part)])
        for block, rows in table.blocks()
    ]
    return [(block, rows) for block, rows in found if rows]


def total_width(columns: Sequence[int], widths: Sequence[int]) -> int:
    """Return the characters of some columns together, with the space before each."""
    return sum(GAP + widths[j] for j in columns)


def room(columns: Sequence[int], widths: Sequence[float], gap: float) -> float:
    """Return the width of some columns together, with the space before each, in any unit."""
    return sum(gap + widths[j] for j in columns)

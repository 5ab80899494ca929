"""Tables as GitHub-flavoured Markdown; every name is escaped."""

from __future__ import annotations

import re

from p3mbench.names import plain
from p3mbench.report.render.format import PLAIN, Layout, Look
from p3mbench.report.tables.model import (
    ColumnType,
    Report,
    ShortAnswer,
    Table,
    TableCell,
    TableColumn,
    TableRow,
    cell_text,
)
from p3mbench.report.wording.summary import UNSAID

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$@:])")


def render_markdown(report: Report, look: Look = PLAIN) -> str:
    """Write the report as Markdown: the summary, then caption, table and notes of each table."""
    parts = _answer(report.answer) if report.answer is not None else []
    parts += [_table(table) for table in report.tables]
    parts += [escape(note) for note in report.notes]
    return "\n\n".join(parts) + "\n"


def _answer(answer: ShortAnswer) -> list[str]:
    """Write the summary; all limits stand there, a line each."""
    lines = [f"- {prose(sentence)}" for sentence in answer.sentences]
    limits = [f"{UNSAID}, and why:\n", *(f"- {prose(text)}." for text in answer.doubts)]
    tables = [_table(table) for table in answer.tables]
    said = [*map(prose, answer.about), *tables, prose(answer.legend), "\n".join(lines)]
    said += ["\n".join(limits)] if answer.doubts else []
    return [part for part in said if part]


def escape(text: str) -> str:
    """Escape text, in one line, so that no character means anything to Markdown or HTML."""
    return _SPECIAL.sub(r"\\\1", plain(text))


def prose(text: str) -> str:
    """Escape sentences: only what could open markup, a table cell or HTML gets a backslash."""
    return re.sub(r"([\\`*_\[\]<>|~&$#@])", r"\\\1", plain(text))


def _table(table: Table) -> str:
    heads = [prose(table.head), *(_head(column) for column in table.columns)]
    blocks = table.blocks()
    if any(block for block, _ in blocks):
        heads.insert(0, "Block" if table.role.value == "subsets" else "Setting")
    first = len(heads) - len(table.columns)
    align = [":--"] * first
    align += [":--" if column.type is ColumnType.TEXT else "--:" for column in table.columns]
    lines = [_line(heads), _line(align)]
    for block, rows in blocks:
        lines += [_line(_row(table, row, block)) for row in rows]
    caption = f"**{prose(table.title)}.** " if table.title else ""
    caption += prose(table.caption)
    if table.marked:
        caption += " Best in bold, second underlined."
    notes = "\n".join(f"- {prose(note)}" for note in table.notes)
    return "\n\n".join(part for part in (caption, "\n".join(lines), notes) if part)


def _head(column: TableColumn) -> str:
    title = prose(column.title)
    return f"{prose(column.group)} {title}" if column.group else title


def _row(table: Table, row: TableRow, block: str) -> list[str]:
    marks = f" <sup>{','.join(row.marks)}</sup>" if row.marks else ""
    cells = [escape(row.label) + marks]
    if any(name for name, _ in table.blocks()):
        cells.insert(0, prose(block))
    return cells + [_cell(c, k) for c, k in zip(row.cells, table.columns, strict=True)]


def _cell(cell: TableCell, column: TableColumn) -> str:
    text = prose(cell_text(cell, column))
    if cell.rank == 1:
        return f"**{text}**"
    return f"<ins>{text}</ins>" if cell.rank == 2 else text


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


FORMAT = Layout(
    name="markdown",
    purpose="for GitHub and notes",
    suffixes=(".md", ".markdown"),
    lay_out=render_markdown,
    order=20,
)

"""Tables for a terminal: aligned Unicode, split into parts that fit the width."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from p3mbench.names import plain
from p3mbench.report.render.format import Layout, Look
from p3mbench.report.render.layout import (
    GAP,
    blocks_of,
    column_width,
    label_text,
    parts_of,
    text_width,
    total_width,
)
from p3mbench.report.tables.model import (
    ColumnType,
    Report,
    ShortAnswer,
    Table,
    TableRow,
    cell_text,
)
from p3mbench.report.wording.summary import UNSAID

BOLD, UNDERLINE, RESET = "\x1b[1m", "\x1b[4m", "\x1b[0m"
# Marks after best and second, for screens without bold and underline.
MARKS = {0: " ", 1: "*", 2: "+"}
LEGENDS = {False: "* best, + second.", True: "Best bold, second underlined."}
SPACE = " " * GAP
LEAST_LABEL = 24  # columns of a label in the summary


def render_terminal(report: Report, look: Look) -> str:
    """Write the report as text, at most ``look.width`` wide where a label and one group fit."""
    parts = [_answer(report, report.answer, look)] if report.answer is not None else []
    parts += [_table(table, ansi=look.ansi, width=look.width) for table in report.tables]
    last = [*report.notes, *([report.rest] if report.rest else [])]
    parts += ["\n".join(line for note in last for line in _wrapped(note, look.width))] * bool(last)
    between = "\n" if report.answer is not None and not report.tables else "\n\n\n"
    return between.join(parts) + "\n"


def _answer(report: Report, answer: ShortAnswer, look: Look) -> str:
    """Write the summary compactly: the small tables share the widths of their columns."""
    lines = [line for text in answer.about for line in _wrapped(text, look.width, "  ")]
    labels = [f"  {label_text(row)}" for table in answer.tables for row in table.rows]
    labels += [table.head for table in answer.tables]
    widths = _common_widths(answer.tables)
    room = max(look.width - total_width(range(len(widths)), widths), LEAST_LABEL)
    label = min(max(map(text_width, labels), default=0), room)
    rule = "─" * min(look.width, label + total_width(range(len(widths)), widths))
    lines += ["", rule] if answer.tables else [""]
    for table in answer.tables:
        part = range(len(table.columns))
        head = _heading(table, label, widths)
        lines.append(f"{BOLD}{head}{RESET}" if look.ansi else head)
        for row in table.rows:
            indented = replace(row, label=_cut(f"  {row.label}", row, label))
            lines.append(_row(table, indented, part, label, widths, look.ansi).rstrip())
    lines += [rule, *_wrapped(answer.legend, look.width)] if answer.tables else []
    limits = [f"{UNSAID}: {text}." for text in answer.doubts] if report.tables else [answer.limits]
    for sentence in (*answer.sentences, *filter(None, limits)):
        lines += _wrapped(f"- {sentence}", look.width, "  ")
    return "\n".join(lines)


def _cut(label: str, row: TableRow, width: int) -> str:
    """Return a label that fits beside its marks; the end of a long one becomes "…"."""
    label = plain(label)
    room = width - (text_width(label_text(row)) - text_width(plain(row.label)))
    return label if text_width(label) <= room else label[: max(room - 1, 1)] + "…"


def _common_widths(tables: Sequence[Table]) -> list[int]:
    """Return the width of each column over some tables, so that their columns are aligned."""
    each = [[column_width(table, j) for j in range(len(table.columns))] for table in tables]
    return [max(found) for found in zip_longest(*each, fillvalue=0)]


def _heading(table: Table, label: int, widths: Sequence[int]) -> str:
    """Return the line of the titles of columns."""
    titles = [
        _pad(plain(column.title), widths[j], left=_is_text(table, j))
        for j, column in enumerate(table.columns)
    ]
    return SPACE.join([_pad(plain(table.head), label, left=True), *titles]).rstrip()


def _pad(text: str, width: int, *, left: bool = False) -> str:
    space = " " * max(0, width - text_width(text))
    return text + space if left else space + text


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    return textwrap.wrap(plain(text), width, subsequent_indent=indent, break_on_hyphens=False)


def _table(table: Table, *, ansi: bool, width: int) -> str:
    lines = _wrapped(table.title, width)
    if ansi:
        lines = [f"{BOLD}{line}{RESET}" for line in lines]
    label_width = max(text_width(label) for label in _labels(table))
    widths = [column_width(table, j) for j in range(len(table.columns))]
    for part in parts_of(table, label_width, widths, width, GAP):
        alone = _text_alone(table, part)
        if alone and label_width + total_width(part, widths) > width:
            lines += ["", *_as_list(table, part, width)]
        else:
            lines += ["", *_part(table, part, label_width, widths, ansi)]
    legend = [LEGENDS[ansi]] if table.marked else []
    lines += ["", *_wrapped(" ".join([table.caption, *legend]), width)]
    for note in table.notes:
        lines += _wrapped(f"- {note}", width, "  ")
    return "\n".join(line.rstrip() for line in lines)


def _labels(table: Table) -> list[str]:
    return [table.head, *map(label_text, table.rows), *(plain(row.block) for row in table.rows)]


def _part(
    table: Table, part: Sequence[int], label: int, widths: Sequence[int], ansi: bool
) -> list[str]:
    widths = list(widths)
    spans: list[tuple[str, list[int]]] = []
    for j in part:
        group = plain(table.columns[j].group)
        if spans and spans[-1][0] == group:
            spans[-1][1].append(j)
        else:
            spans.append((group, [j]))
    for group, columns in spans:  # a group's title may be wider than its columns
        widths[columns[0]] += max(0, text_width(group) - (total_width(columns, widths) - GAP))
    rule = "─" * (label + total_width(part, widths))
    lines = []
    if any(group for group, _ in spans):
        heads = [_centred(group, total_width(columns, widths) - GAP) for group, columns in spans]
        lines.append(SPACE.join([" " * label, *heads]))
    titles = [_pad(plain(table.columns[j].title), widths[j], left=_is_text(table, j)) for j in part]
    lines += [SPACE.join([_pad(table.head, label, left=True), *titles]), rule]
    for i, (block, rows) in enumerate(blocks_of(table, part)):
        if block:
            lines += [*([rule] if i else []), plain(block)]
        lines += [_row(table, row, part, label, widths, ansi) for row in rows]
    return [*lines, rule]


def _text_alone(table: Table, part: Sequence[int]) -> bool:
    """Whether a part has only text after the columns that identify a line."""
    return len(part) > 1 and all(_is_text(table, j) for j in part)


def _as_list(table: Table, part: Sequence[int], width: int) -> list[str]:
    """Write a column of long text as wrapped lines, each after its label."""
    *lead, last = part
    lines = [f"{table.columns[last].title}:"]
    for row in table.rows:
        if row.cells[last].text:
            about = ", ".join([label_text(row), *(row.cells[j].text for j in lead)])
            lines += _wrapped(f"- {about}: {row.cells[last].text}", width, "  ")
    return lines


def _centred(text: str, width: int) -> str:
    """Centre the group's title in a line that spans its columns."""
    if not text:
        return " " * width
    free = max(0, width - text_width(text))
    if free < 2:
        return text + " " * free
    left = (free - 2) // 2
    return f"{'╌' * left} {text} {'╌' * (free - 2 - left)}"


def _is_text(table: Table, j: int) -> bool:
    return table.columns[j].type is ColumnType.TEXT


def _row(
    table: Table,
    row: TableRow,
    part: Sequence[int],
    label: int,
    widths: Sequence[int],
    ansi: bool,
) -> str:
    cells = [_pad(label_text(row), label, left=True)]
    for j in part:
        column, cell = table.columns[j], row.cells[j]
        text = plain(cell_text(cell, column))
        mark = MARKS[cell.rank] if column.ranked and not ansi else " " if column.ranked else ""
        padded = _pad(text + mark, widths[j], left=_is_text(table, j))
        style = {1: BOLD, 2: UNDERLINE}.get(cell.rank) if ansi else None
        cells.append(padded.replace(text, f"{style}{text}{RESET}") if style else padded)
    return SPACE.join(cells)


FORMAT = Layout(
    name="table",
    purpose="for a screen",
    suffixes=(".txt",),
    lay_out=render_terminal,
    opens=("summary",),
    order=10,
)

"""The table model: the contents of tables and their meaning. Renderers only lay out and escape.

This module decides best, second, missing and incomplete, once for every format.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from p3mbench.report.analysis.comparison import Comparison
from p3mbench.report.analysis.flagging import FlagUse, Tally
from p3mbench.report.analysis.overview import Overview
from p3mbench.report.request import Decimals
from p3mbench.report.wording.numbers import (
    MISSING,
    decimals_of,
    fitted_decimals,
    interval_text,
    p_text,
    spread_text,
)

NAN = float("nan")


class Role(StrEnum):
    """The question that a table answers."""

    SUMMARY = "summary"  # what a report says first: the lines that tell most
    SETTINGS = "settings"  # method x TRAIN:TEST, as Tables 1 and 2 of the P3M paper
    CROSSED = "train-by-test"  # every train setting x every test variant, by method
    SUBSETS = "subsets"  # P against NP, as its Table 3
    GAPS = "gaps"  # every gap with interval, tests and median
    DETAIL = "detail"  # mean with interval, median, worst images, ranks
    SEEDS = "seeds"  # spread over training seeds
    PRICE = "price"  # error by variant, with the faces still found
    PUBLISHED = "published"  # published figures beside measured means
    PROVENANCE = "provenance"  # checkpoints, hashes, code and versions
    IMAGES = "images"  # one line per stored row
    CHANGES = "changes"  # two stores side by side


class ColumnType(StrEnum):
    """The contents of a column's cells."""

    TEXT = "text"
    MEAN = "mean"  # of an error: lower is better
    INTERVAL = "interval"  # a mean with its interval
    GAP = "gap"  # signed difference with its interval
    NUMBER = "number"
    SIGNED = "signed"  # signed difference without an interval
    SHARE = "share"  # in [0, 1], shown as per cent
    P_VALUE = "p"


@dataclass(frozen=True, kw_only=True)
class TableColumn:
    """One column.

    Attributes:
        key: unique in its table, for output; no code parses it.
        title: below the group's title.
        group: title of the header group above it ("" = none); neighbours share it.
        type: of its cells.
        decimals: shown; never applied to stored values.
        metric, setting: of its cells ("" if that varies by row).
        ranked: whether best and second are marked.
        alias: another name to choose it by: of its contrast.
    """

    key: str
    title: str
    type: ColumnType
    group: str = ""
    decimals: int = 2
    metric: str = ""
    setting: str = ""
    ranked: bool = False
    alias: str = ""


@dataclass(frozen=True, kw_only=True)
class TableCell:
    """One cell.

    Attributes:
        value: mean, gap, share or p-value in raw units; NaN if missing.
        text: for text columns.
        low, high: interval; NaN if there is none.
        n: number of images behind the value.
        total: number that should be: the images that any method of the table was run on.
        failed: number of images on which the method failed. undefined: number without such a score.
        attempted: False if there is no row at all; the cell is then empty, not incomplete.
        median, p_value, p_holm, share: of a gap or mean, where known; NaN otherwise. `share` is the
            part of the worst five images.
        rank: 1 best, 2 second, 0 neither.
        spread, seeds: sample standard deviation over training seeds, and their number; NaN and 0
            for a value of one training.
    """

    value: float = NAN
    text: str = ""
    low: float = NAN
    high: float = NAN
    n: int = 0
    total: int = 0
    failed: int = 0
    undefined: int = 0
    attempted: bool = True
    median: float = NAN
    p_value: float = NAN
    p_holm: float = NAN
    share: float = NAN
    rank: int = 0
    spread: float = NAN
    seeds: int = 0

    @property
    def missing(self) -> bool:
        """Whether there is nothing to show."""
        return not self.text and math.isnan(self.value)

    @property
    def complete(self) -> bool:
        """Whether the value covers every image that it should."""
        return self.n >= self.total


EMPTY = TableCell(attempted=False)


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """One line: a label, its method, its cells in column order, and its block.

    Rows of one block are together under the block's title; best and second are per block.

    Attributes:
        tallies: the flags of the stored rows behind the line.
        marks: letters of the flags that qualify it, as `Table.flags` gives them.
        source: key of the publication of a line that was not measured here; such a line competes
            for no rank.
    """

    label: str
    method: str
    cells: tuple[TableCell, ...]
    block: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    tallies: tuple[Tally, ...] = ()
    marks: tuple[str, ...] = ()
    source: str = ""

    @property
    def flags(self) -> dict[str, int]:
        """Flag -> number of the rows behind the line that have it, in order of name."""
        found: dict[str, int] = {}
        for tally in self.tallies:
            for flag, n in tally.flags:
                found[flag] = found.get(flag, 0) + n
        return dict(sorted(found.items()))


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table ready to be laid out.

    Attributes:
        label: an ASCII slug, unique in its report.
        title: contents and images, short enough for a headline; without a full stop.
        caption: how to read it, in full sentences.
        notes: everything else that a reader must know, a sentence each.
        facts: what its rows have in common, for machines.
        flags: of the stored rows behind it; the notes explain them.
        head: title of the column of labels.
    """

    role: Role
    label: str
    title: str
    caption: str
    columns: tuple[TableColumn, ...]
    rows: tuple[TableRow, ...]
    notes: tuple[str, ...] = ()
    benchmark: str = ""
    kind: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    flags: tuple[FlagUse, ...] = ()
    head: str = "Method"

    def groups(self) -> list[tuple[str, int]]:
        """Header groups as (title, number of columns), left to right."""
        found: list[tuple[str, int]] = []
        for column in self.columns:
            if found and found[-1][0] == column.group:
                found[-1] = (column.group, found[-1][1] + 1)
            else:
                found.append((column.group, 1))
        return found

    def blocks(self) -> list[tuple[str, list[TableRow]]]:
        """Rows by block, in order of first appearance."""
        found: dict[str, list[TableRow]] = {}
        for row in self.rows:
            found.setdefault(row.block, []).append(row)
        return list(found.items())

    @property
    def marked(self) -> bool:
        """Whether any cell is marked best or second."""
        return any(cell.rank for row in self.rows for cell in row.cells)

    def fitted(self) -> Table:
        """Return the table with the decimals that its numbers need; see `fitted_decimals`."""
        errors: dict[str, list[float]] = {}
        for j, column in enumerate(self.columns):
            if column.type in (ColumnType.MEAN, ColumnType.INTERVAL):
                values = [row.cells[j].value for row in self.rows]
                errors.setdefault(column.metric, []).extend(values)
        columns = []
        for j, column in enumerate(self.columns):
            gap = column.type is ColumnType.GAP
            widths = [row.cells[j].high - row.cells[j].low for row in self.rows] if gap else ()
            decimals = fitted_decimals(column.metric, errors.get(column.metric, ()), widths)
            columns.append(replace(column, decimals=decimals))
        return self._with_columns(columns)

    def with_precision(self, precision: Decimals) -> Table:
        """Return the table with errors shown to these decimals; ties are decided again."""
        columns = [
            replace(c, decimals=decimals_of(precision, c.metric, c.decimals)) for c in self.columns
        ]
        return self._with_columns(columns)

    def _with_columns(self, columns: Sequence[TableColumn]) -> Table:
        """Return the table with the decimals of ``columns``, in cells that are errors."""
        shown = {ColumnType.MEAN, ColumnType.GAP, ColumnType.INTERVAL, ColumnType.SIGNED}
        new = tuple(
            replace(old, decimals=column.decimals) if old.type in shown else old
            for old, column in zip(self.columns, columns, strict=True)
        )
        return replace(self, columns=new, rows=ranked(new, self.rows))


@dataclass(frozen=True, kw_only=True)
class ShortAnswer:
    """The summary of a report, in words and small tables.

    Attributes:
        about: what was compared, a sentence each.
        tables: one per section, with the lines that tell most.
        legend: explains the marks; "" without gaps.
        sentences: the losses and the best methods.
        limits: what the results do not show, in one sentence; "" for nothing.
        doubts: all of that and why, as clauses.
    """

    about: tuple[str, ...]
    tables: tuple[Table, ...]
    legend: str
    sentences: tuple[str, ...]
    limits: str
    doubts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Every table of a set of rows, in reading order, and notes on all of them.

    Attributes:
        answer: the summary; None without rows, and if it was not selected.
        rest: where the tables are that are not here; "" for nowhere.
        comparisons: the numbers behind the tables, for plots and the page.
        overview: the rows in numbers; None without rows.
    """

    tables: tuple[Table, ...]
    notes: tuple[str, ...] = ()
    answer: ShortAnswer | None = None
    rest: str = ""
    comparisons: tuple[Comparison, ...] = field(default=(), compare=False)
    overview: Overview | None = field(default=None, compare=False)

    def noted(self, notes: Sequence[str]) -> Report:
        """Return the report with more notes before its own, such as which rows were left out."""
        return replace(self, notes=(*notes, *self.notes))

    def with_precision(self, precision: Decimals | int | None) -> Report:
        """Return the report with errors shown to other decimals; unchanged if that is None.

        Raises:
            ValueError: a number of decimals is negative or above 10.
        """
        if precision is None:
            return self
        wanted = Decimals(precision) if isinstance(precision, int) else precision
        answer = self.answer and replace(
            self.answer, tables=tuple(t.with_precision(wanted) for t in self.answer.tables)
        )
        tables = tuple(t.with_precision(wanted) for t in self.tables)
        return replace(self, answer=answer, tables=tables)

    def select(self, *roles: Role | str) -> Report:
        """Return the report with only the tables of these roles, in its own order."""
        wanted = {Role(role) for role in roles}
        answer = self.answer if Role.SUMMARY in wanted else None
        return replace(
            self, answer=answer, tables=tuple(t for t in self.tables if t.role in wanted)
        )

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of its tables, in reading order, each once."""
        return tuple(dict.fromkeys(table.role.value for table in self.tables))


def cell_text(cell: TableCell, column: TableColumn, *, bare: bool = False) -> str:
    """Write a cell as plain Unicode text; ``bare`` leaves out the "(18/24)" of incomplete ones."""
    if column.type is ColumnType.TEXT:
        return cell.text or MISSING
    if not cell.attempted:
        return MISSING
    text = _value_text(cell, column)
    counted = column.type in (ColumnType.MEAN, ColumnType.GAP, ColumnType.INTERVAL)
    if counted and not cell.complete and not bare:
        return f"{text} ({cell.n}/{cell.total})"
    return text


def _value_text(cell: TableCell, column: TableColumn) -> str:
    if column.type is ColumnType.P_VALUE:
        return p_text(cell.value)
    if column.type is ColumnType.SHARE:
        few = 0 < cell.value < 0.1  # rare failures need a decimal
        return MISSING if cell.missing else f"{100 * cell.value:.{1 if few else 0}f} %"
    signed = column.type in (ColumnType.GAP, ColumnType.SIGNED)
    if cell.seeds:
        return spread_text(cell.value, cell.spread, column.decimals, sign=signed)
    return interval_text(cell.value, cell.low, cell.high, column.decimals, sign=signed)


def ranked(columns: Sequence[TableColumn], rows: Iterable[TableRow]) -> tuple[TableRow, ...]:
    """Mark best and second again, block by block.

    Lower is better. Only complete cells compete, and only if they do not all print alike. Values
    that print alike are tied, and all are best (or second): no reader could tell them apart.
    """
    rows = tuple(rows)
    cells = [list(row.cells) for row in rows]
    for block in {row.block for row in rows if not row.source}:
        members = [i for i, row in enumerate(rows) if row.block == block and not row.source]
        for j, column in enumerate(columns):
            ranks = _ranks([cells[i][j] for i in members], column)
            for i, rank in zip(members, ranks, strict=True):
                if cells[i][j].rank != rank:
                    cells[i][j] = replace(cells[i][j], rank=rank)
    return tuple(replace(row, cells=tuple(new)) for row, new in zip(rows, cells, strict=True))


def _ranks(cells: list[TableCell], column: TableColumn) -> list[int]:
    competing = {
        i: f"{cell.value:.{column.decimals}f}"
        for i, cell in enumerate(cells)
        if column.ranked and not cell.missing and cell.complete
    }
    order = sorted(set(competing.values()), key=float)
    if len(order) < 2:  # a single one, or all alike
        return [0] * len(cells)
    return [
        order.index(competing[i]) + 1 if i in competing and competing[i] in order[:2] else 0
        for i in range(len(cells))
    ]

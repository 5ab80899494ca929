"""The short answer: what was compared, the lines that tell most, and three sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from p3mbench.flags import qualifies
from p3mbench.report.analysis.comparison import Comparison
from p3mbench.report.analysis.overview import Overview
from p3mbench.report.analysis.summary import SummaryLine, SummarySection, summarised
from p3mbench.report.tables.assembly import (
    entry_row,
    line_cell,
    line_gap_cell,
    score_column,
    table_of,
    text_column,
)
from p3mbench.report.tables.model import ColumnType, Role, ShortAnswer, Table, TableCell, TableRow
from p3mbench.report.wording.summary import (
    DOUBT,
    about,
    doubts,
    legend,
    limits,
    section_title,
    sentences,
    verdict,
)
from p3mbench.report.wording.titles import slug

MOST_TABLES = 4  # sections that are shown
MOST_LINES = 8  # in all sections together


def short_answer(comparisons: Sequence[Comparison], overview: Overview | None) -> ShortAnswer:
    """Make the summary of the comparisons."""
    summary = summarised(comparisons)
    shown = summary.sections[:MOST_TABLES]
    said = list(about(comparisons))
    clauses = doubts(summary, overview)
    left = len(summary.sections) - len(shown)
    if left:
        said.append(f"Shown: {len(shown)} of {len(summary.sections)} sets of methods and settings.")
    each = zip(shown, _allotted([len(one.lines) for one in shown]), strict=True)
    tables = tuple(_table(section, limit) for section, limit in each if section.lines)
    rows = [row for table in tables for row in table.rows]
    doubtful = any(DOUBT in cell.text for row in rows for cell in row.cells)
    return ShortAnswer(
        about=tuple(said),
        tables=tables,
        legend=legend(summary, doubtful),
        sentences=sentences(summary),
        limits=limits(clauses),
        doubts=tuple(clauses),
    )


def _allotted(sizes: Sequence[int], most: int = MOST_LINES) -> list[int]:
    """Share some lines among sections, one by one, as long as a section has more."""
    given = [0] * len(sizes)
    while most > 0 and any(g < size for g, size in zip(given, sizes, strict=True)):
        for i, size in enumerate(sizes):
            if given[i] < size and most > 0:
                given[i], most = given[i] + 1, most - 1
    return given


def _table(section: SummarySection, limit: int) -> Table:
    comparison, metric = section.comparison, section.comparison.metric
    several = len({at.subset for at in section.places}) > 1
    columns = [
        score_column(
            f"{at.subset}/{at.setting.train}:{at.setting.test}",
            f"{at.subset} {at.setting.title}" if several else at.setting.title,
            metric,
        )
        for at in section.places
    ]
    if section.found is not None:
        name = f"{section.found.contrast.name} [interval]"
        columns.append(score_column("gap", name, metric, ColumnType.GAP))
    columns.append(text_column("marks", ""))
    lines = section.telling(limit)
    rows = [_row(section, line) for line in lines]
    train = section.places[0].setting.train if section.places else ""
    label = (Role.SUMMARY, slug(train), slug(section.found.contrast.name) if section.found else "")
    title = section_title(section, len(lines))
    table = table_of(comparison, label, (title, ""), columns, rows, ())
    unmarked = tuple(replace(row, marks=()) for row in table.rows)
    return replace(table, head=title, title="", rows=unmarked, notes=())


def _row(section: SummarySection, told: SummaryLine) -> TableRow:
    """Make a line; marks, not "(18/24)" in each cell, say what to know about it."""
    comparison, line = section.comparison, told.line
    cells = [line_cell(comparison, line, at) for at in section.places]
    if section.found is not None:
        cells.append(line_gap_cell(told.gaps))
        cells = [replace(cell, n=cell.total) for cell in cells]
    row = entry_row(line, cells, section.places)
    marks = verdict(told, any(map(qualifies, row.flags)))
    return replace(row, cells=(*row.cells, TableCell(text=marks or " ")))

"""Published figures next to measured means, in a table of their own so that none is mixed up."""

from __future__ import annotations

from p3mbench.flags import IMPORTED
from p3mbench.published import sources
from p3mbench.report.analysis.comparison import BesidePublished, Comparison
from p3mbench.report.analysis.flagging import sources as counted
from p3mbench.report.tables import notes
from p3mbench.report.tables.assembly import (
    entry_row,
    mean_cell,
    score_column,
    table_of,
    text_column,
)
from p3mbench.report.tables.model import EMPTY, ColumnType, Role, Table, TableCell, TableRow
from p3mbench.report.wording.numbers import count, metric_display
from p3mbench.report.wording.titles import kind_title

MEASURED = "measured"
DIFFERENCE = (
    "Difference is measured minus published. A difference may come from other weights, another "
    "strategy, other decoding or another metric code; what the source says is in the note."
)
NOT_COMPARED = (
    "An imported score has no difference: it may be the published result itself, per image."
)


def published_table(comparison: Comparison, metric: str) -> Table | None:
    """Show every published figure in ``metric`` of a measured entry, with source and difference.

    None if there is no such pair.
    """
    found = [beside for beside in comparison.published if beside.at.metric == metric]
    if not found:
        return None
    rows = [_row(beside) for beside in found]
    measured = _origin(rows)
    columns = [
        text_column("setting", "Setting"),
        score_column("published", "Published", metric, ColumnType.NUMBER),
        score_column("measured", measured.capitalize(), metric),
        score_column("difference", "Difference", metric, ColumnType.SIGNED),
        text_column("source", "Source"),
        text_column("note", "Note"),
    ]
    used = dict.fromkeys(beside.figure.source for beside in found)
    said = [f"{key}: {sources()[key].title}; {sources()[key].where}." for key in used]
    entries, shown = comparison.entries, metric_display(metric)
    title = f"{kind_title(entries)}: published {shown.title} beside {measured}"
    sentences = {MEASURED: (DIFFERENCE,), IMPORTED: (NOT_COMPARED,)}
    caption = " ".join(
        [*sentences.get(measured, (DIFFERENCE, NOT_COMPARED)), notes.recipe(entries)]
    )
    return table_of(comparison, (Role.PUBLISHED, metric), (title, caption), columns, rows, said)


def _origin(rows: list[TableRow]) -> str:
    """Say where the means of the table come from: "measured", "imported" or both."""
    imported, every = counted(tally for row in rows for tally in row.tallies)
    if not imported:
        return MEASURED
    return IMPORTED if imported == every else f"{MEASURED} or {IMPORTED}"


def _row(beside: BesidePublished) -> TableRow:
    figure, mean, at = beside.figure, beside.mean, beside.at
    cells = (
        TableCell(text=f"{at.subset} {at.setting.title}"),
        TableCell(value=figure.value, n=beside.full, total=beside.full),
        mean_cell(mean),
        EMPTY
        if beside.imported
        else TableCell(value=mean.value - figure.value, n=mean.n, total=mean.n),
        TableCell(text=f"{figure.source}, {figure.where}"),
        TableCell(text="; ".join(_remarks(beside))),
    )
    return entry_row(beside.entry, cells, [at])


def _remarks(beside: BesidePublished) -> list[str]:
    """Say what makes a figure and a mean hard to compare."""
    figure, entry, n = beside.figure, beside.entry, beside.mean.n
    done = IMPORTED if beside.imported else MEASURED
    found = []
    if n < beside.full:
        found.append(f"{done} on {n} of {count(beside.full, 'image')}: not comparable")
    if figure.strategy and figure.strategy != entry.strategy:
        found.append(f"published by {figure.strategy}, {done} by {entry.strategy or 'none named'}")
    if figure.origin != "authors":
        found.append({"compared": "by others"}.get(figure.origin, figure.origin))
    if figure.conflict:
        found.append(f"conflict: {figure.conflict}")
    if figure.note:
        found.append(figure.note)
    return found

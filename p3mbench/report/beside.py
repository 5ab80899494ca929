"""Published figures beside measured means: a table of its own, so that they are never mixed up."""

from __future__ import annotations

from collections.abc import Mapping

from p3mbench.flags import IMPORTED
from p3mbench.published import BENCHMARK, Figure, figures, sources
from p3mbench.report import captions, flagging
from p3mbench.report.cells import mean_cell
from p3mbench.report.display import count, metric_display
from p3mbench.report.entries import Entry
from p3mbench.report.gaps import Place, Setting
from p3mbench.report.model import EMPTY, Cell, Column, ColumnType, Role, Row, Table
from p3mbench.report.tables import Plan

MEASURED = "measured"
NOT_COMPARED = (
    "An imported score has no difference: it may be the published result itself, per image."
)


def published_table(plan: Plan, metric: str) -> Table | None:
    """Every published figure in ``metric`` of a measured entry, its source, and the difference.

    A figure belongs to an entry of its method, subset, train and test setting. None if there is no
    such pair, as on any benchmark but P3M-500.
    """
    entries = plan.entries
    if entries.benchmark != BENCHMARK:
        return None
    shown = metric_display(metric)
    rows = []
    used: dict[str, None] = {}
    for entry in entries.entries:
        for figure in figures(entry.method):
            setting = Setting(figure.train, figure.test)
            if figure.metric != metric or not _asked(plan, setting):
                continue
            cell = mean_cell(entries, entry, Place(figure.subset, setting, metric))
            if cell is EMPTY:
                continue
            used[figure.source] = None
            rows.append(_row(entry, figure, cell, entries.expected))
    if not rows:
        return None
    measured = _origin(rows)
    columns = [
        Column(key="setting", title="Setting", type=ColumnType.TEXT),
        _number("published", "Published", metric, ColumnType.NUMBER),
        _number("measured", measured.capitalize(), metric, ColumnType.MEAN),
        _number("difference", "Difference", metric, ColumnType.SIGNED),
        Column(key="source", title="Source", type=ColumnType.TEXT),
        Column(key="note", title="Note", type=ColumnType.TEXT),
    ]
    notes = [f"{key}: {sources()[key].title}; {sources()[key].where}." for key in used]
    title = f"{captions.kind_title(entries)}: published {shown.title} beside {measured}"
    difference = (
        "Difference is measured minus published. A difference may come from other weights, another "
        "strategy, other decoding or another metric code; what the source says is in the note."
    )
    said = {MEASURED: (difference,), IMPORTED: (NOT_COMPARED,)}
    sentences = said.get(measured, (difference, NOT_COMPARED))
    caption = " ".join([*sentences, captions.recipe(entries)])
    return plan.table(Role.PUBLISHED, (title, caption), columns, rows, notes, (metric,))


def _origin(rows: list[Row]) -> str:
    """Where the means of the table come from: "measured", "imported" or both."""
    imported, every = flagging.sources(tally for row in rows for tally in row.tallies)
    if not imported:
        return MEASURED
    return IMPORTED if imported == every else f"{MEASURED} or {IMPORTED}"


def _asked(plan: Plan, setting: Setting) -> bool:
    return plan.settings is None or setting in plan.settings


def _number(key: str, title: str, metric: str, kind: ColumnType) -> Column:
    decimals = metric_display(metric).decimals
    return Column(key=key, title=title, type=kind, decimals=decimals, metric=metric)


def _row(
    entry: Entry, figure: Figure, measured: Cell, expected: Mapping[tuple[str, str], int]
) -> Row:
    full = expected.get((figure.subset, figure.test), measured.n)
    setting = Setting(figure.train, figure.test)
    found = flagging.tallies(entry, [(figure.subset, setting)])
    imported = flagging.sources(found)[0] > 0
    done = IMPORTED if imported else MEASURED
    notes = []
    if measured.n < full:
        notes.append(f"{done} on {measured.n} of {count(full, 'image')}: not comparable")
    if figure.strategy and figure.strategy != entry.strategy:
        notes.append(f"published by {figure.strategy}, {done} by {entry.strategy or 'none named'}")
    if figure.origin != "authors":
        notes.append({"compared": "by others"}.get(figure.origin, figure.origin))
    if figure.conflict:
        notes.append(f"conflict: {figure.conflict}")
    if figure.note:
        notes.append(figure.note)
    return Row(
        label=entry.label,
        method=entry.method,
        cells=(
            Cell(text=f"{figure.subset} {setting.title}"),
            Cell(value=figure.value, n=full, total=full),
            measured,
            EMPTY
            if imported
            else Cell(value=measured.value - figure.value, n=measured.n, total=measured.n),
            Cell(text=f"{figure.source}, {figure.where}"),
            Cell(text="; ".join(notes)),
        ),
        facts=entry.facts,
        tallies=found,
    )

"""Two stores side by side: a table per changed metric, and notes on everything else."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from p3mbench.report.analysis.changes import Changes, Moved, ScoreChange
from p3mbench.report.analysis.entries import departures
from p3mbench.report.tables.assembly import number_column, score_column, text_column
from p3mbench.report.tables.model import ColumnType, Report, Role, Table, TableCell, TableRow
from p3mbench.report.wording.flagging import qualifying_notes
from p3mbench.report.wording.numbers import count, metric_display


def changes_report(changes: Changes) -> Report:
    """Make the tables and notes of the changes."""
    names = [side.name for side in changes.sides]
    by_metric = groupby(changes.scores, key=lambda change: change.metric)
    tables = tuple(_table(metric, list(found), names) for metric, found in by_metric)
    notes = [
        f"{changes.equal:,} of {changes.common:,} common rows have equal scores.",
        *_alone(changes),
        *(f"{m.what}: {count(m.rows, 'image')} went from {m.before} to {m.after}."
          for m in changes.statuses),
        *map(_weights, changes.weights),
        *(f"Environment, {m.what}: {m.before} became {m.after}." for m in changes.environment),
        *(f"{m.what}: its code was {m.before} and is {m.after}." for m in changes.codes),
        *(f"{s.name}: {note}" for s in changes.sides for note in s.notes),
        *(f"{s.name}: {note}" for s in changes.sides for note in qualifying_notes(s.flags)),
    ]  # fmt: skip
    return Report(tables=tables, notes=tuple(notes))


def _table(metric: str, found: Sequence[ScoreChange], names: Sequence[str]) -> Table:
    """Make a table with a line per method and setting whose metric changed."""
    title = metric_display(metric).title
    columns = (
        text_column("place", "Setting"),
        score_column("a", names[0], metric),
        score_column("b", names[1], metric),
        score_column("change", "Change", metric, ColumnType.SIGNED, extra=2),
        score_column("largest", "Largest", metric, ColumnType.SIGNED, extra=2),
        text_column("image", "at image"),
        number_column("changed", "Images changed"),
    )
    return Table(
        role=Role.CHANGES,
        label=f"p3mbench-changes-{metric.replace('_', '-')}",
        title=f"{title}: what changed from {names[0]} to {names[1]}",
        caption="Means over the images that both have scores for; change = second minus first.",
        columns=columns,
        rows=tuple(map(_row, found)),
    )


def _row(change: ScoreChange) -> TableRow:
    seed = f"seed {change.seed}" if change.seed else ""
    numbers = (change.before, change.after, change.change, change.largest)
    return TableRow(
        label=", ".join(filter(None, (change.title, departures(change.options), seed))),
        method=change.method,
        cells=(
            TableCell(text=f"{change.subset} {change.setting.title}"),
            *(TableCell(value=v, n=change.images, total=change.images) for v in numbers),
            TableCell(text=change.image),
            TableCell(value=float(change.changed)),
        ),
        block=" ".join(filter(None, (change.benchmark, change.strategy, change.obfuscation))),
    )


def _alone(changes: Changes) -> list[str]:
    """Say how many rows are in one store only, by method."""
    notes = []
    for side in changes.sides:
        if side.alone:
            listed = ", ".join(f"{method} ({n:,})" for method, n in side.alone.items())
            rows = count(sum(side.alone.values()), "row")
            notes.append(f"Only in {side.name}: {rows}: {listed}.")
    return notes


def _weights(moved: Moved) -> str:
    before, after = (sha[:8] or "none" for sha in (moved.before, moved.after))
    return f"{moved.what}, trained on {moved.train}: checkpoint {before} became {after}."

"""The stored rows themselves, one line per image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from p3mbench import flags
from p3mbench.metrics.table import METRICS
from p3mbench.report.analysis.entries import departures
from p3mbench.report.analysis.flagging import Tally, flag_uses
from p3mbench.report.analysis.grouping import IDENTITY, as_text, metric_order
from p3mbench.report.tables.assembly import marked, score_column, text_column
from p3mbench.report.tables.model import (
    ColumnType,
    Role,
    Table,
    TableCell,
    TableColumn,
    TableRow,
)
from p3mbench.report.wording.flagging import harmless_note, origin_sentence, with_notes
from p3mbench.report.wording.numbers import metric_display
from p3mbench.settings import Setting

if TYPE_CHECKING:
    import pandas as pd


def images_table(rows: pd.DataFrame, metrics: Sequence[str] | None = None) -> Table | None:
    """Make a table with a line per row, in the order of the rows; None without any.

    Args:
        rows: of a store.
        metrics: columns to show; SAD, MSE and MAD by default.

    Raises:
        ValueError: a metric has no column.
    """
    metrics = _shown(rows, metrics)
    if not len(rows):
        return None
    texts = ("strategy", "benchmark", "subset", "setting", "image")
    columns = [
        *(text_column(t, t.capitalize()) for t in texts),
        *(score_column(metric, metric_display(metric).title, metric) for metric in metrics),
        TableColumn(key="seconds", title="Seconds", type=ColumnType.NUMBER),
        text_column("status", "Status"),
        text_column("flags", "Flags"),
    ]
    lines = [_row(record, metrics) for record in rows.to_dict("records")]
    found = [tally for line in lines for tally in line.tallies]
    uses = flag_uses(found)
    if not uses:
        columns.pop()
        lines = [replace(line, cells=line.cells[:-1]) for line in lines]
    return Table(
        role=Role.IMAGES,
        label="p3mbench-images",
        title="Scores per image",
        caption=" ".join(filter(None, ("Lower is better.", origin_sentence(found)))),
        columns=tuple(columns),
        rows=marked(lines, uses),
        notes=(*with_notes((), uses), *harmless_note(uses)),
        flags=uses,
    )


def _shown(rows: pd.DataFrame, metrics: Sequence[str] | None) -> list[str]:
    """Choose the metrics of a laid-out format, which has no room for all."""
    have = sorted(set(METRICS) & set(rows.columns), key=metric_order)
    unknown = [m for m in metrics or () if m not in rows.columns]
    if unknown:
        raise ValueError(f"no metric {', '.join(unknown)} in the results")
    return list(metrics) if metrics else [m for m in have if m in ("sad", "mse", "mad")]


def _row(record: dict[Any, Any], metrics: Sequence[str]) -> TableRow:
    setting = Setting(as_text(record["train_setting"]), as_text(record["variant"])).title
    texts = [as_text(record[c]) for c in ("strategy", "benchmark", "subset")]
    reason = as_text(record["reason"])
    status = as_text(record["status"]) + (f": {reason}" if reason else "")
    label = as_text(record["title"]) or as_text(record["method"])
    ran = departures(as_text(record["options"]))
    label = ", ".join(filter(None, (label, ran, as_text(record["checkpoint"]))))
    names = flags.split(as_text(record["flags"]))
    where = tuple(as_text(record[name]) for name in (*IDENTITY, "image"))
    return TableRow(
        label=label,
        method=as_text(record["method"]),
        cells=(
            *(TableCell(text=text) for text in (*texts, setting, as_text(record["image"]))),
            *(TableCell(value=float(record[metric])) for metric in (*metrics, "seconds")),
            TableCell(text=status),
            TableCell(text=", ".join(names)),
        ),
        tallies=(Tally(of=(label, *where), rows=1, flags=tuple((name, 1) for name in names)),),
    )

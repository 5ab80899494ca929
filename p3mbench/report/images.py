"""`per_image`: the stored rows themselves, one line per image, in every format."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from p3mbench import flags
from p3mbench.metrics.table import METRICS
from p3mbench.report import flagging
from p3mbench.report.display import metric_display, metric_order
from p3mbench.report.entries import departures
from p3mbench.report.gaps import Setting
from p3mbench.report.grouping import IDENTITY, ORIGIN_COLUMNS, OTHER_COLUMNS, TEXT_COLUMNS, as_text
from p3mbench.report.model import Cell, Column, ColumnType, Report, Role, Row, Table, Tally
from p3mbench.report.render import Data, Look, find
from p3mbench.report.render.data import FLAG_WORDS

if TYPE_CHECKING:
    import pandas as pd


def per_image(
    rows: pd.DataFrame,
    format: str,
    *,
    metrics: Sequence[str] | None = None,
    ansi: bool = False,
    precision: int | None = None,
    standalone: bool = False,
) -> str:
    """Every row, sorted by method, setting and image; nothing averaged, nothing left out.

    Args:
        rows: as for `build`.
        format: a name in `formats`. Those for programs hold every column in full precision.
        metrics: metric columns of the laid-out formats; SAD, MSE and MAD by default.
        ansi, precision, standalone: as for `render`.

    Raises:
        ValueError: unknown format or metric.
    """
    chosen = find(format)
    order = [column for column in (*IDENTITY, "image") if column in rows.columns]
    keys = rows[order].map(as_text)
    rows = rows.loc[keys.sort_values(order, kind="stable").index]

    def tables() -> Report:
        shown = _shown(rows, metrics)
        report = Report(tables=(_table(rows, shown),) if len(rows) else ())
        return report.with_precision(precision)

    return chosen.text(tables, lambda: _data(rows), Look(ansi=ansi, standalone=standalone))


def _shown(rows: pd.DataFrame, metrics: Sequence[str] | None) -> list[str]:
    """The metrics of a laid-out format, which has no room for all."""
    have = sorted(set(METRICS) & set(rows.columns), key=metric_order)
    unknown = [m for m in metrics or () if m not in rows.columns]
    if unknown:
        raise ValueError(f"no metric {', '.join(unknown)} in the results")
    return list(metrics) if metrics else [m for m in have if m in ("sad", "mse", "mad")]


def _data(rows: pd.DataFrame) -> Data:
    """Every column of the rows, in full precision."""
    known = [c for c in (*TEXT_COLUMNS, *OTHER_COLUMNS, *ORIGIN_COLUMNS) if c in rows.columns]
    others = [c for c in rows.columns if c not in known]
    columns = [*known, *sorted(others, key=metric_order)]
    records = [
        {c: _plain(value, c) for c, value in zip(columns, line, strict=True)}
        for line in rows[columns].itertuples(index=False, name=None)
    ]
    if "flags" in columns:
        columns.insert(columns.index("flags") + 1, FLAG_WORDS)
        for record in records:
            record[FLAG_WORDS] = flags.in_words(record["flags"])
    return Data(columns, records, records)


def _plain(value: Any, column: str) -> Any:
    """A value that CSV and JSON can hold; None for NaN and infinities."""
    if column in (*TEXT_COLUMNS, *ORIGIN_COLUMNS):
        return as_text(value)
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _table(rows: pd.DataFrame, metrics: Sequence[str]) -> Table:
    texts = ("strategy", "benchmark", "subset", "setting", "image")
    columns = [Column(key=t, title=t.capitalize(), type=ColumnType.TEXT) for t in texts]
    columns += [
        Column(
            key=metric,
            title=metric_display(metric).title,
            type=ColumnType.MEAN,
            decimals=metric_display(metric).decimals,
            metric=metric,
        )
        for metric in metrics
    ]
    columns += [
        Column(key="seconds", title="Seconds", type=ColumnType.NUMBER),
        Column(key="status", title="Status", type=ColumnType.TEXT),
    ]
    columns.append(Column(key="flags", title="Flags", type=ColumnType.TEXT))
    lines = [_row(record, metrics) for record in rows.to_dict("records")]
    found = [tally for line in lines for tally in line.tallies]
    uses = flagging.flag_uses(found)
    if not uses:
        columns.pop()
        lines = [replace(line, cells=line.cells[:-1]) for line in lines]
    return Table(
        role=Role.IMAGES,
        label="p3mbench-images",
        title="Scores per image",
        caption=" ".join(filter(None, ("Lower is better.", flagging.origin_sentence(found)))),
        columns=tuple(columns),
        rows=flagging.marked(lines, uses),
        notes=flagging.with_notes((), uses),
        flags=uses,
    )


def _row(record: dict[Any, Any], metrics: Sequence[str]) -> Row:
    setting = Setting(as_text(record["train_setting"]), as_text(record["variant"])).title
    texts = [as_text(record[c]) for c in ("strategy", "benchmark", "subset")]
    reason = as_text(record["reason"])
    status = as_text(record["status"]) + (f": {reason}" if reason else "")
    label = as_text(record["title"]) or as_text(record["method"])
    ran = departures(as_text(record["options"]))
    label = ", ".join(filter(None, (label, ran, as_text(record["checkpoint"]))))
    names = flags.split(as_text(record["flags"]))
    where = tuple(as_text(record[name]) for name in (*IDENTITY, "image"))
    return Row(
        label=label,
        method=as_text(record["method"]),
        cells=(
            *(Cell(text=text) for text in (*texts, setting, as_text(record["image"]))),
            *(Cell(value=float(record[metric])) for metric in (*metrics, "seconds")),
            Cell(text=status),
            Cell(text=", ".join(names)),
        ),
        tallies=(Tally(of=(label, *where), rows=1, flags=tuple((name, 1) for name in names)),),
    )

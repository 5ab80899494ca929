"""What changed between two stores: scores image by image, environment, checkpoints."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from p3mbench.metrics.table import METRICS
from p3mbench.report.analysis.entries import departures
from p3mbench.report.analysis.flagging import uses_in_rows
from p3mbench.report.analysis.grouping import as_text, metric_order
from p3mbench.report.tables.model import (
    ColumnType,
    Report,
    Role,
    Table,
    TableCell,
    TableColumn,
    TableRow,
)
from p3mbench.report.wording.flagging import qualifying_notes
from p3mbench.report.wording.numbers import count, metric_display
from p3mbench.settings import Setting

if TYPE_CHECKING:
    import pandas as pd

# What makes two rows answers to the same question; the weights may have changed.
SAME = ("benchmark", "subset", "variant", "image", "method", "options", "strategy",
        "train_setting", "seed", "trimap_source", "convention", "obfuscation")  # fmt: skip
GROUP = tuple(name for name in SAME if name != "image")


@dataclass(frozen=True, eq=False)
class Side:
    """One store: what to call it, its rows, the manifests of its runs, notes on its rows."""

    name: str
    frame: pd.DataFrame
    manifests: Sequence[Mapping[str, Any]] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Changes:
    """The tables and notes, and whether any score differs or any image is in one store only."""

    report: Report
    changed: bool


def compare(a: Side, b: Side, metrics: Sequence[str] | None = None) -> Changes:
    """Compare two stores row by row.

    Args:
        a, b: the older and the newer one.
        metrics: columns to compare; every metric both have by default.

    Raises:
        ValueError: a metric that one of them lacks; rows that only their weights tell apart.
    """
    have = [m for m in a.frame.columns if m in b.frame.columns and m in METRICS]
    chosen = list(metrics) if metrics else sorted(have, key=metric_order)
    for side in (a, b):
        missing = [m for m in chosen if m not in side.frame.columns]
        if missing:
            raise ValueError(f"{side.name} has no metric {', '.join(missing)}")
    columns = [*SAME, "title", "checkpoint_sha256", "status", *chosen]
    sides = [_unique(side, columns) for side in (a, b)]
    both = sides[0].merge(
        sides[1], on=list(SAME), how="outer", suffixes=("_a", "_b"), indicator=True
    )
    common = both[both["_merge"] == "both"]
    tables = [t for metric in chosen if (t := _table(common, metric, (a.name, b.name)))]
    notes = [*_only(both, a, b), *_statuses(common), *_weights(common), *_environment(a, b)]
    notes += [*_codes(a, b), *(f"{side.name}: {note}" for side in (a, b) for note in side.notes)]
    notes += [
        f"{side.name}: {note}"
        for side in (a, b)
        for note in qualifying_notes(uses_in_rows(side.frame))
    ]
    same = len(common) - _differing(common, chosen)
    notes.insert(0, f"{same:,} of {len(common):,} common rows have equal scores.")
    changed = same < len(common) or len(common) < len(both) or not _equal_status(common)
    return Changes(Report(tables=tuple(tables), notes=tuple(notes)), changed)


def _unique(side: Side, columns: Sequence[str]) -> pd.DataFrame:
    frame = side.frame.loc[:, list(columns)].copy()
    for name in (*SAME, "checkpoint_sha256"):
        frame[name] = [as_text(value) for value in frame[name]]
    twice = frame.duplicated(list(SAME))
    if twice.any():
        first = frame[twice].iloc[0]
        raise ValueError(
            f"{side.name}: {first['method']} has rows of image {first['image']} from several "
            "checkpoints of one train setting; compare stores with one each"
        )
    return frame


def _differing(common: pd.DataFrame, metrics: Sequence[str]) -> int:
    different = np.zeros(len(common), dtype=bool)
    for metric in metrics:
        one, two = common[f"{metric}_a"].to_numpy(float), common[f"{metric}_b"].to_numpy(float)
        different |= ~((one == two) | (np.isnan(one) & np.isnan(two)))
    return int(different.sum())


def _equal_status(common: pd.DataFrame) -> bool:
    return bool((common["status_a"] == common["status_b"]).all())


def _table(common: pd.DataFrame, metric: str, names: tuple[str, str]) -> Table | None:
    """One line per method and setting in which the metric changed."""
    shown = metric_display(metric)
    rows = []
    for key, part in common.groupby(list(GROUP), sort=True):
        of = dict(zip(GROUP, key, strict=True))
        scored = part[part[f"{metric}_a"].notna() & part[f"{metric}_b"].notna()]
        change = (scored[f"{metric}_b"] - scored[f"{metric}_a"]).to_numpy(float)
        if not change.any():
            continue
        worst = int(np.argmax(np.abs(change)))
        setting = Setting(of["train_setting"], of["variant"]).title
        n = len(change)
        numbers = (scored[f"{metric}_a"].mean(), scored[f"{metric}_b"].mean(), change.mean())
        cells = [TableCell(value=float(v), n=n, total=n) for v in (*numbers, change[worst])]
        texts = (
            TableCell(text=str(scored["image"].iloc[worst])),
            TableCell(value=float((change != 0).sum())),
        )
        seed = f"seed {of['seed']}" if of["seed"] else ""
        title = as_text(part["title_b"].iloc[0]) or of["method"]
        rows.append(
            TableRow(
                label=", ".join(filter(None, (title, departures(of["options"]), seed))),
                method=of["method"],
                cells=(TableCell(text=f"{of['subset']} {setting}"), *cells, *texts),
                block=" ".join(filter(None, (of["benchmark"], of["strategy"], of["obfuscation"]))),
            )
        )
    if not rows:
        return None
    signed = ColumnType.SIGNED
    columns = (
        TableColumn(key="place", title="Setting", type=ColumnType.TEXT),
        _score("a", names[0], ColumnType.MEAN, metric, shown.decimals),
        _score("b", names[1], ColumnType.MEAN, metric, shown.decimals),
        _score("change", "Change", signed, metric, shown.decimals + 2),
        _score("largest", "Largest", signed, metric, shown.decimals + 2),
        TableColumn(key="image", title="at image", type=ColumnType.TEXT),
        TableColumn(key="changed", title="Images changed", type=ColumnType.NUMBER, decimals=0),
    )
    return Table(
        role=Role.CHANGES,
        label=f"p3mbench-changes-{metric.replace('_', '-')}",
        title=f"{shown.title}: what changed from {names[0]} to {names[1]}",
        caption="Means over the images that both have scores for; change = second minus first.",
        columns=columns,
        rows=tuple(rows),
    )


def _score(key: str, title: str, type_: ColumnType, metric: str, decimals: int) -> TableColumn:
    return TableColumn(key=key, title=title, type=type_, metric=metric, decimals=decimals)


def _only(both: pd.DataFrame, a: Side, b: Side) -> list[str]:
    """How many rows stand in one store only, by method."""
    notes = []
    for mark, side in (("left_only", a), ("right_only", b)):
        part = both[both["_merge"] == mark]
        if len(part):
            by_method = part.groupby("method", sort=True).size()
            listed = ", ".join(f"{method} ({n:,})" for method, n in by_method.items())
            notes.append(f"Only in {side.name}: {count(len(part), 'row')}: {listed}.")
    return notes


def _statuses(common: pd.DataFrame) -> list[str]:
    moved = common[common["status_a"] != common["status_b"]]
    pairs = moved.groupby(["method", "status_a", "status_b"], sort=True).size()
    return [
        f"{method}: {count(int(n), 'image')} went from {before} to {after}."
        for (method, before, after), n in pairs.items()
    ]


def _weights(common: pd.DataFrame) -> list[str]:
    moved = common[common["checkpoint_sha256_a"] != common["checkpoint_sha256_b"]]
    keys = ["method", "train_setting", "checkpoint_sha256_a", "checkpoint_sha256_b"]
    return [
        f"{method}, trained on {train}: checkpoint {before[:8] or 'none'} became "
        f"{after[:8] or 'none'}."
        for method, train, before, after in moved[keys].drop_duplicates().itertuples(index=False)
    ]


def _codes(a: Side, b: Side) -> list[str]:
    """Methods whose code or libraries are not the same in both."""
    made: list[dict[str, set[str]]] = [{}, {}]
    for found, side in zip(made, (a, b), strict=True):
        if "code" in side.frame.columns:
            pairs = side.frame[["method", "code", "libraries"]].drop_duplicates()
            for method, code, libraries in pairs.itertuples(index=False, name=None):
                found.setdefault(str(method), set()).add(f"{code[:8] or 'not known'} {libraries}")
    return [
        f"{method}: its code was {', '.join(sorted(made[0][method]))} and is "
        f"{', '.join(sorted(made[1][method]))}."
        for method in sorted(made[0].keys() & made[1].keys())
        if made[0][method] != made[1][method]
    ]


def _environment(a: Side, b: Side) -> list[str]:
    """Differences of the last runs' environments, one line per entry."""
    before, after = (_flat(s.manifests[-1].get("environment", {})) if s.manifests else {}
                     for s in (a, b))  # fmt: skip
    return [
        f"Environment, {name}: {before.get(name, 'not there')} became "
        f"{after.get(name, 'not there')}."
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def _flat(value: Any, prefix: str = "") -> dict[str, str]:
    if isinstance(value, Mapping):
        found: dict[str, str] = {}
        for key, part in value.items():
            found |= _flat(part, f"{prefix}{key} ")
        return found
    return {prefix.strip(): value if isinstance(value, str) else json.dumps(value)}

"""`build`: rows of the store in, a report of tables out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from p3mbench.metrics.table import METRICS
from p3mbench.report.beside import published_table
from p3mbench.report.display import metric_order
from p3mbench.report.entries import EntrySet
from p3mbench.report.gaps import Setting
from p3mbench.report.grouping import entry_sets
from p3mbench.report.model import Report, Role, Table
from p3mbench.report.statistics import (
    detail_table,
    gaps_table,
    paired_gaps,
    seeds_table,
    subset_gaps,
)
from p3mbench.report.tables import Plan, settings_table, subsets_table
from p3mbench.report.unscored import nothing_scored
from p3mbench.stats import DEFAULT, Bootstrap

if TYPE_CHECKING:
    import pandas as pd

# The paper's Table 1 (trimap-based) holds unknown-region values, its Table 2 whole-image values.
DEFAULT_METRICS = {"trimap-based": ("sad_t", "mse_t"), "trimap-free": ("sad", "mse")}
# The ten of the paper's Table 3.
SUBSET_METRICS = (
    "sad", "mse", "mad", "sad_t", "mse_t", "mad_t", "sad_fg", "sad_bg", "grad", "conn",
)  # fmt: skip
KIND_ORDER = ("trimap-based", "trimap-free")


def build(
    rows: pd.DataFrame,
    *,
    metrics: Sequence[str] | None = None,
    settings: Sequence[str] | None = None,
    kind: str | None = None,
    expected: Mapping[Any, int] | None = None,
    how: Bootstrap = DEFAULT,
    published: bool = False,
) -> Report:
    """Make every table of ``rows``.

    Args:
        rows: one line per method, checkpoint, strategy, subset, variant, trimap source and image.
        metrics: columns of ``rows`` to show; by default the paper's. The first one is the metric of
            the gap columns. Means and gaps are in raw units.
        settings: such as ``["B:B", "B:N", "-:N"]``; all that have rows by default.
        kind: "trimap-free" or "trimap-based"; both by default.
        expected: (benchmark, subset) or (benchmark, subset, variant) -> images of the full
            benchmark, so that a subset is called one.
        how: resamples, level and seed of every interval.
        published: add published figures beside the means, in tables of their own.

    Returns:
        Tables in reading order: per benchmark and recipe, per kind, settings, subsets, gaps,
        detail and seeds. Without rows, a report with no table and a note.

    Raises:
        ValueError: unknown metric, setting or kind; columns missing; an image twice in one place.
    """
    chosen = None if settings is None else tuple(_setting(text) for text in settings)
    if metrics is not None:
        _check_metrics(rows, metrics)
    if not len(rows):
        return Report(tables=(), notes=("There are no results yet.",))
    stored = _stored(rows, metrics)
    choice = _Choice(metrics, chosen, stored, how, published)
    tables = [
        table.fitted()
        for one in _sets(rows, stored, kind, expected)
        for table in _tables(one, choice)
    ]
    tables = _unique_labels(tables)
    chosen_rows = rows if kind is None else rows[rows["kind"] == kind]
    said = nothing_scored(chosen_rows)
    if not tables and not said:
        said.append("There are no results with these settings.")
    said += _origin(rows)
    if published and not any(table.role is Role.PUBLISHED for table in tables):
        said.append("There is no published figure of what was measured; all are on P3M-500.")
    return Report(tables=tuple(tables), notes=tuple(said))


def _origin(rows: pd.DataFrame) -> list[str]:
    """Which code made the rows, a word per method, where it is known."""
    if "code" not in rows.columns:
        return []
    known = rows.loc[rows["code"].astype(bool), ["method", "code"]].drop_duplicates()
    listed = [f"{method} {code[:8]}" for method, code in sorted(known.itertuples(index=False))]
    if not listed:
        return []
    return [
        "Code of the methods, by the first 8 digits of its SHA-256 (files and libraries are in "
        f"manifest.json): {', '.join(listed)}."
    ]


@dataclass(frozen=True, eq=False)
class Subject:
    """What plots are drawn of: entries that may be compared, and the metric."""

    entries: EntrySet
    metric: str


def subjects(
    rows: pd.DataFrame, *, metrics: Sequence[str] | None = None, kind: str | None = None
) -> list[Subject]:
    """The sets of `build` with their first metric, in its order and with its errors."""
    if metrics is not None:
        _check_metrics(rows, metrics)
    if not len(rows):
        return []
    stored = _stored(rows, metrics)
    choice = _Choice(metrics, None, stored, DEFAULT, False)
    found = [(one, choice.main(one)) for one in _sets(rows, stored, kind, None)]
    return [Subject(one, names[0]) for one, names in found if names]


def _stored(rows: pd.DataFrame, metrics: Sequence[str] | None) -> list[str]:
    return sorted({*METRICS, *(metrics or ())} & set(rows.columns), key=metric_order)


def _sets(
    rows: pd.DataFrame, stored: Sequence[str], kind: str | None, expected: Mapping[Any, int] | None
) -> list[EntrySet]:
    if kind is not None and kind not in KIND_ORDER:
        raise ValueError(f"kind must be one of {', '.join(KIND_ORDER)}, not {kind!r}")
    sets = [s for s in entry_sets(rows, stored, expected) if kind in (None, s.kind)]
    return sorted(
        sets, key=lambda s: (s.benchmark, s.convention, s.obfuscation, _kind_order(s.kind))
    )


@dataclass(frozen=True)
class _Choice:
    """What the user asked for, the same for every set; ``stored`` are the metrics with a column."""

    metrics: Sequence[str] | None
    settings: tuple[Setting, ...] | None
    stored: Sequence[str]
    how: Bootstrap
    published: bool

    def main(self, entries: EntrySet) -> tuple[str, ...]:
        """Metrics of the settings table."""
        if self.metrics:
            return tuple(self.metrics)
        wanted = DEFAULT_METRICS.get(entries.kind, ("sad", "mse"))
        scored = [m for m in self.stored if entries.has(m)]
        return tuple(m for m in wanted if m in scored) or tuple(scored[:2] or self.stored[:2])

    def subsets(self, entries: EntrySet) -> tuple[str, ...]:
        """Metrics of the P/NP table."""
        if self.metrics:
            return tuple(self.metrics)
        return tuple(m for m in SUBSET_METRICS if m in self.stored and entries.has(m))


def _tables(entries: EntrySet, choice: _Choice) -> Iterable[Table]:
    metrics = choice.main(entries)
    if not metrics:
        return []
    on_main = _chosen(entries.settings(entries.subset), choice.settings)
    plan = Plan(
        entries=entries,
        metrics=metrics,
        settings=choice.settings,
        how=choice.how,
        gaps=paired_gaps(entries, on_main, metrics, choice.how),
        unpaired=subset_gaps(entries, on_main, metrics, choice.how),
    )
    made = [
        settings_table(plan),
        subsets_table(plan, choice.subsets(entries)),
        *(gaps_table(plan, metric) for metric in metrics),
        detail_table(plan, metrics[0]),
        seeds_table(plan, metrics[0]),
    ]
    if choice.published:
        also = choice.subsets(entries)
        made += [published_table(plan, m) for m in dict.fromkeys((*metrics, *also))]
    return [table for table in made if table is not None]


def _unique_labels(tables: list[Table]) -> list[Table]:
    seen: Counter[str] = Counter()
    unique = []
    for table in tables:
        seen[table.label] += 1
        n = seen[table.label]
        unique.append(replace(table, label=f"{table.label}-{n}") if n > 1 else table)
    return unique


def _chosen(found: list[Setting], wanted: tuple[Setting, ...] | None) -> list[Setting]:
    return [setting for setting in found if wanted is None or setting in wanted]


def _kind_order(kind: str) -> int:
    return KIND_ORDER.index(kind) if kind in KIND_ORDER else len(KIND_ORDER)


def _setting(text: str) -> Setting:
    train, colon, test = text.strip().replace("\N{EN DASH}", "-").rpartition(":")
    if not colon or not train or test not in ("B", "N"):
        raise ValueError(f"setting {text!r} is not TRAIN:TEST, such as B:N or -:N")
    return Setting(train, test)


def _check_metrics(rows: pd.DataFrame, metrics: Sequence[str]) -> None:
    if not metrics:
        raise ValueError("metrics must name at least one metric")
    unknown = [metric for metric in metrics if metric not in rows.columns]
    if unknown and len(rows):
        have = ", ".join(m for m in METRICS if m in rows.columns)
        raise ValueError(f"no metric {', '.join(unknown)} in the results (they have: {have})")

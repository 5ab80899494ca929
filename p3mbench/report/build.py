"""`build`: turn stored rows into a report of comparisons and tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from p3mbench.report.analysis import Comparison, analyse
from p3mbench.report.analysis.overview import Overview, overview_of
from p3mbench.report.analysis.pricing import priced
from p3mbench.report.tables.detail import detail_table
from p3mbench.report.tables.gaps import gaps_table
from p3mbench.report.tables.model import Report, Role, Table
from p3mbench.report.tables.price import price_table
from p3mbench.report.tables.published import published_table
from p3mbench.report.tables.seeds import seeds_table
from p3mbench.report.tables.settings import settings_table
from p3mbench.report.tables.subsets import subsets_table
from p3mbench.report.wording.unscored import nothing_scored
from p3mbench.stats import DEFAULT, Bootstrap

if TYPE_CHECKING:
    import pandas as pd

    from p3mbench.privacy.record import PrivacyRecord


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
        expected: (benchmark, subset) or (benchmark, subset, variant) -> number of images in the
            full benchmark, so that tables say when they show a part of it.
        how: resamples, level and seed of every interval.
        published: add published figures beside the means, in tables of their own.

    Returns:
        Tables in reading order: per benchmark and recipe, per kind, settings, subsets, gaps,
        detail and seeds; and the comparisons behind them. Without rows, a report with no table
        and a note.

    Raises:
        ValueError: unknown metric, setting or kind; columns missing; an image twice in one place.
    """
    found = analyse(
        rows,
        metrics=metrics,
        settings=settings,
        kind=kind,
        expected=expected,
        how=how,
        published=published,
    )
    overview = found.overview
    if overview is None:
        return Report(tables=(), notes=("There are no results yet.",))
    made = [table for one in found.comparisons for table in _tables(one)]
    tables = _unique_labels(made)
    said = nothing_scored(overview if kind is None else overview_of(rows[rows["kind"] == kind]))
    if not tables and not said:
        said.append("There are no results with these settings.")
    said += _origin(overview)
    if published and not any(table.role is Role.PUBLISHED for table in tables):
        said.append("There is no published figure of what was measured; all are on P3M-500.")
    return Report(
        tables=tuple(tables),
        notes=tuple(said),
        comparisons=found.comparisons,
        overview=overview,
    )


def with_prices(report: Report, rows: pd.DataFrame, privacy: Sequence[PrivacyRecord]) -> Report:
    """Add the price list of privacy to a report: how many faces each variant still shows.

    Args:
        report: of the rows.
        rows: as for `build`.
        privacy: records of `p3mbench privacy`; those of other images are not used.

    Returns:
        The report with the shares in its comparisons, one more table per comparison that has them,
        and a note for each variant without one.
    """
    comparisons, unpriced = priced(report.comparisons, rows, privacy)
    made = [table for one in comparisons if (table := price_table(one)) is not None]
    return replace(
        report,
        tables=tuple(_unique_labels([*report.tables, *made])),
        notes=(*report.notes, *unpriced),
        comparisons=comparisons,
    )


def _tables(comparison: Comparison) -> Iterator[Table]:
    """Yield the tables of one comparison that have something to show."""
    also = comparison.subset_metrics if comparison.published else ()
    for table in (
        settings_table(comparison),
        subsets_table(comparison),
        *(gaps_table(comparison, metric) for metric in comparison.metrics),
        detail_table(comparison),
        seeds_table(comparison),
        *(published_table(comparison, m) for m in dict.fromkeys((*comparison.metrics, *also))),
    ):
        if table is not None:
            yield table


def _origin(overview: Overview) -> list[str]:
    """Say which code made the rows, a word per method, where known."""
    listed = [f"{method} {code[:8]}" for method, code in overview.codes]
    if not listed:
        return []
    return [
        "Code of the methods, by the first 8 digits of its SHA-256 (files and libraries are in "
        f"manifest.json): {', '.join(listed)}."
    ]


def _unique_labels(tables: list[Table]) -> list[Table]:
    seen: Counter[str] = Counter()
    unique = []
    for table in tables:
        seen[table.label] += 1
        n = seen[table.label]
        unique.append(replace(table, label=f"{table.label}-{n}") if n > 1 else table)
    return unique

"""`build`: turn stored rows into a report of comparisons and tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from p3mbench.report.analysis import Comparison, analyse
from p3mbench.report.analysis.overview import overview_of
from p3mbench.report.analysis.pricing import priced
from p3mbench.report.request import WHOLE, ReportRequest, matches
from p3mbench.report.tables.beside import check_published
from p3mbench.report.tables.crossed import crossed_table
from p3mbench.report.tables.cutting import check_roles, cut
from p3mbench.report.tables.detail import detail_table
from p3mbench.report.tables.gaps import gaps_table
from p3mbench.report.tables.merging import one_table
from p3mbench.report.tables.model import Report, Role, Table
from p3mbench.report.tables.price import price_table
from p3mbench.report.tables.provenance import provenance_table
from p3mbench.report.tables.published import published_table
from p3mbench.report.tables.seeds import seeds_table
from p3mbench.report.tables.settings import settings_table
from p3mbench.report.tables.subsets import subsets_table
from p3mbench.report.tables.summary import short_answer
from p3mbench.report.wording.unscored import nothing_scored
from p3mbench.stats import DEFAULT, Bootstrap

if TYPE_CHECKING:
    import pandas as pd

    from p3mbench.privacy.record import PrivacyRecord


def build(
    rows: pd.DataFrame,
    request: ReportRequest = WHOLE,
    *,
    expected: Mapping[Any, int] | None = None,
    how: Bootstrap = DEFAULT,
    privacy: Sequence[PrivacyRecord] = (),
) -> Report:
    """Make the tables of ``rows``.

    Args:
        rows: one line per method, checkpoint, strategy, subset, variant, trimap source and image.
        request: what to show; by default every table. Means and gaps are in raw units.
        expected: (benchmark, subset) or (benchmark, subset, variant) -> number of images in the
            full benchmark, so that tables say when they show a part of it.
        how: resamples, level and seed of every interval.
        privacy: records of `p3mbench privacy`, for the price list; those of other images are not
            used.

    Returns:
        The summary; tables in reading order: per benchmark and recipe, per kind, settings, train by
        test, subsets, gaps, detail and seeds, then provenance; and the comparisons behind them.
        Without rows, a report with no table and a note.

    Raises:
        ValueError: unknown metric, setting, method, column or table; columns missing in the rows;
            an image twice in one place.
    """
    check_published(request.published_rows)
    check_roles(request.tables)
    found = analyse(rows, request, expected=expected, how=how)
    overview = found.overview
    if overview is None:
        return Report(tables=(), notes=("There are no results yet.",))
    comparisons, unpriced = priced(found.comparisons, rows, privacy)
    made = [table for one in comparisons for table in _tables(one, request)]
    appendix = provenance_table(comparisons) if made else None
    merged = one_table(made) if request.one_table else made
    tables = cut(_unique_labels([*merged, *([appendix] if appendix else ())]), request)
    kind = request.kind
    said = nothing_scored(overview if kind is None else overview_of(rows[rows["kind"] == kind]))
    if not made and not said:
        said.append("There are no results with these settings.")
    if request.published and not any(table.role is Role.PUBLISHED for table in made):
        said.append("There is no published figure of what was measured; all are on P3M-500.")
    answer = short_answer(comparisons, overview) if made else None
    return Report(
        tables=tables,
        notes=(*said, *unpriced),
        answer=answer if _wants_answer(request) else None,
        comparisons=comparisons,
        overview=overview,
    )


def _wants_answer(request: ReportRequest) -> bool:
    wanted = request.tables
    return not wanted or any(matches(pattern, [Role.SUMMARY.value]) for pattern in wanted)


def _tables(comparison: Comparison, request: ReportRequest) -> Iterator[Table]:
    """Yield the tables of one comparison that have something to show."""
    also = comparison.subset_metrics if comparison.published else ()
    for table in (
        settings_table(comparison, request),
        crossed_table(comparison),
        subsets_table(comparison),
        *(gaps_table(comparison, metric) for metric in comparison.metrics),
        detail_table(comparison),
        seeds_table(comparison),
        price_table(comparison),
        *(published_table(comparison, m) for m in dict.fromkeys((*comparison.metrics, *also))),
    ):
        if table is not None:
            yield table


def _unique_labels(tables: list[Table]) -> list[Table]:
    seen: Counter[str] = Counter()
    unique = []
    for table in tables:
        seen[table.label] += 1
        n = seen[table.label]
        unique.append(replace(table, label=f"{table.label}-{n}") if n > 1 else table)
    return unique

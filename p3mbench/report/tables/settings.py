"""Methods by TRAIN:TEST with gaps, as Tables 1 and 2 of the P3M paper.

P3M: Li et al., "Privacy-Preserving Portrait Matting", ACM MM 2021, arXiv:2104.14222.
"""

from __future__ import annotations

from collections.abc import Sequence

from p3mbench.report.analysis.comparison import Comparison, ContrastGaps, MeanAt
from p3mbench.report.analysis.lines import lines_of
from p3mbench.report.request import WHOLE, ReportRequest, matches
from p3mbench.report.tables import notes
from p3mbench.report.tables.assembly import (
    entry_row,
    line_cell,
    line_gap_cell,
    may_rank,
    table_of,
)
from p3mbench.report.tables.beside import published_rows
from p3mbench.report.tables.cutting import column_names
from p3mbench.report.tables.model import ColumnType, Role, Table, TableColumn
from p3mbench.report.wording.numbers import metric_display
from p3mbench.report.wording.titles import main_title
from p3mbench.settings import Contrast


def settings_table(comparison: Comparison, request: ReportRequest = WHOLE) -> Table | None:
    """Show methods by TRAIN:TEST on the main subset, and the first metric's gaps; None if empty.

    Methods with several seeds have one line, with the spread over them.

    Args:
        comparison: of the table.
        request: names published methods to show below, in a block of their own; notes speak of the
            gaps whose columns it asks for.
    """
    entries, subset = comparison.entries, comparison.subset
    settings, metrics = comparison.chosen(), comparison.metrics
    if not settings:
        return None
    shown = [(subset, setting) for setting in settings]
    places = [MeanAt(subset, setting, metric) for setting in settings for metric in metrics]
    gaps = [found for found in comparison.gaps_in() if found.contrast.paired]
    columns = [_mean_column(at, metrics) for at in places]
    of_gaps = _gap_columns(subset, gaps, comparison.metric)
    columns += of_gaps
    rows = []
    for line in lines_of(comparison):
        cells = [line_cell(comparison, line, at) for at in places]
        cells += [line_gap_cell(line.gaps(found)) for found in gaps]
        if any(cell.attempted for cell in cells):
            rows.append(entry_row(line, cells, shown))
    rows += published_rows(comparison, columns, request.published_rows)
    said = [
        *notes.missing_settings(entries, subset, comparison.wanted),
        *notes.incomplete(rows),
        *notes.failures(entries, shown),
        *notes.undefined(entries, shown, metrics),
        *notes.gap_notes(_told(gaps, of_gaps, request), comparison.how),
        *notes.small_samples(rows),
        *notes.seeds(rows),
        *notes.published(rows, entries),
        *notes.provenance(entries),
    ]
    counts = notes.image_counts(entries, [(subset, s.test) for s in settings])
    title = f"{main_title(entries)}: {counts}"
    caption = (
        f"Settings are TRAIN:TEST ({notes.legend(settings)}). "
        f"{notes.metric_regions(metrics)}; mean over images, lower is better. "
        f"{notes.recipe(entries)}"
    )
    return table_of(comparison, (Role.SETTINGS,), (title, caption), columns, rows, said)


def _told(
    gaps: Sequence[ContrastGaps], columns: Sequence[TableColumn], request: ReportRequest
) -> list[Contrast]:
    """Return the contrasts that notes explain: those whose columns are shown."""
    patterns = request.columns
    return [
        found.contrast
        for found, column in zip(gaps, columns, strict=True)
        if not patterns or any(matches(pattern, column_names(column)) for pattern in patterns)
    ]


def _mean_column(at: MeanAt, metrics: Sequence[str]) -> TableColumn:
    shown = metric_display(at.metric)
    return TableColumn(
        key=f"{at.subset}/{at.setting.train}:{at.setting.test}/{at.metric}",
        title=shown.title,
        group=at.setting.title,
        type=ColumnType.MEAN,
        decimals=shown.decimals,
        metric=at.metric,
        setting=at.setting.title,
        ranked=may_rank(at.metric, metrics),
    )


def _gap_columns(subset: str, gaps: Sequence[ContrastGaps], metric: str) -> list[TableColumn]:
    shown = metric_display(metric)
    columns = []
    for found in gaps:
        of, on = found.contrast.test, found.contrast.reference
        columns.append(
            TableColumn(
                key=f"{subset}/{of.train}:{of.test}-{on.train}:{on.test}/{metric}",
                title=_gap_title(found, gaps),
                group=f"Gap in {shown.title} [interval]",
                type=ColumnType.GAP,
                decimals=shown.decimals,
                metric=metric,
                setting=found.contrast.formula,
                alias=found.contrast.name,
            )
        )
    return columns


def _gap_title(found: ContrastGaps, gaps: Sequence[ContrastGaps]) -> str:
    """Return the name of a contrast, followed by what tells it from others of that name."""
    contrast = found.contrast
    same = [other.contrast for other in gaps if other.contrast.name == contrast.name]
    if len(same) == 1:
        return contrast.name
    if [c.test.train for c in same].count(contrast.test.train) == 1:
        return f"{contrast.name} ({contrast.test.train_title})"
    return f"{contrast.name} ({contrast.test.title})"

"""One metric in detail: mean with interval, median, worst images and range of ranks."""

from __future__ import annotations

from dataclasses import replace

from p3mbench.report.analysis.comparison import Comparison, Detail
from p3mbench.report.tables import notes
from p3mbench.report.tables.assembly import (
    entry_row,
    mean_cell,
    number_column,
    score_column,
    table_of,
    text_column,
)
from p3mbench.report.tables.model import (
    ColumnType,
    Role,
    Table,
    TableCell,
    TableColumn,
    TableRow,
)
from p3mbench.report.wording.numbers import MISSING, metric_display
from p3mbench.report.wording.titles import kind_title, lower
from p3mbench.stats import WORST, RankRange


def detail_table(comparison: Comparison) -> Table | None:
    """Show the first metric in detail, a block per setting (and subset if there are several)."""
    if not comparison.details:
        return None
    metric = comparison.metric
    subsets = comparison.detailed
    rows = [_row(detail, several=len(subsets) > 1) for detail in comparison.details]
    columns = [
        score_column("mean", "Mean [interval]", metric, ColumnType.INTERVAL),
        score_column("median", "Median", metric),
        TableColumn(key="worst", title=f"Worst {WORST}", type=ColumnType.SHARE),
        text_column("rank", "Rank"),
        number_column("n", "n"),
    ]
    said = [
        *notes.incomplete(rows),
        notes.interval_note(comparison.how, "images"),
        *notes.small_samples(rows),
        f"Worst {WORST}: share of the total error carried by the {WORST} worst images.",
        "Rank: from 1 + methods that are clearly better to methods that are not clearly worse; "
        "clearly = the mean differs by a sign-flip test corrected over all pairs, and the interval "
        "of the paired difference excludes zero. A shared rank is a tie.",
    ]
    entries = comparison.entries
    what = f"{kind_title(entries)}, {notes.subset_names(subsets)}"
    title = f"{metric_display(metric).title} in detail: {lower(what)}"
    caption = f"Per setting TRAIN:TEST; lower is better. {notes.recipe(entries)}"
    return table_of(comparison, (Role.DETAIL, metric), (title, caption), columns, rows, said)


def _row(detail: Detail, *, several: bool) -> TableRow:
    mean, at = detail.mean, detail.at
    cells = (
        replace(mean_cell(mean), low=detail.low, high=detail.high),
        TableCell(value=mean.median, n=mean.n, total=mean.n),
        TableCell(value=detail.share, n=mean.n, total=mean.n),
        TableCell(text=_rank(detail.rank)),
        TableCell(value=float(mean.n), n=mean.n, total=mean.n),
    )
    block = f"{at.subset} {at.setting.title}" if several else at.setting.title
    return entry_row(detail.entry, cells, [at], block)


def _rank(rank: RankRange | None) -> str:
    if rank is None:
        return ""
    return str(rank.best) if rank.best == rank.worst else f"{rank.best}{MISSING}{rank.worst}"

"""Every gap in one metric, with its answers to three questions: a block per contrast."""

from __future__ import annotations

from dataclasses import replace

from p3mbench.report.analysis.comparison import Comparison, ContrastGaps, EntryGap
from p3mbench.report.tables import notes
from p3mbench.report.tables.assembly import (
    entry_row,
    gap_cell,
    mean_cell,
    number_column,
    score_column,
    table_of,
    typical_cell,
)
from p3mbench.report.tables.model import (
    ColumnType,
    Role,
    Table,
    TableCell,
    TableColumn,
    TableRow,
)
from p3mbench.report.wording.numbers import count, metric_display
from p3mbench.report.wording.titles import lower, set_title


def gaps_table(comparison: Comparison, metric: str) -> Table | None:
    """Make the table of every gap in one metric; None if no method has two places to compare."""
    gaps = list(comparison.gaps_in(metric))
    if not gaps:
        return None
    rows = [row for found in gaps for row in _rows(comparison, found)]
    contrasts = [found.contrast for found in gaps]
    said = [
        *notes.incomplete(rows),
        *notes.gap_notes(contrasts, comparison.how),
        *notes.small_samples(rows),
        *notes.gap_columns(gaps),
        *notes.subset_notes(contrasts),
    ]
    entries = comparison.entries
    title = f"Gaps in {metric_display(metric).title}: {lower(set_title(entries))}"
    caption = f"{notes.difference(contrasts)} {notes.recipe(entries)}"
    return table_of(comparison, (Role.GAPS, metric), (title, caption), _columns(metric), rows, said)


def _columns(metric: str) -> list[TableColumn]:
    return [
        score_column("test", "Test", metric),
        score_column("reference", "Ref.", metric),
        score_column("gap", "Gap [interval]", metric, ColumnType.GAP),
        TableColumn(key="p", title="p", type=ColumnType.P_VALUE),
        TableColumn(key="p_holm", title="p Holm", type=ColumnType.P_VALUE),
        score_column("typical", "Typical [interval]", metric, ColumnType.GAP),
        TableColumn(key="p_typical", title="p Holm", type=ColumnType.P_VALUE),
        TableColumn(key="fails", title="Fails", type=ColumnType.SHARE),
        TableColumn(key="p_fails", title="p Holm", type=ColumnType.P_VALUE),
        number_column("n", "n"),
    ]


def _rows(comparison: Comparison, found: ContrastGaps) -> list[TableRow]:
    contrast = found.contrast
    places = comparison.sides(contrast, found.metric)
    block = f"{contrast.name}: {contrast.formula}"
    rows = []
    for gap in (*found.gaps, *found.families):
        means = (mean_cell(gap.test), mean_cell(gap.reference))
        tests = (gap.p_value, gap.p_holm)
        failing = gap.failures.share
        cells = (
            *means,
            gap_cell(gap),
            *(_number(gap, value) for value in tests),
            typical_cell(gap),
            _number(gap, gap.typical.p_holm),
            replace(_number(gap, failing.share), low=failing.low, high=failing.high),
            _number(gap, failing.p_holm),
            _number(gap, float(gap.n)),
        )
        row = entry_row(gap.entry, cells, places, block)
        if len(gap.members) > 1:
            row = replace(row, label=f"{gap.label}, {count(len(gap.members), 'seed')}")
        rows.append(row)
    return rows


def _number(gap: EntryGap, value: float) -> TableCell:
    return TableCell(value=value, n=gap.n, total=gap.n)

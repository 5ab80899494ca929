"""The parts of every table of a comparison: cells, columns, lines, and the whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from p3mbench.report.analysis.comparison import Comparison, EntryGap, MeanAt, MeanScore
from p3mbench.report.analysis.entries import Entry
from p3mbench.report.analysis.flagging import FlagUse, flag_uses, tallies
from p3mbench.report.analysis.lines import EntryLine, spread
from p3mbench.report.tables.model import (
    EMPTY,
    ColumnType,
    Role,
    Table,
    TableCell,
    TableColumn,
    TableRow,
    ranked,
)
from p3mbench.report.wording.flagging import origin_sentence, with_notes
from p3mbench.report.wording.numbers import metric_display
from p3mbench.report.wording.titles import slug
from p3mbench.settings import Setting


def mean_cell(mean: MeanScore | None) -> TableCell:
    """Make a cell of a mean; `EMPTY` without one."""
    if mean is None:
        return EMPTY
    return TableCell(
        value=mean.value,
        median=mean.median,
        n=mean.n,
        total=mean.total,
        failed=mean.failed,
        undefined=mean.undefined,
    )


def gap_cell(gap: EntryGap | None) -> TableCell:
    """Make a cell of a gap; `EMPTY` without one."""
    if gap is None:
        return EMPTY
    return TableCell(
        value=gap.value,
        low=gap.low,
        high=gap.high,
        n=gap.n,
        total=gap.total,
        median=gap.median,
        p_value=gap.p_value,
        p_holm=gap.p_holm,
        share=gap.share,
    )


def typical_cell(gap: EntryGap) -> TableCell:
    """Make a cell of the gap on a typical image."""
    typical = gap.typical
    return TableCell(
        value=typical.estimate,
        low=typical.low,
        high=typical.high,
        n=gap.n,
        total=gap.total,
        p_value=typical.p_value,
        p_holm=typical.p_holm,
    )


def line_cell(comparison: Comparison, line: EntryLine, at: MeanAt) -> TableCell:
    """Make the cell of a line in one place: a mean, or mean and spread over several seeds."""
    means = line.means(comparison, at)
    over = spread([mean.value for mean in means if mean.complete])
    if over is None:
        return mean_cell(means[0] if means else None)
    return TableCell(
        value=over.mean,
        spread=over.std,
        seeds=over.seeds,
        n=min(mean.n for mean in means),
        total=max(mean.total for mean in means),
        failed=sum(mean.failed for mean in means),
    )


def line_gap_cell(gaps: Sequence[EntryGap]) -> TableCell:
    """Make the cell of a line's gap: with its interval, or mean and spread over several seeds."""
    over = spread([gap.value for gap in gaps if gap.complete])
    if over is None:
        return gap_cell(gaps[0] if gaps else None)
    return TableCell(
        value=over.mean,
        spread=over.std,
        seeds=over.seeds,
        n=min(gap.n for gap in gaps),
        total=max(gap.total for gap in gaps),
    )


def text_column(key: str, title: str) -> TableColumn:
    """Make a column of text."""
    return TableColumn(key=key, title=title, type=ColumnType.TEXT)


def number_column(key: str, title: str) -> TableColumn:
    """Make a column of whole numbers."""
    return TableColumn(key=key, title=title, type=ColumnType.NUMBER, decimals=0)


def score_column(
    key: str,
    title: str,
    metric: str,
    type: ColumnType = ColumnType.MEAN,
    *,
    ranked: bool = False,
    extra: int = 0,
) -> TableColumn:
    """Make a column of numbers in a metric, with the metric's decimals and ``extra`` ones."""
    decimals = metric_display(metric).decimals + extra
    return TableColumn(
        key=key, title=title, type=type, decimals=decimals, metric=metric, ranked=ranked
    )


def may_rank(metric: str, metrics: Sequence[str]) -> bool:
    """Whether best and second of ``metric`` are marked in a table of ``metrics``.

    A metric that rewards degenerate mattes (CONN) is ranked only next to one that does not.
    """
    shown = {metric_display(m).ranks_alone for m in metrics}
    return metric_display(metric).ranks_alone or True in shown


def entry_row(
    line: Entry | EntryLine,
    cells: Sequence[TableCell],
    places: Iterable[MeanAt | tuple[str, Setting]],
    block: str = "",
) -> TableRow:
    """Make a line of a table, with the flags of the rows behind it.

    Args:
        line: an entry, or several that differ only in their seed.
        cells: in column order.
        places: of the numbers in the cells.
        block: title of the line's block.
    """
    at = [(p.subset, p.setting) if isinstance(p, MeanAt) else p for p in places]
    entries = line.entries if isinstance(line, EntryLine) else (line,)
    facts = entries[0].facts if len(entries) == 1 else _facts_of_seeds(entries)
    return TableRow(
        label=line.label,
        method=entries[0].method,
        cells=tuple(cells),
        block=block,
        facts=facts,
        tallies=tuple(tally for entry in entries for tally in tallies(entry, at)),
    )


def _facts_of_seeds(entries: Sequence[Entry]) -> tuple[tuple[str, str], ...]:
    """Return the facts of entries of several seeds, each fact once, joined by semicolons."""
    found: dict[str, dict[str, None]] = {}
    for entry in entries:
        for name, text in entry.facts:
            found.setdefault(name, {}).update({text: None} if text else {})
    return tuple((name, ";".join(texts)) for name, texts in found.items())


def table_of(
    comparison: Comparison,
    label: tuple[Role | str, ...],
    headline: tuple[str, str],
    columns: Sequence[TableColumn],
    rows: Sequence[TableRow],
    notes: Sequence[str],
) -> Table:
    """Make a table of a comparison, mark best and second, and explain the flags.

    Args:
        comparison: of the table.
        label: its role, then the words that tell it from others of that role.
        headline: title and caption.
        columns, rows, notes: its parts.
    """
    e = comparison.entries
    found = [tally for row in rows for tally in row.tallies]
    uses = flag_uses(found)
    return Table(
        role=Role(label[0]),
        label=_label(comparison, *label),
        title=headline[0],
        caption=" ".join(filter(None, (headline[1], origin_sentence(found)))),
        columns=tuple(columns),
        rows=marked(ranked(columns, rows), uses),
        notes=with_notes(notes, uses),
        flags=uses,
        benchmark=e.benchmark,
        kind=e.kind,
        facts=(
            ("convention", e.convention),
            ("obfuscation", e.obfuscation),
            ("trimap_source", e.trimap_source),
            ("main_subset", e.subset),
        ),
    ).fitted()


def marked(rows: Iterable[TableRow], uses: Sequence[FlagUse]) -> tuple[TableRow, ...]:
    """Return the rows with the letters of the flags that qualify them."""
    letters = {use.flag: use.mark for use in uses if use.mark}
    return tuple(
        replace(row, marks=tuple(letter for flag, letter in letters.items() if flag in row.flags))
        for row in rows
    )


def _label(comparison: Comparison, *parts: str) -> str:
    """Return the table's slug; a long recipe is cut short."""
    e = comparison.entries
    what = (e.benchmark, e.convention, slug(e.obfuscation)[:24], e.kind)
    return slug("p3mbench", *what, e.trimap_source, e.other_subset, *parts)

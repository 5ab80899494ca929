"""Spread over training seeds, where a method has several."""

from __future__ import annotations

from p3mbench.report.analysis.comparison import Comparison, SeedFamily
from p3mbench.report.analysis.flagging import tallies
from p3mbench.report.tables import notes
from p3mbench.report.tables.assembly import number_column, score_column, table_of
from p3mbench.report.tables.model import Role, Table, TableCell, TableRow
from p3mbench.report.wording.numbers import metric_display
from p3mbench.report.wording.titles import lower, main_title


def seeds_table(comparison: Comparison) -> Table | None:
    """Make the table of the first metric's means over seeds; None if no method has several."""
    if not comparison.families:
        return None
    metric, entries = comparison.metric, comparison.entries
    titles = (("mean", "Mean"), ("sd", "SD"), ("low", "Lowest"), ("high", "Highest"))
    columns = [score_column(key, title, metric) for key, title in titles]
    columns += [number_column("seeds", "Seeds")]
    title = f"Mean {metric_display(metric).title} over training seeds: {lower(main_title(entries))}"
    caption = f"Per setting TRAIN:TEST; lower is better. {notes.recipe(entries)}"
    said = ["SD: sample standard deviation over seeds that scored every image."]
    rows = [_row(family) for family in comparison.families]
    return table_of(comparison, (Role.SEEDS, metric), (title, caption), columns, rows, said)


def _row(family: SeedFamily) -> TableRow:
    spread, first = family.spread, family.members[0]
    values = (spread.mean, spread.std, spread.low, spread.high, float(spread.seeds))
    place = (family.at.subset, family.at.setting)
    return TableRow(
        label=family.label,
        method=first.method,
        cells=tuple(TableCell(value=value) for value in values),
        block=family.at.setting.title,
        facts=first.facts[:2],
        tallies=tuple(tally for e in family.members for tally in tallies(e, [place])),
    )

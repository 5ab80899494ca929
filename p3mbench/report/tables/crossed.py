"""Train by test: a block per method, a line per training, a column per test variant."""

from __future__ import annotations

from dataclasses import replace

from p3mbench.report.analysis.comparison import Comparison, MeanAt
from p3mbench.report.analysis.crossed import Crossed, crossed
from p3mbench.report.tables import notes
from p3mbench.report.tables.assembly import entry_row, mean_cell, score_column, table_of
from p3mbench.report.tables.model import Role, Table, TableRow
from p3mbench.report.wording.numbers import metric_display
from p3mbench.report.wording.titles import main_title
from p3mbench.settings import Setting, ordered


def crossed_table(comparison: Comparison) -> Table | None:
    """Show the first metric by training and test; None without several of both."""
    found = crossed(comparison)
    if not found:
        return None
    metric, subset, entries = comparison.metric, comparison.subset, comparison.entries
    tests = ordered(test for one in found for test in one.tests)
    rows = [row for one in found for row in _rows(comparison, one, tests)]
    columns = [
        replace(score_column(test, test, metric, ranked=True), group="Tested on") for test in tests
    ]
    settings = [Setting(train, test) for one in found for train, test in one.means]
    counts = notes.image_counts(entries, [(subset, test) for test in tests])
    title = f"Train by test, {metric_display(metric).title}: {main_title(entries)}: {counts}"
    caption = (
        f"One line per training, one column per test ({notes.legend(settings)}). Best and second "
        "are those of a method on one test: which training serves it best. "
        f"{notes.recipe(entries)}"
    )
    table = table_of(
        comparison, (Role.CROSSED,), (title, caption), columns, rows, notes.incomplete(rows)
    )
    return replace(table, head="Trained on")


def _rows(comparison: Comparison, one: Crossed, tests: tuple[str, ...]) -> list[TableRow]:
    rows = []
    for train in one.trains:
        cells = [mean_cell(one.means.get((train, test))) for test in tests]
        places = [
            MeanAt(comparison.subset, Setting(train, test), comparison.metric) for test in tests
        ]
        row = entry_row(one.entry, cells, places, one.entry.label)
        rows.append(replace(row, label=train))
    return rows

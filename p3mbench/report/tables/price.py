"""The price list of privacy as a table: error by variant, with the faces still found above."""

from __future__ import annotations

from dataclasses import replace

from p3mbench.report.analysis.comparison import Comparison, MeanAt
from p3mbench.report.analysis.pricing import price_lines
from p3mbench.report.tables import notes
from p3mbench.report.tables.assembly import entry_row, mean_cell, score_column, table_of
from p3mbench.report.tables.model import Role, Table
from p3mbench.report.wording.numbers import metric_display
from p3mbench.report.wording.price import percent, price_sentence
from p3mbench.report.wording.titles import lower, main_title
from p3mbench.settings import Setting


def price_table(comparison: Comparison) -> Table | None:
    """Make the table; None if the faces of fewer than two variants were counted."""
    lines = price_lines(comparison)
    if not lines:
        return None
    metric, entries = comparison.metric, comparison.entries
    counted = sorted(comparison.still_found, key=lambda one: (-one.share.value, one.variant))
    columns = [
        replace(
            score_column(one.variant, f"{one.variant}", metric), group=f"{percent(one.share)} found"
        )
        for one in counted
    ]
    rows = []
    for line in lines:
        places = [
            MeanAt(comparison.subset, Setting(line.train, one.variant), metric) for one in counted
        ]
        cells = [mean_cell(comparison.mean(line.entry, at)) for at in places]
        block = f"train {places[0].setting.train_title}"
        rows.append(entry_row(line.entry, cells, places, block))
    first = counted[0]
    title = f"Price of privacy, mean {metric_display(metric).title}: {lower(main_title(entries))}"
    caption = (
        f"By test variant, from most to fewest faces that {first.detector} still finds; lower is "
        f"better. {notes.recipe(entries)}"
    )
    said = [
        *price_sentence(comparison),
        f"Faces found, with 95 % intervals over {first.share.n} faces: "
        + "; ".join(
            f"{one.variant} {percent(one.share)} [{100 * one.share.low:.0f}, "
            f"{100 * one.share.high:.0f}]"
            for one in counted
        )
        + ". A face that is not found is not anonymous.",
    ]
    return table_of(comparison, (Role.PRICE, metric), (title, caption), columns, rows, said)

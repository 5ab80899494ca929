"""P against NP, as Table 3 of the P3M paper (arXiv:2104.14222)."""

from __future__ import annotations

from p3mbench.report.analysis.comparison import Comparison, MeanAt
from p3mbench.report.analysis.lines import lines_of
from p3mbench.report.tables import notes
from p3mbench.report.tables.assembly import (
    entry_row,
    line_cell,
    may_rank,
    score_column,
    table_of,
    text_column,
)
from p3mbench.report.tables.model import EMPTY, Role, Table, TableCell, TableRow
from p3mbench.report.wording.numbers import metric_display
from p3mbench.report.wording.titles import kind_title
from p3mbench.settings import BLURRED, NORMAL, Setting

# (subset, test variant) of the paper's P/NP table: P has blurred images, NP normal ones.
PLACES = (("P", BLURRED), ("NP", NORMAL))


def subsets_table(comparison: Comparison) -> Table | None:
    """Show every metric on P (test B) and NP (test N), one row per method and train setting.

    Methods with several seeds have one row, with the spread over them.

    None if there are no results on NP.
    """
    entries, metrics = comparison.entries, comparison.subset_metrics
    chosen = {place: _settings(comparison, *place) for place in PLACES}
    if not chosen["NP", NORMAL] or not metrics:
        return None
    columns = [text_column("train", "Train")]
    columns += [
        score_column(m, metric_display(m).title, m, ranked=may_rank(m, metrics)) for m in metrics
    ]
    rows = [row for place, settings in chosen.items() for row in _rows(comparison, place, settings)]
    shown = [(subset, s) for (subset, _), settings in chosen.items() for s in settings]
    absent = [f"{s}, test {t}" for (s, t), settings in chosen.items() if not settings]
    said = [
        *(f"No results on {place}." for place in absent),
        *notes.incomplete(rows),
        *notes.failures(entries, shown),
        *notes.undefined(entries, shown, metrics),
        "P and NP show different people; their gap is unpaired.",
        *notes.seeds(rows),
        *notes.provenance(entries),
    ]
    counts = notes.image_counts(entries, [place for place in PLACES if chosen[place]])
    title = f"{kind_title(entries)}, subsets P and NP: {counts}"
    caption = (
        "Subset P with blurred faces, subset NP with normal faces, by train setting. "
        f"{notes.metric_regions(metrics)}; mean over images, lower is better. "
        f"{notes.recipe(entries)}"
    )
    return table_of(comparison, (Role.SUBSETS,), (title, caption), columns, rows, said)


def _settings(comparison: Comparison, subset: str, test: str) -> list[Setting]:
    return [s for s in comparison.chosen(subset) if s.test == test]


def _rows(
    comparison: Comparison, place: tuple[str, str], settings: list[Setting]
) -> list[TableRow]:
    subset, test = place
    rows = []
    for line in lines_of(comparison):
        for setting in settings:
            at = [MeanAt(subset, setting, metric) for metric in comparison.subset_metrics]
            cells = [line_cell(comparison, line, one) for one in at]
            if any(cell is not EMPTY for cell in cells):
                train = TableCell(text=setting.train_title)
                rows.append(entry_row(line, (train, *cells), at, f"{subset}, test {test}"))
    return rows

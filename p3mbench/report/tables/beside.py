"""Published figures as lines of a table, below the measured ones and never merged with them."""

from __future__ import annotations

from collections.abc import Sequence

from p3mbench.published import BENCHMARK, PublishedFigure, figures
from p3mbench.report.analysis.comparison import Comparison
from p3mbench.report.request import check_matched, matches
from p3mbench.report.tables.model import EMPTY, TableCell, TableColumn, TableRow

TITLE = "Published, not measured here"


def check_published(patterns: Sequence[str]) -> None:
    """Check that every pattern names a method with published figures.

    Raises:
        ValueError: a pattern names none; the message has the nearest names.
    """
    known: dict[str, set[str]] = {}
    for figure in figures():
        known.setdefault(_key(figure), set()).update(_names(figure))
    check_matched("published method", patterns, known)


def published_rows(
    comparison: Comparison, columns: Sequence[TableColumn], patterns: Sequence[str]
) -> list[TableRow]:
    """Make a line per published method and source that has a figure in some column.

    Args:
        comparison: of the table; its kind and main subset say which figures belong to it.
        columns: of the table, of means by setting and metric.
        patterns: of names or titles of methods; empty for no line.
    """
    found: dict[tuple[str, str], dict[tuple[str, str], PublishedFigure]] = {}
    for figure in figures():
        ours = figure.kind == comparison.entries.kind and figure.subset == comparison.subset
        if ours and any(matches(pattern, _names(figure)) for pattern in patterns):
            line = found.setdefault((_label(figure), figure.source), {})
            line.setdefault((figure.setting, figure.metric), figure)
    rows = []
    other = comparison.entries.benchmark != BENCHMARK
    block = f"{TITLE} (on {BENCHMARK})" if other else TITLE
    for (label, source), line in sorted(found.items()):
        cells = [_cell(line.get((c.setting, c.metric))) for c in columns]
        if any(cell.attempted for cell in cells):
            method = next(iter(line.values())).method
            rows.append(
                TableRow(
                    label=label,
                    method=method,
                    cells=tuple(cells),
                    block=block,
                    facts=(("source", source),),
                    source=source,
                )
            )
    return rows


def _cell(figure: PublishedFigure | None) -> TableCell:
    return EMPTY if figure is None else TableCell(value=figure.value)


def _key(figure: PublishedFigure) -> str:
    return figure.method or figure.title


def _names(figure: PublishedFigure) -> tuple[str, ...]:
    return tuple(filter(None, (figure.method, figure.title)))


def _label(figure: PublishedFigure) -> str:
    variant = f" ({figure.variant})" if figure.variant else ""
    return f"{figure.title}{variant}, published [{figure.source}]"

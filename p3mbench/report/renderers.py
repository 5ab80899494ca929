"""`render`: a report in one of the text formats."""

from __future__ import annotations

from dataclasses import replace

from p3mbench.report.export import render_csv, render_json
from p3mbench.report.latex import render_latex
from p3mbench.report.markdown import render_markdown
from p3mbench.report.tables.model import Report
from p3mbench.report.terminal import render_terminal

FORMATS = ("table", "markdown", "latex", "csv", "json")


def render(report: Report, format: str, *, ansi: bool = False, precision: int | None = None) -> str:
    """Lay a report out.

    Args:
        report: from `build`.
        format: one of `FORMATS`.
        ansi: bold and underline by escape sequences (format "table" only); for terminals.
        precision: decimals of every error instead of each metric's own; ties are decided anew.
            Without it CSV and JSON hold full precision.

    Returns:
        Text that ends with a newline. The same report gives the same bytes.

    Raises:
        ValueError: unknown format, negative precision.
    """
    if precision is not None and precision < 0:
        raise ValueError(f"precision must not be negative, got {precision}")
    if precision is not None:
        tables = tuple(table.with_precision(precision) for table in report.tables)
        report = replace(report, tables=tables)
    match format:
        case "table":
            return render_terminal(report, ansi=ansi)
        case "markdown":
            return render_markdown(report)
        case "latex":
            return render_latex(report)
        case "csv":
            return render_csv(report, precision)
        case "json":
            return render_json(report, precision)
    raise ValueError(f"format must be one of {', '.join(FORMATS)}, not {format!r}")

"""``p3mbench report``: tables and plots of stored results."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from p3mbench.cli.completions import complete_metrics, complete_settings
from p3mbench.cli.options import (
    PAGE,
    chosen_format,
    format_option,
    listed,
    metric_names,
    note_boxes,
    out_file_option,
    results_option,
    write_or_print,
)

if TYPE_CHECKING:
    from p3mbench.report.plots import Drawn
    from p3mbench.report.request import MadeReport


@click.command("report")
@results_option
@format_option(**PAGE)
@click.option(
    "--metrics",
    shell_complete=complete_metrics,
    help="Metrics to show, joined by commas, e.g. sad,mse,grad.",
)
@click.option(
    "--settings",
    shell_complete=complete_settings,
    help="TRAIN:TEST settings to show, joined by commas, e.g. B:B,B:N.",
)
@click.option(
    "--kind", type=click.Choice(["trimap-free", "trimap-based"]), help="Show one kind only."
)
@click.option("--precision", type=click.IntRange(0, 10), help="Decimals of every metric.")
@click.option(
    "--compare",
    type=click.Choice(["published"]),
    help="Show published figures and their sources next to the measured ones.",
)
@click.option(
    "--standalone", is_flag=True, help="Write LaTeX as a document that compiles by itself."
)
@click.option("--per-image", is_flag=True, help="Show one line per image instead of means.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the gap plot to this PNG, SVG or PDF file as well.",
)
@click.option(
    "--plots",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write every plot to this folder.",
)
@click.option(
    "--plot-format",
    type=click.Choice(["pdf", "svg", "png"]),
    default="pdf",
    show_default=True,
    help="Format of the files in --plots.",
)
@click.option("--images", help="Ids of the images that the panels show, joined by commas.")
@out_file_option
def command(
    results: Path,
    kind: str | None,
    metrics: str | None,
    settings: str | None,
    compare: str | None,
    images: str | None,
    format_: str | None,
    out: Path | None,
    plots: Path | None,
    plot_format: str,
    **look: Any,
) -> None:
    """Write the tables, the plots and the web page of stored results.

    \b
    p3mbench report
    p3mbench report --format latex --out table.tex --plot gap.pdf
    p3mbench report --format html --out report.html --plots plots
    """
    from p3mbench.report.request import ReportRequest, make_report
    from p3mbench.report.stored import read_stored

    chosen = chosen_format(format_, out)
    stored = read_stored(results, kind)
    try:
        request = ReportRequest(
            format=chosen,
            metrics=metric_names(metrics, stored.metrics) if stored.metrics else None,
            settings=listed(settings) or None,
            published=compare == "published",
            images=listed(images),
            **look,
        )
        made = make_report(stored, request, ansi=out is None and sys.stdout.isatty())
        write_or_print(made.text, out or (results / "report.html" if request.is_page else None))
        _write_gap(made, request.plot)
        if made.gap is not None or plots is not None or request.is_page:
            note_boxes(stored.frame)
        if plots is not None:
            _write_plots(made.plots(stored, f".{plot_format}", request.images), plots, plot_format)
    except ValueError as error:  # a metric, setting or file type that the rows do not have
        raise click.UsageError(str(error)) from None
    unseen = () if request.shows_notes else stored.notes
    for problem in (*unseen, *stored.pictures.problems):
        click.echo(f"note: {problem}", err=True)


def _write_gap(made: MadeReport, path: Path | None) -> None:
    from p3mbench.writing import write_bytes

    if path is not None and made.gap is not None:
        write_bytes(path, made.gap)
        click.echo(f"wrote {path}", err=True)


def _write_plots(plots: Iterable[Drawn], folder: Path, suffix: str) -> None:
    from p3mbench.writing import write_bytes

    wrote = False
    for drawn in plots:
        path = folder / f"{drawn.name}.{suffix}"
        write_bytes(path, drawn.content)
        click.echo(f"wrote {path}", err=True)
        wrote = True
    if not wrote:
        click.echo("note: these rows contain nothing to plot", err=True)

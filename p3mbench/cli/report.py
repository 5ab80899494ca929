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
    F,
    chosen_format,
    format_option,
    listed,
    note_boxes,
    out_file_option,
    results_option,
    write_or_print,
)
from p3mbench.cli.screen import screen_width

if TYPE_CHECKING:
    from p3mbench.report.making import MadeReport
    from p3mbench.report.plots import Drawn
    from p3mbench.report.request import ReportRequest
    from p3mbench.report.stored import StoredRows


LISTS = (
    ("methods", "A,B", "Methods or checkpoints to show; * and ? stand for any letters."),
    ("tables", "A,B", "Tables to show: summary, settings, subsets, gaps, detail, seeds, "
     "published, provenance."),
    ("metrics", "A,B", "Metrics to show, in any case, e.g. sad,mse,grad."),
    ("settings", "A,B", "TRAIN:TEST settings to show, e.g. B:B,B:N."),
    ("columns", "A,B", "Columns to show, by title, setting, metric or 'gap', e.g. B:B,B:N,gap."),
    ("published", "A,B", "Published methods to show below the measured ones, e.g. "
     "p3mnet-r34,gfm*."),
    ("images", "A,B", "Ids of the images that the panels show."),
)  # fmt: skip


def _request_options(function: F) -> F:
    """Add the options that say what a report shows; each has a key of the same name in TOML."""
    complete = {"metrics": complete_metrics, "settings": complete_settings}
    for name, metavar, text in reversed(LISTS):
        option = click.option(
            f"--{name}", metavar=metavar, shell_complete=complete.get(name), help=text
        )
        function = option(function)
    return function


@click.command("report")
@results_option
@format_option(**PAGE)
@click.option("--all", "every", is_flag=True, help="Show every table, after the summary.")
@_request_options
@click.option(
    "--kind", type=click.Choice(["trimap-free", "trimap-based"]), help="Show one kind only."
)
@click.option(
    "--precision", metavar="N|METRIC=N", help="Decimals of errors, e.g. 3 or sad=1,mse=5."
)
@click.option(
    "--order",
    default="name",
    metavar="name|given|COLUMN",
    help="Order of the lines: by name, as --methods gives them, or by a column such as B:N or gap; "
    "a hyphen before it turns it round.",
)
@click.option("--caption", default="", help="Caption of the table.")
@click.option("--label", default="", help="LaTeX label of the table, e.g. tab:gap.")
@click.option(
    "--one-table", is_flag=True, help="Show both kinds of methods as blocks of one table."
)
@click.option("--notes/--no-notes", default=True, help="Show the notes below tables.")
@click.option(
    "--compare",
    type=click.Choice(["published"]),
    help="Show published figures of measured methods, with sources and differences.",
)
@click.option(
    "--standalone", is_flag=True, help="Write LaTeX as a document that compiles by itself."
)
@click.option("--siunitx", is_flag=True, help="Align numbers in LaTeX with the package siunitx.")
@click.option(
    "--text-width",
    type=click.FloatRange(100, 2000),
    default=480.0,
    show_default=True,
    metavar="POINTS",
    help="Width of the LaTeX document's text; tables are made to fit it.",
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
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="TOML file with these options and the files to write (docs/report.md).",
)
@out_file_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    results: Path,
    format_: str | None,
    out: Path | None,
    plots: Path | None,
    plot_format: str,
    config: Path | None,
    **options: Any,
) -> None:
    """Show the summary, the tables, the plots and the web page of stored results.

    \b
    p3mbench report
    p3mbench report --tables settings --format latex --out table.tex --plot gap.pdf
    p3mbench report --format html --out report.html
    p3mbench report --config report.toml
    """
    if config is not None:
        _from_config(ctx, config, results)
        return
    from p3mbench.report.making import make_report
    from p3mbench.report.stored import read_stored

    try:
        request = _request(chosen_format(format_, out), options)
        stored = read_stored(results, request.kind)
        made = make_report(
            stored, request, ansi=out is None and sys.stdout.isatty(), width=screen_width()
        )
        write_or_print(made.text, out or (results / "report.html" if request.is_page else None))
        _write_gap(made, request.plot)
        if made.gap is not None or plots is not None or request.is_page:
            note_boxes(stored.frame)
        if plots is not None:
            _write_plots(made.plots(stored, f".{plot_format}", request.images), plots, plot_format)
    except ValueError as error:  # a name, setting or file type that the rows do not have
        raise click.UsageError(str(error)) from None
    _say_notes(stored, request)


def _request(format_: str, given: dict[str, Any]) -> ReportRequest:
    """Make the request of the options.

    Raises:
        ValueError: options contradict each other.
    """
    from p3mbench.report.request import Decimals, ReportRequest

    texts = {name: given.pop(name) for name, _, _ in LISTS}
    some = {name: listed(text) for name, text in texts.items()}
    empty = next((name for name in some if texts[name] is not None and not some[name]), None)
    if empty:
        raise ValueError(f"--{empty} names nothing; join names by commas, as in a,b")
    precision = given.pop("precision")
    return ReportRequest(
        format=format_,
        metrics=some["metrics"] or None,
        settings=some["settings"] or None,
        methods=some["methods"],
        tables=some["tables"],
        columns=some["columns"],
        images=some["images"],
        published_rows=some["published"],
        published=given.pop("compare") == "published",
        precision=None if precision is None else Decimals.parse(precision),
        **given,
    )


def _from_config(ctx: click.Context, config: Path, results: Path) -> None:
    """Write every file that a configuration asks for.

    Raises:
        click.UsageError: an option is given beside it, or the file is wrong.
    """
    from p3mbench.report.config import read_config
    from p3mbench.report.making import write_outputs

    source = click.core.ParameterSource.COMMANDLINE
    given = [
        f"--{name.rstrip('_').replace('_', '-')}"
        for name in ctx.params
        if name not in ("config", "results") and ctx.get_parameter_source(name) is source
    ]
    if given:
        raise click.UsageError(
            f"--config holds every option; write {', '.join(given)} into {config}"
        )
    asked = ctx.get_parameter_source("results") is source
    try:
        wanted = read_config(config, results if asked else None)
        for path in write_outputs(wanted):
            click.echo(f"wrote {path}", err=True)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _say_notes(stored: StoredRows, request: ReportRequest) -> None:
    from p3mbench.report.making import shows_notes

    unseen = () if shows_notes(request) else stored.notes
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

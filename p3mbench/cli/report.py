"""``p3mbench report``: tables and plots of stored results."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from p3mbench.cli.options import out_file_option, results_option, write_or_print

if TYPE_CHECKING:
    import pandas as pd


@click.command("report")
@results_option
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "markdown", "latex", "csv", "json"]),
    default="table",
    show_default=True,
)
@click.option("--metrics", help="Metrics to show, joined by commas, e.g. sad,mse,grad.")
@click.option("--settings", help="TRAIN:TEST settings to show, joined by commas, e.g. B:B,B:N.")
@click.option("--kind", type=click.Choice(["trimap-free", "trimap-based"]), help="One kind only.")
@click.option("--precision", type=click.IntRange(0, 10), help="Decimals, for every metric.")
@click.option(
    "--compare",
    type=click.Choice(["published"]),
    help="Put published figures and their sources beside the measured ones.",
)
@click.option("--standalone", is_flag=True, help="LaTeX as a document of its own, to compile.")
@click.option("--per-image", is_flag=True, help="One line per image instead of means.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the gap plot to this PNG, SVG or PDF file as well.",
)
@out_file_option
def command(
    results: Path,
    format_: str,
    metrics: str | None,
    settings: str | None,
    kind: str | None,
    precision: int | None,
    compare: str | None,
    standalone: bool,
    per_image: bool,
    plot: Path | None,
    out: Path | None,
) -> None:
    """Write the tables and the gap plot of stored results.

    \b
    p3mbench report
    p3mbench report --format latex --out table.tex --plot gap.pdf
    """
    from p3mbench import report
    from p3mbench.errors import StoreError
    from p3mbench.report.latex import document
    from p3mbench.report.plots import gap_plot
    from p3mbench.store import Store

    with Store(results) as store:
        frame, expected = store.frame(), store.expected()
    if frame.empty:
        raise StoreError(f"{results}: holds no rows yet; run p3mbench run --out {results}")
    if kind:
        frame = frame[frame["kind"] == kind]
        if frame.empty:
            raise StoreError(f"{results}: holds no rows of {kind} methods")
    ansi = out is None and sys.stdout.isatty()
    try:
        built = report.build(
            frame,
            metrics=_listed(metrics),
            settings=_listed(settings),
            expected=expected,
            published=compare == "published",
        )
        if per_image:
            text = report.per_image(
                frame, format_, metrics=_listed(metrics), ansi=ansi, precision=precision
            )
        else:
            text = report.render(built, format_, ansi=ansi, precision=precision)
        if standalone and format_ == "latex":
            text = document(text)
        write_or_print(text, out)
        if plot is not None:
            gap_plot(built, plot)
            click.echo(f"wrote {plot}", err=True)
    except ValueError as error:  # a metric, setting or file type that the rows do not have
        raise click.UsageError(str(error)) from None


def _listed(text: str | None) -> tuple[str, ...] | None:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else None


def tables_of(frame: pd.DataFrame, expected: dict[tuple[str, str], int]) -> str:
    """The tables as the terminal shows them after a run."""
    from p3mbench import report

    built = report.build(frame, expected=expected).select("settings", "subsets")
    return report.render(built, "table", ansi=sys.stdout.isatty())

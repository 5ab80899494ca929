"""``p3mbench report``: tables and plots of stored results."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from p3mbench.cli.options import (
    PAGE,
    chosen_format,
    format_option,
    metric_names,
    note_boxes,
    out_file_option,
    results_option,
    write_or_print,
)

if TYPE_CHECKING:
    import pandas as pd

    from p3mbench.report import Report
    from p3mbench.report.build import Subject
    from p3mbench.report.pictures import Pictures


@click.command("report")
@results_option
@format_option(**PAGE)
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
    help="Of the files in --plots.",
)
@click.option("--images", help="Images that the panels show, joined by commas.")
@out_file_option
def command(**asked: Any) -> None:
    """Write the tables, the plots and the web page of stored results.

    \b
    p3mbench report
    p3mbench report --format latex --out table.tex --plot gap.pdf
    p3mbench report --format html --out report.html --plots plots
    """
    from p3mbench.errors import StoreError
    from p3mbench.report.current import current
    from p3mbench.report.pictures import Pictures, contents_of
    from p3mbench.store import Store

    asked["format_"] = chosen_format(asked["format_"], asked["out"])
    results = asked["results"]
    with Store(results) as store:
        rows, expected, manifests = current(store), store.expected(), store.manifests()
    frame = rows.frame
    if frame.empty:
        raise StoreError(f"{results}: holds no rows yet; run p3mbench run --out {results}")
    if asked["kind"]:
        frame = frame[frame["kind"] == asked["kind"]]
        if frame.empty:
            raise StoreError(f"{results}: holds no rows of {asked['kind']} methods")
    pictures = Pictures(results, manifests, contents_of(frame))
    try:
        _write(frame, expected, manifests, pictures, asked | {"notes": rows.notes})
    except ValueError as error:  # a metric, setting or file type that the rows do not have
        raise click.UsageError(str(error)) from None
    for problem in (*_unseen(rows.notes, asked), *pictures.problems):
        click.echo(f"note: {problem}", err=True)


def _unseen(notes: tuple[str, ...], asked: dict[str, Any]) -> tuple[str, ...]:
    """The notes on all rows, where what was written does not show them."""
    from p3mbench.report.render import find

    if asked["per_image"]:
        return notes
    return () if asked["format_"] in PAGE or find(asked["format_"]).shows_notes else notes


def _write(
    frame: pd.DataFrame,
    expected: dict[tuple[str, str], int],
    manifests: list[dict[str, Any]],
    pictures: Pictures,
    asked: dict[str, Any],
) -> None:
    from p3mbench import report
    from p3mbench.report.build import subjects
    from p3mbench.store import metric_columns
    from p3mbench.writing import write_bytes

    have = metric_columns(frame)
    metrics = metric_names(asked["metrics"], have) if have else None  # nothing was scored
    images = _listed(asked["images"]) or ()
    built = report.build(
        frame,
        metrics=metrics,
        settings=_listed(asked["settings"]),
        expected=expected,
        published=asked["compare"] == "published",
    ).noted(asked["notes"])
    shown = subjects(frame, metrics=metrics)
    gap = None if asked["plot"] is None else _gap_plot(built, asked["plot"])
    if asked["format_"] in PAGE:
        from p3mbench.report.html import Page, render_html

        if asked["per_image"]:
            raise click.UsageError("the page has its own image viewer; --per-image is for tables")
        page = Page(built, shown, frame, manifests, pictures)
        write_or_print(render_html(page), asked["out"] or asked["results"] / "report.html")
    else:
        write_or_print(_text(built, frame, metrics, asked), asked["out"])
    if gap is not None:
        write_bytes(asked["plot"], gap)
        click.echo(f"wrote {asked['plot']}", err=True)
    if gap is not None or asked["plots"] is not None or asked["format_"] == "html":
        note_boxes(frame)
    if asked["plots"] is not None:
        _write_plots(built, shown, pictures, images, asked)


def _gap_plot(built: Report, path: Path) -> bytes:
    """Drawn before anything is written, so that a report is made whole or not at all."""
    from p3mbench.report.plots.gap import gap_picture

    return gap_picture(built, path)


def _text(
    built: Report, frame: pd.DataFrame, metrics: tuple[str, ...] | None, asked: dict[str, Any]
) -> str:
    from p3mbench import report

    look: dict[str, Any] = {
        "ansi": asked["out"] is None and sys.stdout.isatty(),
        "precision": asked["precision"],
        "standalone": asked["standalone"],
    }
    if asked["per_image"]:
        return report.per_image(frame, asked["format_"], metrics=metrics, **look)
    return report.render(built, asked["format_"], **look)


def _write_plots(
    built: Report,
    shown: list[Subject],
    pictures: Pictures,
    images: tuple[str, ...],
    asked: dict[str, Any],
) -> None:
    from p3mbench.report.plots import draw_all
    from p3mbench.writing import write_bytes

    wrote = False
    folder, suffix = asked["plots"], f".{asked['plot_format']}"
    for drawn in draw_all(built, shown, suffix, pictures=pictures, images=images):
        path = folder / f"{drawn.name}{suffix}"
        write_bytes(path, drawn.content)
        click.echo(f"wrote {path}", err=True)
        wrote = True
    if not wrote:
        click.echo("note: these rows hold nothing to plot", err=True)


def _listed(text: str | None) -> tuple[str, ...] | None:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else None


def tables_of(
    frame: pd.DataFrame, expected: dict[tuple[str, str], int], notes: tuple[str, ...] = ()
) -> str:
    """The tables as the terminal shows them after a run."""
    from p3mbench import report

    built = report.build(frame, expected=expected).noted(notes).select("settings", "subsets")
    return report.render(built, "table", ansi=sys.stdout.isatty())

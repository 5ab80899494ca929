"""``p3mbench gallery``: everything that report makes of a store, in one folder with an index."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from p3mbench.cli.options import FORMAT, note_boxes, results_option

if TYPE_CHECKING:
    from p3mbench.report.plots import Drawn


@click.command("gallery")
@results_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder to write to.",
)
@click.option(
    "--plot-format",
    type=click.Choice(["png", "svg", "pdf"]),
    default="png",
    show_default=True,
    help="Format of the plots; the index shows PNG and SVG.",
)
@click.option(
    "--dpi",
    type=click.IntRange(30, 600),
    default=110,
    show_default=True,
    help="Resolution of PNG files.",
)
@click.option("--page/--no-page", default=True, help="Write the web page as well.")
@click.option(
    "--tables",
    "formats",
    type=FORMAT,
    multiple=True,
    help="Format of the tables to write; repeatable [default: all].",
)
def command(
    results: Path, out: Path, plot_format: str, dpi: int, page: bool, formats: tuple[str, ...]
) -> None:
    """Write all tables, all plots and the web page of stored results, with an index.

    \b
    p3mbench gallery --out gallery
    """
    from p3mbench import report
    from p3mbench.report.html import Page, render_html
    from p3mbench.report.plots import draw_all
    from p3mbench.report.stored import read_stored
    from p3mbench.writing import write_bytes, write_text

    stored = read_stored(results)
    built = report.build(stored.frame, expected=stored.expected, privacy=stored.privacy)
    built = built.noted(stored.notes)
    tables = _files(formats)
    for format_, name in tables.items():
        write_text(out / name, report.render(built, format_))
    plots = list(draw_all(built.comparisons, f".{plot_format}", pictures=stored.pictures, dpi=dpi))
    for drawn in plots:
        write_bytes(out / f"{drawn.name}.{plot_format}", drawn.content)
    if page:
        text = render_html(Page(built, stored.runs, stored.pictures))
        write_text(out / "report.html", text)
    write_text(out / "README.md", _index(tables, plots, plot_format, page))
    note_boxes(stored.frame)
    for problem in stored.pictures.problems:
        click.echo(f"note: {problem}", err=True)
    click.echo(f"{len(tables)} tables and {len(plots)} plots in {out}; begin with README.md")


def _files(wanted: tuple[str, ...]) -> dict[str, str]:
    """Return format -> name of its file, for the wanted ones or all; the screen's text is last."""
    from p3mbench.report.render import DEFAULT, formats

    every = sorted(formats().values(), key=lambda one: one.name == DEFAULT)
    return {
        one.name: f"tables{one.suffixes[0]}" for one in every if one.name in wanted or not wanted
    }


def _index(tables: Mapping[str, str], plots: list[Drawn], suffix: str, page: bool) -> str:
    from p3mbench.report.render.markdown import prose

    lines = [
        "# Gallery",
        "",
        "Everything `p3mbench report` makes of one store of results; `p3mbench gallery` wrote it.",
        "",
        "Tables: " + ", ".join(f"[{format_}]({name})" for format_, name in tables.items()) + ".",
    ]
    lines += ["", "[The web page](report.html), one file that works offline."] if page else []
    for drawn in plots:
        lines += [
            "",
            f"## {prose(drawn.title)}",
            "",
            f"![{prose(drawn.title)}]({drawn.name}.{suffix})",
            "",
            prose(drawn.caption),
        ]
    return "\n".join(lines) + "\n"

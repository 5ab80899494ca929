"""``p3mbench import``: per-image scores that were measured elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from p3mbench.ingest import Defaults


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="[NAME=]FILE[@SETTING]...")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder of the store to add the rows to.",
)
@click.option(
    "--benchmark",
    default="",
    help="Benchmark of the scores, if the file does not say [default: p3m500].",
)
@click.option("--subset", default="", help="P or NP, if the file does not say.")
@click.option("--method", default="", help="Name of the method, if the file has no such column.")
@click.option(
    "--setting",
    default="",
    help="TRAIN:TEST such as B:N, if the file does not say; TRAIN alone if the file gives TEST.",
)
@click.option(
    "--convention", default="", help="Definition of the metrics, if the file does not say."
)
@click.option("--strategy", default="", help="Test-time strategy, if the file does not say.")
@click.option(
    "--kind",
    type=click.Choice(["trimap-free", "trimap-based"]),
    help="Kind of the method [default: what the file says, else trimap-free].",
)
@click.option("--title", default="", help="Title of the method in tables [default: its name].")
@click.option(
    "--keep-columns",
    default="",
    help="Unknown columns to keep as metrics of your own, joined by commas, or 'all'.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["auto", "csv", "p3m-log", "p3mnet-log", "stylematte-log"]),
    default="auto",
    show_default=True,
    help="A table, or the log of a project's test code.",
)
@click.option("--strict", is_flag=True, help="Refuse a file if there is anything to note.")
def command(
    files: tuple[str, ...],
    out: Path,
    benchmark: str,
    subset: str,
    method: str,
    setting: str,
    convention: str,
    strategy: str,
    kind: str | None,
    title: str,
    keep_columns: str,
    format_: str,
    strict: bool,
) -> None:
    """Import per-image scores that were measured elsewhere.

    A table (CSV, with any separator) needs a column for the image, one per metric, and method,
    subset, variant (B or N) and train_setting as columns or options. Names such as SAD-T,
    sad_trimap and "MSE (1e-3)" are known; other columns are listed and left out. Lines such as
    "mean" are left out, and impossible scores are refused. Rows are flagged as imported and never
    replace measured ones. docs/import.md has the details.

    \b
    p3mbench import theirs.csv --convention p3m --out theirs
    p3mbench evaluate PRED GT --format csv --out mine.csv
    p3mbench import mine.csv --method mine --setting B:N --out theirs
    p3mbench import p3mnet-r34=p3m_test.log@B stylematte=test.report@other --out theirs
    """
    from p3mbench.ingest import Defaults, import_file
    from p3mbench.store import Store

    said = Defaults(
        benchmark=benchmark,
        convention=convention,
        method=method,
        setting=setting,
        subset=subset,
        strategy=strategy,
        kind=kind or "",
        title=title,
        keep=tuple(part.strip() for part in keep_columns.split(",") if part.strip()),
        format=format_,
        strict=strict,
    )
    parts = [_parsed(text, said) for text in files]
    with Store(out, create=True) as store:
        for path, defaults in parts:
            outcome = import_file(path, store, defaults)
            for note in outcome.notes:
                click.echo(f"note: {note}", err=True)
            click.echo(
                f"{path}: {outcome.rows:,} rows stored in {store.path} ({outcome.new:,} new, "
                f"{outcome.replaced:,} replaced, {outcome.equal:,} equal)"
            )


def _parsed(text: str, said: Defaults) -> tuple[Path, Defaults]:
    """Split ``NAME=FILE@SETTING`` into the path and the rest; an existing path is kept whole."""
    path = Path(text)
    if path.exists():
        return path, said
    name, equals, rest = text.partition("=")
    if equals and "/" not in name:
        said, text = replace(said, method=name), rest
    if not Path(text).exists() and "@" in text:
        text, _, setting = text.rpartition("@")
        said = replace(said, setting=setting)
    return Path(text), said

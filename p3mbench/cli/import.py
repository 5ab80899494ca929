"""``p3mbench import``: per-image scores that were measured elsewhere."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder of the results store that takes the rows.",
)
@click.option(
    "--benchmark",
    default="p3m500",
    show_default=True,
    help="What was tested, where the file has no such column.",
)
@click.option("--convention", default="", help="Whose metrics, where the file has no such column.")
def command(files: tuple[Path, ...], out: Path, benchmark: str, convention: str) -> None:
    """Store the rows of CSV FILES, so that they can be reported.

    The header must have method, image, variant (B or N), train_setting (B, N, B+CP, other or -)
    and a column per metric (sad, mse, mad, ...); it may have title, kind, benchmark, subset,
    convention, seed, strategy, options, checkpoint, checkpoint_sha256, trimap_source, obfuscation,
    status, reason, seconds, height, width, parameters. Rows are flagged as imported and never take
    the place of measured ones.

    \b
    p3mbench import theirs.csv --convention p3m --out theirs
    p3mbench report --results theirs
    """
    from p3mbench.ingest import Defaults, import_file
    from p3mbench.store import Store

    with Store(out, create=True) as store:
        for path in files:
            rows = import_file(path, store, Defaults(benchmark, convention))
            click.echo(f"{path}: {rows:,} rows stored in {store.path}")

"""``p3mbench merge``: the stores of a job array in one."""

from __future__ import annotations

from pathlib import Path

import click

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("merge")
@click.argument("folders", nargs=-1, required=True, type=FOLDER)
@click.option("--out", type=FOLDER, required=True, help="Folder of the store to add the rows to.")
def command(folders: tuple[Path, ...], out: Path) -> None:
    """Merge the rows and mattes of the stores in FOLDERS into one store.

    Existing rows are kept; merging again changes nothing. A failure never replaces a score.

    \b
    p3mbench run --methods all --shard 1/2 --out shard-1
    p3mbench run --methods all --shard 2/2 --out shard-2
    p3mbench merge shard-1 shard-2 --out results/whole
    """
    from p3mbench.harness.manifest import write_manifests
    from p3mbench.store import Store

    for folder in folders:  # all are checked before anything is written
        with Store(folder):
            pass
    with Store(out, create=True) as store:
        for folder in folders:
            with Store(folder) as other:
                taken = store.merge(other)
            click.echo(f"{folder}: {taken.rows:,} rows and {taken.mattes:,} mattes taken")
        write_manifests(store)

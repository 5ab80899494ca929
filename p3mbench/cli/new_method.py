"""``p3mbench new-method``: a working plugin to start from."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("new-method")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(["trimap-free", "trimap-based"]),
    default="trimap-free",
    show_default=True,
    help="Whether the method gets a trimap.",
)
@click.option("--learned", is_flag=True, help="The method has weights; start from a small network.")
@click.option("--package", is_flag=True, help="Write an installable package, not a single file.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    show_default="here",
    help="Folder to write into.",
)
def command(name: str, kind: str, learned: bool, package: bool, out: Path) -> None:
    """Write a working plugin called NAME, which passes 'p3mbench check'.

    The plugin is one file, or with --package a folder with pyproject.toml, entry point, test,
    README and a CI workflow. Existing files are not replaced.

    \b
    p3mbench new-method my-net --learned
    p3mbench check my_net.py
    """
    from p3mbench.method import Kind
    from p3mbench.scaffold import names_of, new_method

    paths = new_method(name, Kind(kind), learned=learned, package=package, folder=out)
    for path in paths:
        click.echo(f"wrote {path}")
    click.secho("next", bold=True)
    if package:
        click.echo(f"  pip install -e {out / names_of(name).project}")
        click.echo(f"  p3mbench check {name}")
        click.echo(f"  p3mbench run --methods {name},coarse --limit 4")
    else:
        click.echo(f"  p3mbench check {paths[0]}")
        weights = f" --weights {name}=FILE@B" if learned else ""
        click.echo(f"  p3mbench run --plugin {paths[0]} --methods {name}{weights} --limit 4")

"""``p3mbench weights``: list, check, add and download checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from p3mbench.cli.completions import complete_checkpoints, complete_learned
from p3mbench.cli.options import TRAIN_SETTING, plugin_option

if TYPE_CHECKING:
    from p3mbench.method import Method


@click.group("weights")
def command() -> None:
    """List, check, add and download the checkpoints of learned methods.

    A run downloads nothing: the files must be in the weights folder ($P3MBENCH_WEIGHTS, or the
    user's data folder), under the names that their authors gave them.
    """


@command.command("list")
@plugin_option
def list_(plugins: tuple[Path, ...]) -> None:
    """List every published checkpoint and every added one."""
    from p3mbench import checkpoints
    from p3mbench.cli.screen import columns, item
    from p3mbench.registry import learned_methods
    from p3mbench.weights import RecordError, location, weights_dir

    rows, sources, odd = [], [], []
    for method in learned_methods(plugins):
        info = method.info
        try:
            here = {weights.path.name: weights for weights in checkpoints.found(info)}
        except RecordError as error:  # of one file; the others are still listed
            odd.append(f"{info.name}: {error}")
            here = {}
        for c in info.checkpoints:
            place = location(c)
            weights = here.pop(place.name, None) if place else None
            state = weights.sha256[:12] if weights else "absent"
            sets = ", ".join(c.train_sets)
            rows.append([info.name, c.file, state, str(c.train_setting), sets, c.licence])
            if weights is None:
                sources.append(item(f"{info.name}, {c.file}", c.where))
        for file, weights in here.items():
            sets = ", ".join(weights.train_sets) or "not said"
            state = weights.sha256[:12]
            rows.append([info.name, file, state, weights.train_setting, sets, "yours"])
        if not info.checkpoints and not here:
            rows.append([info.name, "none published", "", "", "", ""])
    click.echo(columns(["method", "file", "SHA-256", "trained", "on", "licence"], rows))
    click.echo(f"\nfolder: {weights_dir()}")
    if sources:
        click.secho("where their authors keep the absent ones", bold=True)
        click.echo("\n".join(sources))
    for line in odd:
        click.secho(line, fg="red", err=True)
    if odd:
        raise SystemExit(1)


@command.command("check")
@click.argument("names", nargs=-1, shell_complete=complete_learned)
@plugin_option
def check(names: tuple[str, ...], plugins: tuple[Path, ...]) -> None:
    """Load every installed checkpoint, strictly, and compare its SHA-256."""
    from p3mbench import checkpoints, nearest
    from p3mbench.errors import MethodError, P3MBenchError
    from p3mbench.registry import learned_methods, unknown_method
    from p3mbench.weights import RecordError

    learned = {method.info.name: method for method in learned_methods(plugins)}
    for name in names:
        if name not in learned:
            raise MethodError(unknown_method(name, learned, "learned method"))
    bad = count = 0
    for name in names or sorted(learned):
        try:
            here = checkpoints.found(learned[name].info)
        except RecordError as error:
            here, bad, count = [], bad + 1, count + 1
            click.secho(f"{name}: {error}", fg="red")
        for weights in here:
            count += 1
            try:
                nearest.load(learned[name], "cpu", weights.path, learned.values)
                click.echo(f"{name}: {weights.path.name} fits ({weights.sha256[:12]})")
            except P3MBenchError as error:
                bad += 1
                click.secho(f"{name}: {error}", fg="red")
    if not count:
        click.echo("no checkpoints here; p3mbench weights list says where they are published")
    if bad:
        raise SystemExit(1)


@command.command("add")
@click.argument("given", nargs=-1, required=True, metavar="[METHOD] FILE")
@click.option(
    "--method",
    "wanted",
    shell_complete=complete_learned,
    help="Method that it belongs to [default: found from its tensors].",
)
@click.option("--name", default="", help="Name of the checkpoint in tables.")
@click.option(
    "--setting",
    type=TRAIN_SETTING,
    help="What faces looked like in its training images.",
)
@click.option("--trained-on", default="", help="Training sets, joined by commas.")
@plugin_option
def add(
    given: tuple[str, ...],
    wanted: str | None,
    name: str,
    setting: str | None,
    trained_on: str,
    plugins: tuple[Path, ...],
) -> None:
    """Copy a checkpoint into the weights folder; its tensors tell which method it belongs to.

    METHOD is necessary for a model file (ONNX, TorchScript), whose known hash is compared.

    The state dict may be anywhere in the file, and names may have the prefixes of wrappers. If a
    file has averaged and plain weights, the average is used (docs/weights.md).
    """
    from p3mbench import checkpoints, nearest
    from p3mbench.errors import WeightsError
    from p3mbench.names import checked_name
    from p3mbench.registry import get, learned_methods

    if len(given) > 2 or (len(given) == 2 and wanted):
        raise click.UsageError("give one FILE, or METHOD and FILE")
    file, wanted = Path(given[-1]), given[0] if len(given) == 2 else wanted
    if not file.is_file():
        raise WeightsError(f"{file} does not exist")
    if name:
        checked_name(name, "checkpoint", WeightsError)
    learned = learned_methods(plugins)
    takers = [get(wanted, plugins)] if wanted else checkpoints.recognise(file, learned)
    if len(takers) > 1:
        names = ", ".join(method.info.name for method in takers)
        raise WeightsError(f"{file}: fits {names}; name the method with --method")
    nearest.load(
        takers[0], "cpu", file, lambda: learned
    )  # warns of an average beside plain weights
    sets = tuple(part.strip() for part in trained_on.split(",") if part.strip())
    info = takers[0].info
    weights = checkpoints.add(file, info, name, setting or "", sets)
    click.echo(f"{info.name}: {weights.path.name}, trained under {weights.train_setting}")
    click.echo(f"SHA-256 {weights.sha256}")


@command.command("fetch")
@click.argument("names", nargs=-1, metavar="[METHOD]...", shell_complete=complete_learned)
@click.option(
    "--name",
    shell_complete=complete_checkpoints,
    help="Name of the checkpoint [default: the first published one].",
)
@click.option(
    "--url", help="Address: https://..., gdrive:ID, gdrive-folder:ID or hf:OWNER/REPOSITORY/FILE."
)
@click.option("--all", "everything", is_flag=True, help="All checkpoints; of all methods, if none.")
@plugin_option
def fetch(
    names: tuple[str, ...],
    name: str | None,
    url: str | None,
    everything: bool,
    plugins: tuple[Path, ...],
) -> None:
    """Download published checkpoints into the weights folder and check that they fit.

    A broken download is continued by the same command. Google Drive and Hugging Face need the
    extra: pip install 'p3mbench[fetch]'.
    """
    from p3mbench import fetching
    from p3mbench.registry import get, learned_methods

    if not names and not everything:
        raise click.UsageError("name a method, or give --all")
    if url and (everything or len(names) > 1):
        raise click.UsageError("--url is the address of one checkpoint of one method")
    if name and everything:
        raise click.UsageError("give either --name or --all")
    methods = [get(one, plugins) for one in names] or learned_methods(plugins)
    wanted = [(method, name) for method in methods]
    if everything:
        wanted = [
            (method, one.name)
            for method in methods
            for one in method.info.checkpoints
            if names or fetching.source_of(method.info, one)
        ]
    if len(wanted) == 1:
        path, sha256 = fetching.fetch(*wanted[0], url)
        click.echo(f"{wanted[0][0].info.name}: {path}\nSHA-256 {sha256}")
    else:
        _fetch_each(wanted)


def _fetch_each(wanted: list[tuple[Method, str | None]]) -> None:
    """Fetch several checkpoints; one that fails does not stop the others."""
    from p3mbench import fetching
    from p3mbench.errors import P3MBenchError

    failed = 0
    for method, name in wanted:
        try:
            path, sha256 = fetching.fetch(method, name)
            click.echo(f"{method.info.name}: {path.name} ({sha256[:12]})")
        except P3MBenchError as error:
            failed += 1
            click.secho(f"{method.info.name}: {error}", fg="red", err=True)
    click.echo(f"{len(wanted) - failed} of {len(wanted)} checkpoints are here")
    if failed:
        raise SystemExit(3)

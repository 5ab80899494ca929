"""``p3mbench doctor``: is this machine ready?"""

from __future__ import annotations

import click


@click.command("doctor")
@click.option("--warm", is_flag=True, help="Compile PyMatting now, so that no run has to wait.")
def command(warm: bool) -> None:
    """Check the installation: versions, devices, weights, plugins."""
    from p3mbench.cli.screen import item
    from p3mbench.provenance import environment

    facts = environment()
    click.secho("environment", bold=True)
    click.echo(
        item("machine", f"{facts['cpu']}, {facts['cores']} cores, {facts['memory_gib']} GiB")
    )
    click.echo(item("versions", ", ".join(f"{k} {v}" for k, v in facts["versions"].items())))
    click.echo(item("device", _device()))
    _show_places()
    problems = _problems()
    click.secho("problems" if problems else "no problems found", bold=True)
    for name, text in problems:
        click.echo(item(name, text))
    if warm:
        _warm()
    if problems:
        raise SystemExit(1)


def _show_places() -> None:
    from p3mbench.cli.screen import item
    from p3mbench.cli.variables import VARIABLES, weights_places

    click.secho("environment variables", bold=True)
    for variable in VARIABLES:
        click.echo(item(variable.name, f"{variable.value()}: {variable.effect()}"))
    click.secho("weights are looked for in this order", bold=True)
    for name, text in weights_places():
        click.echo(item(name, text))


def _device() -> str:
    import importlib.util

    if importlib.util.find_spec("torch") is None:
        return "PyTorch is not installed; learned methods cannot run"
    import torch

    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name(0)} (PyTorch {torch.__version__})"
    if torch.version.cuda is not None:
        return f"CPU: PyTorch {torch.__version__} has CUDA, but sees no GPU"
    return f"CPU: PyTorch {torch.__version__} is a build without CUDA"


def _problems() -> list[tuple[str, str]]:
    from p3mbench.registry import find

    problems = [(entry.name, entry.problem or "") for entry in find() if entry.method is None]
    problems += [
        (name, "is in setup.cfg but not installed; run pip install -e . again")
        for name in _stale_entry_points()
    ]
    return problems


def _stale_entry_points() -> list[str]:
    """Return the methods that an editable checkout declares and the installed metadata lacks."""
    from configparser import ConfigParser
    from pathlib import Path

    import p3mbench
    from p3mbench.registry import GROUP, find

    config = ConfigParser()
    config.read(Path(p3mbench.__file__).resolve().parents[1] / "setup.cfg", encoding="utf-8")
    declared = config.get("options.entry_points", GROUP, fallback="").splitlines()
    names = {line.partition("=")[0].strip() for line in declared if "=" in line}
    return sorted(names - {entry.name for entry in find()})


def _warm() -> None:
    import time

    click.echo("compiling PyMatting (about a minute the first time) ... ", nl=False)
    start = time.perf_counter()
    import pymatting  # noqa: F401

    click.echo(f"done in {time.perf_counter() - start:.0f} s")

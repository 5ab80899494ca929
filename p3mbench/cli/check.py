"""``p3mbench check``: the conformance test of a method."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from p3mbench.cli.completions import complete_method
from p3mbench.cli.options import trust_option

if TYPE_CHECKING:
    from p3mbench.testing.finding import CheckFinding

COLOURS = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "cyan"}


@click.command("check")
@click.argument("name_or_file", shell_complete=complete_method)
@click.option(
    "--weights",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Checkpoint of a learned method [default: an installed one, else thin random weights].",
)
@click.option("--device", default="cpu", show_default=True, help="auto, cpu or cuda.")
@click.option(
    "--timeout",
    type=click.FloatRange(1),
    default=300,
    show_default=True,
    help="Seconds that one check may take.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="Output format.",
)
@trust_option
@click.pass_context
def command(
    ctx: click.Context,
    name_or_file: str,
    weights: Path | None,
    device: str,
    timeout: float,
    format_: str,
) -> None:
    """Check that a method conforms to the interface.

    NAME_OR_FILE is the name of a method, or a plugin file, which is executed. The checks run in a
    process of their own. The exit code is 3 if a check fails.

    \b
    p3mbench check my_net.py
    p3mbench check p3mnet-r34 --weights p3mnet_pretrained_on_p3m10k.pth --format json
    """
    from p3mbench.errors import WeightsError
    from p3mbench.testing.apart import check_apart
    from p3mbench.testing.finding import passed

    if weights is not None and not weights.is_file():
        raise WeightsError(f"weights file {weights} does not exist")
    found: dict[str, list[CheckFinding]] = {}
    for method, finding in check_apart(
        name_or_file, plugin=_plugin(name_or_file), weights=weights, device=device, timeout=timeout
    ):
        if format_ == "table":
            _show(method, finding, new=method not in found)
        found.setdefault(method, []).append(finding)
    if format_ == "json":
        click.echo(json.dumps([_record(m, findings) for m, findings in found.items()], indent=1))
    else:
        for method, findings in found.items():
            _verdict(method, findings)
    ctx.exit(0 if all(map(passed, found.values())) else 3)


def _plugin(name_or_file: str) -> Path | None:
    """Return the given plugin file, or None for the name of a registered method."""
    from p3mbench.errors import MethodError

    path = Path(name_or_file)
    looks = path.suffix in (".py", ".toml") or path.is_file() or len(path.parts) != 1
    if path.is_dir() and (looks or name_or_file == ".." or (path / "pyproject.toml").is_file()):
        raise MethodError(
            f"{path} is a folder; install the package in it (pip install -e {path}) and give the "
            "method's name, or give a Python file"
        )
    if looks and not path.is_file():
        raise MethodError(f"plugin file {path} does not exist")
    return path if looks else None


def _show(method: str, finding: CheckFinding, new: bool) -> None:
    from p3mbench.names import printable

    if new:
        click.secho(printable(method), bold=True)
    status = click.style(f"{finding.status:<8}", fg=COLOURS[finding.status])
    mend = f" Mend: {finding.mend}." if finding.mend else ""
    click.echo(f"  {status} {finding.check:<12} {printable(finding.detail + mend)}")


def _verdict(method: str, findings: list[CheckFinding]) -> None:
    from p3mbench.names import printable
    from p3mbench.testing.finding import Status, passed

    counts = {status: sum(f.status is status for f in findings) for status in Status}
    if passed(findings):
        more = counts[Status.WARNING]
        note = f", {more} warning{'s' * (more > 1)}" if more else ""
        click.secho(f"{printable(method)} passes: {counts[Status.OK]} checks{note}", fg="green")
    else:
        failed = counts[Status.FAILED]
        click.secho(f"{printable(method)} fails {failed} of {len(findings)} checks", fg="red")


def _record(method: str, findings: list[CheckFinding]) -> dict[str, object]:
    from p3mbench.testing.finding import passed

    rows = [
        {"check": f.check, "status": str(f.status), "detail": f.detail, "mend": f.mend}
        for f in findings
    ]
    return {"method": method, "passed": passed(findings), "findings": rows}

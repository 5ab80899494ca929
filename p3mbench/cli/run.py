"""``p3mbench run``: plan, predict, score, store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from p3mbench.cli.completions import (
    complete_benchmarks,
    complete_methods,
    complete_set,
    complete_variants,
    complete_weights,
)
from p3mbench.cli.config import config_option, like_option, note_left_out, repeated_run
from p3mbench.cli.options import (
    listed,
    named,
    plugin_option,
    reading,
    trust_option,
    variants,
)
from p3mbench.runs import RESULTS
from p3mbench.settings import is_train_setting

if TYPE_CHECKING:
    from p3mbench.harness.request import WeightsFile


def _ids(text: str | None) -> tuple[str, ...]:
    """Split ids of images and keep them as they are: one may begin or end with a blank."""
    return tuple(text.split(",")) if text else ()


def _shard(text: str | None) -> tuple[int, int]:
    if not text:
        return 1, 1
    i, _, n = text.partition("/")
    if not (i.isdecimal() and n.isdecimal() and 1 <= int(i) <= int(n)):
        raise click.UsageError(f"--shard takes I/N with I from 1 to N, such as 3/8, not {text!r}")
    return int(i), int(n)


def _parameters(given: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Return method -> parameter -> value of each NAME.OPTION=VALUE."""
    found: dict[str, dict[str, str]] = {}
    for path, value in named(given, "--set"):
        name, dot, option = path.partition(".")
        if not dot:
            raise click.UsageError(f"--set takes NAME.OPTION=VALUE, not {path}={value}")
        found.setdefault(name, {})[option] = value
    return found


def _weights(given: tuple[str, ...]) -> dict[str, tuple[WeightsFile, ...]]:
    """Return method -> checkpoints of each NAME=FILE[@SETTING]."""
    found: dict[str, tuple[WeightsFile, ...]] = {}
    for name, value in named(given, "--weights"):
        path, at, setting = value.rpartition("@")
        if not at or not is_train_setting(setting):
            path, setting = value, ""
        found[name] = (*found.get(name, ()), (Path(path), setting or None))
    return found


@click.command("run")
@click.option(
    "--methods",
    callback=reading(listed),
    default="all",
    show_default=True,
    shell_complete=complete_methods,
    help="Names joined by commas, or 'all'.",
)
@click.option(
    "--benchmark",
    shell_complete=complete_benchmarks,
    help="Name or FILE.toml [default: mini, or p3m500 if --data is laid out as P3M-10k]",
)
@click.option("--data", type=click.Path(path_type=Path), help="Data folder (or set P3M_ROOT).")
@click.option(
    "--variants",
    callback=reading(variants),
    shell_complete=complete_variants,
    help="Test variants, joined by commas: B (faces blurred), N (visible) or the name of another "
    "obfuscation, such as mosaic-0.10 [default: those that the benchmark declares]",
)
@click.option(
    "--trimap",
    help="Sources of trimaps, joined by commas: 'dataset', 'kernel-N' to make them from the alphas "
    "with a kernel of N pixels (P3M: 25), 'kernel-N@FOLDER' from the predicted mattes of a run.",
)
@click.option(
    "--faces",
    type=click.Choice(["facemask", "detect"]),
    help="Source of the faces to blur, if there are no blurred images.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    callback=reading(lambda number: number or 0),
    help="Run only the first N images of each subset.",
)
@click.option(
    "--images", callback=reading(_ids), help="Run only these image ids, joined by commas."
)
@click.option(
    "--weights",
    callback=reading(_weights),
    multiple=True,
    shell_complete=complete_weights,
    metavar="NAME=FILE[@SETTING]",
    help="Checkpoint of a method, trained under SETTING: B, N, B+CP, other or the "
    "name of another obfuscation. Repeatable.",
)
@click.option(
    "--set",
    "options",
    callback=reading(_parameters),
    multiple=True,
    shell_complete=complete_set,
    metavar="NAME.OPTION=VALUE",
    help="A parameter of a method, e.g. p3mnet-r34.strategy=hybrid. Repeatable.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:N or mps.")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Worker processes [default: by cores and memory; 1 on a GPU]",
)
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="CPU threads per worker; another number moves scores by about 1e-6, so its rows are kept "
    "apart.",
)
@click.option(
    "--precision",
    type=click.Choice(["fp32", "bf16", "fp16"]),
    default="fp32",
    show_default=True,
    help="Precision of networks; its effect on the mattes is measured and shown.",
)
@click.option("--compile", "compiled", is_flag=True, help="Compile networks (torch.compile).")
@click.option("--save-alphas", is_flag=True, help="Keep every matte as a PNG file.")
@click.option(
    "--retry",
    type=click.Choice(["none", "failed"]),
    default="none",
    help="'failed' runs images again that failed, took too long or ran out of memory.",
)
@click.option(
    "--keep-stale",
    is_flag=True,
    help="Keep scores whose code or libraries have changed since then, and mark them.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0),
    default=3600,
    show_default=True,
    help="Give up an image after so many seconds without progress; 0 for never.",
)
@click.option(
    "--memory-limit",
    type=click.FloatRange(0, min_open=True),
    metavar="GIB",
    help="Memory that a method's process may use, in GiB.",
)
@click.option(
    "--scheduler",
    default="local",
    show_default=True,
    help="local, dask (a cluster on this machine), slurm, or the address of a Dask scheduler.",
)
@click.option(
    "--shard",
    metavar="I/N",
    callback=reading(_shard),
    help="Run every N-th image, beginning with the I-th; for job arrays.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=RESULTS,
    show_default=True,
    help="Folder of the results.",
)
@click.option("--dry-run", is_flag=True, help="Show the plan and stop.")
@click.option("--strict", is_flag=True, help="Run nothing if a file is suspicious.")
@plugin_option
@like_option
@config_option
@trust_option
@click.pass_context
def command(ctx: click.Context, /, **asked: Any) -> None:
    """Run methods on a benchmark and store a row per image.

    A second run does only what is missing. Ctrl-C loses at most the images in flight.

    \b
    p3mbench run --methods all
    p3mbench run --methods p3mnet-r34 --benchmark p3m500 --data P3M-10k --weights p3mnet-r34=r34.pth
    p3mbench run --config run.toml --limit 10
    p3mbench run --like results/run
    """
    from p3mbench.cli.progress import Screen, show_result
    from p3mbench.harness.request import RunRequest
    from p3mbench.harness.run import run_request

    try:
        request = RunRequest(**asked)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    note_left_out(ctx, request.plugins)
    result = run_request(request, Screen(repeated_run(ctx), request.device))
    if not request.dry_run:
        show_result(result)
    ctx.exit(result.exit_code)

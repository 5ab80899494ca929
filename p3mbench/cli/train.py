"""``p3mbench train``: train a method in one setting of faces."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from p3mbench.cli.completions import complete_benchmarks, complete_learned
from p3mbench.cli.options import TRAIN_SETTING, plugin_option
from p3mbench.cli.screen import pause
from p3mbench.errors import OptionError
from p3mbench.training.request import (
    NANO,
    PAPER,
    PASTE_PROBABILITY,
    TrainRequest,
    trainable_setting,
)

if TYPE_CHECKING:
    from p3mbench.method import Method
    from p3mbench.training.loop import Job, Progress, Trained
    from p3mbench.training.sources import Source

GIGABYTE = 1e9
SLOW = 0.1  # share of a run spent waiting for data; above it there is a hint


def _multiple_of_32(ctx: click.Context, param: click.Parameter, value: int | None) -> int | None:
    """Refuse other numbers, because networks halve their input five times."""
    if value is not None and value % 32:
        raise click.BadParameter(f"{value} is not a multiple of 32; {value // 32 * 32} is")
    return value


def _trainable(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Return the train setting, if images can be made in it."""
    try:
        return trainable_setting(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _numbers(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, ...]:
    """Read whole numbers with commas between them, each once."""
    parts = [part.strip() for part in (value or "").split(",") if part.strip()]
    if value is not None and not parts:
        raise click.BadParameter("give whole numbers, such as 0,1,2")
    for part in parts:
        if not (part.isascii() and part.isdigit()):
            raise click.BadParameter(f"{part!r} is not a whole number of 0 or more")
    return tuple(dict.fromkeys(int(part) for part in parts))


@click.command("train")
@click.argument("method", shell_complete=complete_learned)
@click.option(
    "--setting",
    type=TRAIN_SETTING,
    callback=_trainable,
    metavar="[B|N|B+CP|KIND-STRENGTH]",
    required=True,
    help="What faces look like: blurred, normal, blurred with public faces pasted, or hidden in "
    "another way, such as mosaic-0.10.",
)
@click.option(
    "--benchmark",
    shell_complete=complete_benchmarks,
    help="Benchmark with the training split [default: mini, or p3m500 if --data is laid out as "
    "P3M-10k]",
)
@click.option("--data", type=click.Path(path_type=Path), help="Data folder (or set P3M_ROOT).")
@click.option(
    "--preset",
    type=click.Choice([PAPER, NANO]),
    help="The paper's recipe, or a thin network for a CPU [default: nano on mini, else paper]",
)
@click.option(
    "--epochs", type=click.FloatRange(min=0, min_open=True), help="Epochs, instead of the preset's."
)
@click.option("--steps", type=click.IntRange(1), help="Optimiser steps, instead of epochs.")
@click.option("--batch-size", type=click.IntRange(1), help="Images per step, over all processes.")
@click.option("--lr", type=click.FloatRange(min=0, min_open=True), help="Highest learning rate.")
@click.option(
    "--crop",
    type=click.IntRange(32),
    callback=_multiple_of_32,
    help="Side of square crops, a multiple of 32.",
)
@click.option(
    "--width",
    type=click.FloatRange(min=0, min_open=True),
    help="Factor on the channels of each layer.",
)
@click.option(
    "--formula",
    type=click.Choice(["code", "text"]),
    help="Follow a paper's code or its text where they differ on a loss [default: the preset's]",
)
@click.option("--seed", type=click.IntRange(0), help="Random seed [default: 0]")
@click.option(
    "--seeds", callback=_numbers, help="Several seeds, such as 0,1,2: one run after the other."
)
@click.option("--limit", type=click.IntRange(1), help="Train on the first N images only.")
@click.option(
    "--start", type=click.Path(path_type=Path), help="Checkpoint of METHOD to start from."
)
@click.option(
    "--encoder",
    type=click.Path(path_type=Path),
    help="ImageNet weights for the encoder, as published by its authors.",
)
@click.option(
    "--foregrounds", type=click.Path(path_type=Path), help="Folder that 'data foregrounds' wrote."
)
@click.option(
    "--unpack",
    type=click.FloatRange(0),
    default=0,
    show_default=True,
    metavar="GB",
    help="Gigabytes of --foregrounds to keep unpacked beside it; they are read twice as fast.",
)
@click.option("--faces", type=click.Path(path_type=Path), help="Folder of public faces for B+CP.")
@click.option(
    "--paste",
    type=click.Choice(["image", "feature"]),
    default="image",
    show_default=True,
    help="Level of B+CP: image (P3M-ICP) or feature (P3M-FCP).",
)
@click.option(
    "--paste-probability",
    type=click.FloatRange(0, 1),
    default=PASTE_PROBABILITY,
    show_default=True,
    help="Probability that a sample gets a public face.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option(
    "--devices",
    type=click.IntRange(1),
    help="Devices per node [default: what torchrun or SLURM started, else 1]",
)
@click.option(
    "--nodes",
    type=click.IntRange(1),
    help="Nodes [default: what torchrun or SLURM started, else 1]",
)
@click.option(
    "--precision",
    type=click.Choice(["32-true", "16-mixed", "bf16-mixed"]),
    default="32-true",
    show_default=True,
    help="Precision of the training.",
)
@click.option(
    "--workers",
    type=click.IntRange(0),
    help="Loader processes per device [default: 0 for mini, else 8]",
)
@click.option("--threads", type=click.IntRange(1), help="CPU threads of PyTorch.")
@click.option(
    "--save-every",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="Steps between two saves of the state.",
)
@click.option(
    "--tensorboard/--no-tensorboard",
    default=True,
    show_default=True,
    help="Write a log for TensorBoard.",
)
@click.option("--strict", is_flag=True, help="Do not start if a training file is suspicious.")
@click.option("--resume", is_flag=True, help="Continue where the run in --out stopped.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the run [default: results/train/METHOD-SETTING-SEED]; with --seeds each run "
    "gets a folder seed-S in it",
)
@plugin_option
def command(
    method: str,
    seed: int | None,
    seeds: tuple[int, ...],
    unpack: float,
    threads: int | None,
    strict: bool,
    plugins: tuple[Path, ...],
    **options: Any,
) -> None:
    """Train METHOD with faces blurred (B), visible (N), or blurred and replaced (B+CP).

    The run writes weights.safetensors (for 'p3mbench run --weights'), a log and the state to resume
    from into the folder --out. The same seed gives the same weights, however often a run is
    interrupted.

    \b
    p3mbench train p3mnet-r34 --setting B
    p3mbench train modnet --setting B --benchmark p3m500 --data P3M-10k --devices 4
    p3mbench train modnet --setting B --seeds 0,1,2 --out trained/modnet-b
    """
    from p3mbench.training.setup import make_jobs

    if seed is not None and seeds:
        raise click.UsageError("give --seed or --seeds, not both")
    request = TrainRequest(
        _method(method, plugins), seed=seed or 0, unpack=round(unpack * GIGABYTE), **options
    )
    try:
        jobs = make_jobs(request, seeds)
    except OptionError as error:
        raise click.UsageError(str(error)) from None
    _begin(jobs[0], threads, strict=strict)
    for job in jobs:
        trained = _train(job)
        if trained is not None:
            _show_end(job, trained, plugins)


def _method(name: str, plugins: tuple[Path, ...]) -> Method:
    from p3mbench.harness.contenders import select_methods

    methods, _ = select_methods(name, plugins)
    if len(methods) != 1:
        raise click.UsageError("METHOD must be the name of one method")
    return methods[0]


def _begin(job: Job, threads: int | None, *, strict: bool) -> None:
    """Check the data and show notes, once for jobs that differ only in their seeds."""
    if _rank() == 0:
        from p3mbench.cli.oddities import show_training

        show_training(job.source, job.out, strict=strict)
    _note(job)
    if threads:
        import torch

        torch.set_num_threads(threads)


def _note(job: Job) -> None:
    if job.recipe.rates and job.start is None and job.encoder is None:
        click.secho(
            "note: this recipe gives layers a small rate because its authors start them from "
            "trained weights; without --encoder or --start they begin random and hardly learn",
            fg="yellow",
            err=True,
        )


def _train(job: Job) -> Trained | None:
    from p3mbench.training.loop import train

    screen = _Screen(f"{job.method.info.name} {job.setting} {job.seed}")
    try:
        return train(job, screen.show, screen.show_preparing)
    finally:
        screen.close()


class _Screen:
    """Progress bars; each appears with its first news."""

    def __init__(self, name: str) -> None:
        self.name, self.bars = name, dict[str, Any]()

    def show(self, progress: Progress) -> None:
        """Show one more step."""
        bar = self._bar(self.name, "step", progress.step - 1, progress.total)
        state = f"loss {progress.loss:.4f}, waiting {progress.waiting:.0%}"
        bar.set_postfix_str(state, refresh=False)
        bar.update()

    def show_preparing(self, done: int, total: int) -> None:
        """Show one more training image drawn or unpacked."""
        bar = self._bar("preparing images", "image", done - 1, total)
        bar.update()
        if done == total:
            self.bars.pop("preparing images").close()

    def _bar(self, name: str, unit: str, initial: int, total: int) -> Any:
        from tqdm import tqdm

        if name not in self.bars:
            self.bars[name] = tqdm(
                desc=name,
                unit=unit,
                initial=initial,
                total=total,
                dynamic_ncols=True,
                mininterval=pause(),
                disable=_rank() > 0,
            )
        return self.bars[name]

    def close(self) -> None:
        """Leave the bars as they are."""
        for bar in self.bars.values():
            bar.close()


def _rank() -> int:
    """Return the rank of this process, from the variables of launchers and Fabric."""
    names = ("RANK", "SLURM_PROCID", "LOCAL_RANK")
    return next((int(os.environ[name]) for name in names if name in os.environ), 0)


def _show_end(job: Job, trained: Trained, plugins: tuple[Path, ...]) -> None:
    click.echo(
        f"wrote {trained.weights} (SHA-256 {trained.sha256[:12]}): {trained.steps} steps, "
        f"{trained.images_per_second:.1f} images per second, "
        f"{trained.waiting:.1%} of the time spent waiting for data"
    )
    if trained.waiting > SLOW and _packed(job.source):
        click.echo("note: unpacked foregrounds are read faster; see --unpack, or raise --workers")
    name = job.method.info.name
    named = "".join(f" --plugin {shlex.quote(str(path))}" for path in plugins)
    click.echo(f"try it: p3mbench run --methods {name} --weights {name}={trained.weights}{named}")


def _packed(source: Source) -> bool:
    """Whether it reads foregrounds from PNG files."""
    from p3mbench.training.sources import FileSource

    return isinstance(source, FileSource) and source.layers is not None and not source.unpacked

"""``p3mbench train``: a method, a setting of faces, and a checkpoint at the end."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from p3mbench.cli.options import complete_benchmarks, plugin_option
from p3mbench.cli.screen import pause

if TYPE_CHECKING:
    from p3mbench.benchmark import Benchmark
    from p3mbench.method import Method
    from p3mbench.training.crops import CopyPaste
    from p3mbench.training.loop import Job, Progress, Trained
    from p3mbench.training.recipe import Recipe
    from p3mbench.training.sources import Source

SETTINGS = ("B", "N", "B+CP")
PASTE_PROBABILITY = 0.5
SLOW = 0.1  # share of a run spent waiting for data, from which on there is a hint


def complete_learned(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of learned methods for shell completion."""
    from p3mbench.registry import find

    names = [e.name for e in find() if e.method is not None and e.method.info.learned]
    return [name for name in names if name.startswith(incomplete)]


def _multiple_of_32(ctx: click.Context, param: click.Parameter, value: int | None) -> int | None:
    """Networks halve their input five times."""
    if value is not None and value % 32:
        raise click.BadParameter(f"{value} is not a multiple of 32; {value // 32 * 32} is")
    return value


def _numbers(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, ...]:
    """Whole numbers with commas between them, each once."""
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
    type=click.Choice(SETTINGS),
    required=True,
    help="What faces look like: blurred, normal, or blurred with public faces pasted.",
)
@click.option(
    "--benchmark",
    shell_complete=complete_benchmarks,
    help="Whose training split [default: mini, or p3m500 if --data is laid out as P3M-10k]",
)
@click.option("--data", type=click.Path(path_type=Path), help="Data folder (or P3M_ROOT).")
@click.option(
    "--preset",
    type=click.Choice(["paper", "nano"]),
    help="The paper's recipe, or a thin network for a CPU [default: nano on mini, else paper]",
)
@click.option(
    "--epochs", type=click.FloatRange(min=0, min_open=True), help="Instead of the preset's."
)
@click.option("--steps", type=click.IntRange(1), help="Optimiser steps, instead of epochs.")
@click.option("--batch-size", type=click.IntRange(1), help="Of all processes together.")
@click.option("--lr", type=click.FloatRange(min=0, min_open=True), help="Highest learning rate.")
@click.option(
    "--crop",
    type=click.IntRange(32),
    callback=_multiple_of_32,
    help="Side of square crops, a multiple of 32.",
)
@click.option(
    "--width", type=click.FloatRange(min=0, min_open=True), help="Factor on all channels."
)
@click.option(
    "--formula",
    type=click.Choice(["code", "text"]),
    help="Where a paper's text and its code differ on a loss [default: the preset's]",
)
@click.option("--seed", type=click.IntRange(0), help="[default: 0]")
@click.option("--seeds", callback=_numbers, help="Several, such as 0,1,2: one run after the other.")
@click.option("--limit", type=click.IntRange(1), help="Train on the first N images only.")
@click.option(
    "--start", type=click.Path(path_type=Path), help="Checkpoint of METHOD to start from."
)
@click.option(
    "--encoder",
    type=click.Path(path_type=Path),
    help="ImageNet weights for the encoder, as its authors publish them.",
)
@click.option(
    "--foregrounds", type=click.Path(path_type=Path), help="What 'data foregrounds' made."
)
@click.option(
    "--unpack",
    type=click.FloatRange(0),
    default=0,
    show_default=True,
    metavar="GB",
    help="Keep so much of --foregrounds unpacked beside it: twice as fast to read.",
)
@click.option("--faces", type=click.Path(path_type=Path), help="Public faces for B+CP.")
@click.option(
    "--paste",
    type=click.Choice(["image", "feature"]),
    default="image",
    show_default=True,
    help="Level of B+CP: P3M-ICP or P3M-FCP.",
)
@click.option(
    "--paste-probability",
    type=click.FloatRange(0, 1),
    default=PASTE_PROBABILITY,
    show_default=True,
    help="How often a sample gets a public face.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option(
    "--devices",
    type=click.IntRange(1),
    help="Per node [default: what torchrun or SLURM started, else 1]",
)
@click.option("--nodes", type=click.IntRange(1), help="[default: likewise]")
@click.option(
    "--precision",
    type=click.Choice(["32-true", "16-mixed", "bf16-mixed"]),
    default="32-true",
    show_default=True,
)
@click.option(
    "--workers",
    type=click.IntRange(0),
    help="Loader processes per device [default: 0 for mini, else 8]",
)
@click.option("--threads", type=click.IntRange(1), help="Of PyTorch, on a CPU.")
@click.option("--save-every", type=click.IntRange(1), default=200, show_default=True, help="Steps.")
@click.option("--tensorboard/--no-tensorboard", default=True, show_default=True)
@click.option("--strict", is_flag=True, help="Do not begin if a training file is suspicious.")
@click.option("--resume", is_flag=True, help="Go on where the run in --out stopped.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the run [default: results/train/METHOD-SETTING-SEED]; with --seeds, of a "
    "folder seed-S for each",
)
@plugin_option
def command(method: str, **asked: Any) -> None:
    """Train METHOD with faces blurred (B), visible (N), or blurred and replaced (B+CP).

    The folder --out gets weights.safetensors, which 'p3mbench run --weights' takes, a log, and the
    state to resume from. The same seed gives the same weights, however often a run is interrupted.

    \b
    p3mbench train p3mnet-r34 --setting B
    p3mbench train modnet --setting B --benchmark p3m500 --data P3M-10k --devices 4
    p3mbench train modnet --setting B --seeds 0,1,2 --out trained/modnet-b
    """
    jobs = _jobs(method, asked)
    if _rank() == 0:
        from p3mbench.cli.oddities import show_training

        show_training(jobs[0].source, jobs[0].out, strict=asked["strict"])
    _note(jobs[0])
    if asked["threads"]:
        import torch

        torch.set_num_threads(asked["threads"])
    for job in jobs:
        trained = _train(job)
        if trained is not None:
            _show_end(job, trained)


def _note(job: Job) -> None:
    if job.recipe.rates and job.start is None and job.encoder is None:
        click.secho(
            "note: this recipe gives layers a small rate because its authors start them from "
            "trained weights; without --encoder or --start they begin at chance and hardly learn",
            fg="yellow",
            err=True,
        )


def _jobs(name: str, asked: dict[str, Any]) -> list[Job]:
    """A run for every seed.

    Raises:
        TrainingError: one of their folders holds a run, and it is not to be resumed.
    """
    from dataclasses import replace

    if asked["seed"] is not None and asked["seeds"]:
        raise click.UsageError("give --seed or --seeds, not both")
    job = _job(name, asked)
    jobs = [job]
    if asked["seeds"]:
        jobs = [replace(job, seed=seed, out=_out(name, asked, seed)) for seed in asked["seeds"]]
    for each in jobs:
        each.check_folder()
    return jobs


def _out(name: str, asked: dict[str, Any], seed: int) -> Path:
    out: Path | None = asked["out"]
    if out is None:
        return Path("results") / "train" / f"{name}-{asked['setting'].lower()}-{seed}"
    return out / f"seed-{seed}" if asked["seeds"] else out


def _job(name: str, asked: dict[str, Any]) -> Job:
    _check_extra()
    from p3mbench.benchmark import get
    from p3mbench.data.recognition import recognised
    from p3mbench.harness.contenders import select_methods
    from p3mbench.training.loop import Job

    methods, _ = select_methods(name, asked["plugins"])
    if len(methods) != 1:
        raise click.UsageError("METHOD is the name of one method")
    benchmark = get(recognised(asked["benchmark"], asked["data"]))
    recipe = _recipe(methods[0], benchmark, asked)
    source = _source(benchmark, asked["setting"][0], recipe, asked)
    setting, seed = asked["setting"], asked["seed"] or 0
    synthetic = benchmark.source == "synthetic"
    return Job(
        method=methods[0],
        recipe=recipe,
        source=source,
        setting=setting,
        train_sets=(f"{'P3M-10k' if benchmark.source == 'p3m10k' else benchmark.name}/train",),
        out=_out(name, asked, seed),
        seed=seed,
        copy_paste=_copy_paste(benchmark, asked) if setting == "B+CP" else None,
        accelerator={"auto": "auto", "cuda": "cuda"}.get(asked["device"], "cpu"),
        devices=asked["devices"],
        nodes=asked["nodes"],
        precision=asked["precision"],
        workers=asked["workers"] if asked["workers"] is not None else 0 if synthetic else 8,
        save_every=asked["save_every"],
        resume=asked["resume"],
        half=recipe.width < 1,
        tensorboard=asked["tensorboard"],
        start=asked["start"],
        encoder=asked["encoder"],
    )


def _check_extra() -> None:
    from importlib.util import find_spec

    from p3mbench.errors import MethodError

    if find_spec("lightning_fabric") is None:
        raise MethodError("training needs Lightning Fabric: pip install 'p3mbench[train]'")


def _recipe(method: Method, benchmark: Benchmark, asked: dict[str, Any]) -> Recipe:
    from dataclasses import replace

    from p3mbench.training.recipe import fidelity_of, training_of

    training = training_of(method)
    fidelity = fidelity_of(training)
    if asked["formula"] == "text" and not (fidelity and fidelity.has_text):
        raise click.UsageError(
            f"no loss of {method.info.name} differs between its paper's text and its code; "
            "leave --formula"
        )
    preset = asked["preset"] or ("nano" if benchmark.source == "synthetic" else "paper")
    changes: dict[str, Any] = {
        key: asked[key]
        for key in ("steps", "batch_size", "lr", "width", "formula")
        if asked[key] is not None
    }
    if asked["epochs"] is not None:
        changes |= {"epochs": asked["epochs"], "steps": asked["steps"] or 0}
    if asked["crop"] is not None:
        changes |= {"crops": (asked["crop"],), "size": (asked["crop"], asked["crop"])}
    return replace(training.recipe(preset), **changes)


def _source(benchmark: Benchmark, variant: str, recipe: Recipe, asked: dict[str, Any]) -> Source:
    from p3mbench.data.splits import train_samples
    from p3mbench.training.sources import DrawnSource, FileSource

    samples = train_samples(benchmark, asked["data"], variant)[: asked["limit"]]
    if benchmark.source == "synthetic":
        return DrawnSource(samples, variant)
    return FileSource(samples, variant, _layers(recipe, asked), round(asked["unpack"] * 1e9))


def _layers(recipe: Recipe, asked: dict[str, Any]) -> Path | None:
    if not recipe.needs_layers:
        return None
    if asked["foregrounds"] is None:
        raise click.UsageError(
            "this recipe needs foregrounds, which P3M-10k does not hold: make them "
            "once with 'p3mbench data foregrounds', and name the folder with --foregrounds"
        )
    folder: Path = asked["foregrounds"]
    return folder


def _copy_paste(benchmark: Benchmark, asked: dict[str, Any]) -> CopyPaste:
    from p3mbench.data.splits import face_samples
    from p3mbench.training.crops import CopyPaste
    from p3mbench.training.sources import DrawnSource, FileSource, check_faces

    if benchmark.source != "synthetic" and asked["faces"] is None:
        raise click.UsageError(
            "B+CP pastes public faces: give a folder with 'image' and 'facemask' in it with --faces"
        )
    samples = face_samples(benchmark, asked["faces"])
    drawn = benchmark.source == "synthetic" and asked["faces"] is None
    donors: Source = DrawnSource(samples, "N") if drawn else FileSource(samples, "N")
    check_faces(donors)
    return CopyPaste(donors, asked["paste"], asked["paste_probability"])


def _train(job: Job) -> Trained | None:
    from p3mbench.training.loop import train

    screen = _Screen(f"{job.method.info.name} {job.setting} {job.seed}")
    try:
        return train(job, screen.show, screen.show_preparing)
    finally:
        screen.close()


class _Screen:
    """Progress bars, each from its first news on."""

    def __init__(self, name: str) -> None:
        self.name, self.bars = name, dict[str, Any]()

    def show(self, progress: Progress) -> None:
        """One more step."""
        bar = self._bar(self.name, "step", progress.step - 1, progress.total)
        state = f"loss {progress.loss:.4f}, waiting {progress.waiting:.0%}"
        bar.set_postfix_str(state, refresh=False)
        bar.update()

    def show_preparing(self, done: int, total: int) -> None:
        """One more training image drawn or unpacked."""
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
    """Which of the run's processes this is, by what launchers and Fabric set."""
    names = ("RANK", "SLURM_PROCID", "LOCAL_RANK")
    return next((int(os.environ[name]) for name in names if name in os.environ), 0)


def _show_end(job: Job, trained: Trained) -> None:
    click.echo(
        f"wrote {trained.weights} (SHA-256 {trained.sha256[:12]}): {trained.steps} steps, "
        f"{trained.images_per_second:.1f} images per second, "
        f"{trained.waiting:.1%} of the time spent waiting for data"
    )
    if trained.waiting > SLOW and _packed(job.source):
        click.echo("note: unpacked foregrounds are read faster; see --unpack, or raise --workers")
    name = job.method.info.name
    click.echo(f"try it: p3mbench run --methods {name} --weights {name}={trained.weights}")


def _packed(source: Source) -> bool:
    """Whether it reads foregrounds from PNG files."""
    from p3mbench.training.sources import FileSource

    return isinstance(source, FileSource) and source.layers is not None and not source.unpacked

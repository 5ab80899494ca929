"""Train under several kinds of hidden faces, and test each network under all of them.

Run ``python benchmarks/training/train_by_test.py --jobs 2``. It trains nano `METHODS` on the train
split of ``obfuscation-val`` in each of `SETTINGS` and tests them on its 48 validation portraits. It
can be stopped at any time and started again: finished trainings with an unchanged recipe and
stored rows are kept, an unfinished training continues. Each training has one thread, so its weights
do not depend on the number of parallel trainings. Writes ``train_by_test.md``, ``.json`` and
``.png`` into ``--out``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click

from p3mbench.benchmark import get as benchmark_of
from p3mbench.registry import get as method_of
from p3mbench.report import build, render
from p3mbench.report.analysis import Comparison
from p3mbench.report.analysis.crossed import crossed
from p3mbench.report.plots import draw_all
from p3mbench.report.stored import read_stored
from p3mbench.training.recipe import training_of
from p3mbench.weights import recorded
from p3mbench.writing import write_bytes, write_text

ROOT = Path(__file__).resolve().parents[2]
BENCHMARK = "obfuscation-val"
METHODS = ("p3mnet-r34", "modnet")
SETTINGS = ("B", "mosaic-0.10", "zero", "inpaint", "N")
NAME = "train_by_test"
ABOUT = """# Train by test

Made by `benchmarks/training/train_by_test.py`: nano networks, {steps} steps, one seed, on the
training portraits of the collection world, in each setting of faces. {images} validation portraits.
How faces are hidden is in [docs/benchmarks.md](../../docs/benchmarks.md#how-faces-are-hidden).

![Train by test as a heat map]({name}.png)

{caption}

"""


@dataclass(frozen=True)
class Training:
    """One network to train.

    Attributes:
        method, setting: what to train, on which faces.
        steps: steps instead of the recipe's; None for those.
        limit: portraits to train on; None for all.
        folder: of all trainings.
    """

    method: str
    setting: str
    steps: int | None
    limit: int | None
    folder: Path

    @property
    def name(self) -> str:
        """Its name in the table of checkpoints."""
        return f"{self.method}--{self.setting.lower()}-s0"

    @property
    def weights(self) -> Path:
        """The finished checkpoint."""
        return self.folder / f"{self.name}.safetensors"

    @property
    def recipe(self) -> dict[str, Any]:
        """The recipe as a record stores it."""
        recipe = training_of(method_of(self.method)).recipe("nano")
        if self.steps:
            recipe = replace(recipe, steps=self.steps)
        found: dict[str, Any] = json.loads(json.dumps(asdict(recipe)))
        return found

    @property
    def done(self) -> bool:
        """Whether it is finished, by today's recipe and method."""
        if not self.weights.is_file():
            return False
        record = recorded(self.weights)
        theirs = record.get("recipe", {})
        same = all(theirs.get(name) == value for name, value in self.recipe.items())
        return same and record.get("version") == method_of(self.method).info.version

    def train(self) -> str:
        """Train in a process of its own, or continue; returns a line for the screen."""
        out = self.folder / self.name
        out.mkdir(parents=True, exist_ok=True)
        command = ["train", self.method, "--setting", self.setting, "--benchmark", BENCHMARK]
        command += ["--preset", "nano", "--seed", "0", "--threads", "1", "--device", "cpu"]
        command += ["--no-tensorboard", "--resume", "--out", str(out)]
        command += ["--steps", str(self.steps)] if self.steps else []
        command += ["--limit", str(self.limit)] if self.limit else []
        _call(command, out / "screen.log")
        partial = self.weights.with_suffix(".part")
        shutil.copyfile(out / "weights.safetensors", partial)
        partial.replace(self.weights)
        return f"{self.name}: trained"


def test(trainings: Sequence[Training], results: Path, jobs: int, limit: int | None) -> None:
    """Score every network under every variant; stored rows are kept."""
    command = ["run", "--benchmark", BENCHMARK, "--out", str(results), "--jobs", str(jobs)]
    command += ["--methods", ",".join(dict.fromkeys(one.method for one in trainings))]
    command += ["--variants", ",".join(dict.fromkeys(one.setting for one in trainings))]
    command += ["--device", "cpu", *(["--limit", str(limit)] if limit else [])]
    for one in trainings:
        command += ["--weights", f"{one.method}={one.weights}"]
    _call(command, results.with_suffix(".log"))


def report(results: Path, out: Path, steps: str) -> None:
    """Write the page, the numbers and the heat map."""
    stored = read_stored(results)
    made = build(stored.frame, expected=stored.expected)
    (comparison,) = made.comparisons
    drawn = next(one for one in draw_all((comparison,), ".png") if one.name.startswith("train-by"))
    table = render(made.select("train-by-test"), "markdown")
    images = len(comparison.entries.reference(comparison.subset, comparison.variants()[0]))
    head = ABOUT.format(steps=steps, images=images, caption=drawn.caption, name=NAME)
    write_text(out / f"{NAME}.md", head + table)
    write_text(out / f"{NAME}.json", json.dumps(numbers(comparison), indent=1) + "\n")
    write_bytes(out / f"{NAME}.png", drawn.content)


def numbers(comparison: Comparison) -> dict[str, Any]:
    """Return the means by method, training and test, and their changes."""
    return {
        "metric": comparison.metric,
        "benchmark": comparison.entries.benchmark,
        "means": [
            {
                "method": one.entry.method,
                "train": train,
                "test": test,
                "mean": mean.value,
                "n": mean.n,
                "change": one.change(train, test),
            }
            for one in crossed(comparison)
            for (train, test), mean in one.means.items()
        ],
    }


def _call(command: list[str], log: Path) -> None:
    """Run p3mbench; on failure name its log."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "p3mbench", *command],
            check=False,
            stdout=file,
            stderr=file,
            env=environment,
        )
    if done.returncode:
        raise click.ClickException(f"p3mbench {command[0]} failed ({done.returncode}), see {log}")


@click.command()
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True)
@click.option("--steps", type=click.IntRange(1), help="Steps instead of the nano recipes'.")
@click.option("--methods", default=",".join(METHODS), show_default=True)
@click.option("--settings", default=",".join(SETTINGS), show_default=True)
@click.option("--limit", type=click.IntRange(1), help="Only the first portraits, to try it.")
@click.option(
    "--work", type=click.Path(path_type=Path), default=ROOT / "results" / "train" / NAME,
    show_default="results/train/train_by_test",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path), default=ROOT / "results" / "obfuscation",
    show_default="results/obfuscation",
)  # fmt: skip
def main(
    jobs: int, steps: int | None, methods: str, settings: str, limit: int | None, **folders: Path
) -> None:
    """Train, test and write the table and its heat map."""
    benchmark_of(BENCHMARK)  # fail here if the installation cannot find it
    trainings = [
        Training(method, setting, steps, limit, folders["work"])
        for method in methods.split(",")
        for setting in settings.split(",")
    ]
    missing = [one for one in trainings if not one.done]
    click.echo(f"{len(missing)} of {len(trainings)} to train")
    with ThreadPoolExecutor(jobs) as pool:
        running = [pool.submit(one.train) for one in missing]
        for future in as_completed(running):
            click.echo(future.result())
    test(trainings, folders["work"] / "store", jobs, limit)
    report(folders["work"] / "store", folders["out"], str(steps or "the recipes'"))
    click.echo(f"wrote {folders['out'] / NAME}.md, .json and .png")


if __name__ == "__main__":
    main()

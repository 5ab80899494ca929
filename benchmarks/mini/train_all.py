"""Train all nano checkpoints of `mini`: each trainable method, blurred and normal faces.

Run ``python benchmarks/mini/train_all.py --jobs 2``. You can stop it at any time and start it
again: it skips finished checkpoints with an unchanged recipe and continues unfinished ones. Each
training has one thread, so its weights do not depend on the number of parallel trainings.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from p3mbench.benchmark import get
from p3mbench.method import Method
from p3mbench.registry import find
from p3mbench.training.recipe import Recipe, Trainable
from p3mbench.weights import recorded
from p3mbench.writing import write_bytes

FOLDER = Path(__file__).resolve().parent / "checkpoints"
TABLE = Path(__file__).resolve().parents[2] / "results" / "mini" / "training.md"
SETTINGS = ("B", "N")
# Several seeds, to show the spread over seeds, and copy-and-paste.
SEVERAL = {"p3mnet-r34": (0, 1), "modnet": (0, 1)}
COPY_PASTE = (("p3mnet-r34", 0),)


@dataclass(frozen=True)
class Target:
    """One checkpoint to make."""

    method: Method
    setting: str
    seed: int

    @property
    def path(self) -> Path:
        """Its folder."""
        setting = self.setting.lower()
        return FOLDER / f"{self.method.info.name}--{setting}-s{self.seed}.safetensors"

    @property
    def key(self) -> tuple[str, str, str]:
        """Method, setting and seed, as in the table."""
        return self.method.info.name, self.setting, str(self.seed)

    @property
    def done(self) -> bool:
        """Whether it exists and was trained with the current recipe and code."""
        if not self.path.is_file() or not isinstance(self.method, Trainable):
            return False
        record = recorded(self.path)
        recipe, plain = (
            json.loads(json.dumps(asdict(found)))
            for found in (self.method.training().recipe("nano"), Recipe(steps=1))
        )
        # an older record lacks newer fields of a recipe, which then had today's defaults
        theirs = plain | {k: v for k, v in record.get("recipe", {}).items() if k in plain}
        return theirs == recipe and record.get("version") == self.method.info.version


def targets(names: tuple[str, ...]) -> Iterator[Target]:
    """Return the checkpoints to make: of all trainable methods, or of those named."""
    methods = [e.method for e in find() if isinstance(e.method, Trainable)]
    for method in methods:
        name = method.info.name
        if names and name not in names:
            continue
        for seed in SEVERAL.get(name, (0,)):
            for setting in (*SETTINGS, *["B+CP"] * ((name, seed) in COPY_PASTE)):
                yield Target(method, setting, seed)


def make(target: Target, work: Path) -> str:
    """Train one checkpoint in a separate process, keep it, and return its row of the table."""
    out = work / target.path.stem
    started = time.perf_counter()
    command = [sys.executable, "-m", "p3mbench", "train", target.method.info.name]
    command += ["--setting", target.setting, "--seed", str(target.seed), "--preset", "nano"]
    command += ["--threads", "1", "--no-tensorboard", "--resume", "--out", str(out)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    out.mkdir(parents=True, exist_ok=True)
    with (out / "screen.log").open("a") as log:
        subprocess.run(command, check=True, stdout=log, stderr=log, env=environment)  # noqa: S603
    FOLDER.mkdir(parents=True, exist_ok=True)
    partial = target.path.with_suffix(".part")
    shutil.copyfile(out / "weights.safetensors", partial)
    partial.replace(target.path)
    last = json.loads((out / "log.jsonl").read_text().splitlines()[-1])
    seconds = time.perf_counter() - started
    row = [*target.key, f"{seconds:.0f}", f"{last['loss']:.3f}"]
    (out / "row.json").write_text(json.dumps(row))
    return f"{target.path.stem}: {seconds:.0f} s, loss {last['loss']:.3f}"


HEADER = ("method", "setting", "seed", "MB", "steps", "seconds", "last loss")
ABOUT = """# The nano checkpoints

Made by `train_all.py`, one thread each. The losses are sums of each paper's own terms and are
not comparable between methods. The seconds are those of the run that made the file, on two cores
that often had other work; {speed} has undisturbed rates of every method, and the total time.
"""


def table(work: Path, before: str) -> str:
    """Write all checkpoints as a Markdown table; keep earlier measurements from ``before``."""
    cells = [line.strip("| ").split(" | ") for line in before.splitlines() if line.startswith("|")]
    known = {tuple(row[:3]): row[5:] for row in cells if len(row) == len(HEADER)}
    for path in work.glob("*/row.json"):
        row = json.loads(path.read_text())
        known[tuple(row[:3])] = row[3:]
    lines = [ABOUT.format(speed="[speed/training.md](../speed/training.md)")]
    lines += [f"| {' | '.join(HEADER)} |", "|" + " --- |" * len(HEADER)]
    size = 0
    made = [target for target in targets(()) if target.path.is_file()]
    for target in made:
        bytes_, steps = target.path.stat().st_size, recorded(target.path)["steps"]
        size += bytes_
        row = [*target.key, f"{bytes_ / 1e6:.2f}", str(steps), *known.get(target.key, ["", ""])]
        lines.append(f"| {' | '.join(row)} |")
    lines += ["", f"{len(made)} checkpoints, {size / 1e6:.1f} MB."]
    return "\n".join(lines) + "\n"


@click.command()
@click.argument("methods", nargs=-1)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True)
@click.option("--work", type=click.Path(path_type=Path), default=Path("results/train/mini"))
def main(methods: tuple[str, ...], jobs: int, work: Path) -> None:
    """Train the nano checkpoints of METHODS, or of all."""
    get("mini")  # fail here if the installation cannot find it
    missing = [target for target in targets(methods) if not target.done]
    click.echo(f"{len(missing)} to train")
    failed = 0
    with ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(make, target, work): target for target in missing}
        for future in as_completed(running):
            try:
                click.echo(future.result())
            except subprocess.CalledProcessError as error:
                failed += 1
                stem = running[future].path.stem
                click.echo(f"{stem}: failed ({error.returncode}), see {work / stem / 'screen.log'}")
    before = TABLE.read_text() if TABLE.is_file() else ""
    write_bytes(TABLE, table(work, before).encode())
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()

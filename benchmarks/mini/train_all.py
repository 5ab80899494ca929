"""Train every nano checkpoint of `mini` anew: each trainable method, blurred and normal faces.

Run ``python benchmarks/mini/train_all.py --jobs 2``. It can be stopped at any time and started
again: a finished checkpoint whose recipe has not changed is left alone, an unfinished one goes on.
Each training has one thread, so that its weights do not depend on how many run at once.
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
from p3mbench.images import write_bytes
from p3mbench.method import Method
from p3mbench.registry import find
from p3mbench.training.recipe import Recipe, Trainable
from p3mbench.weights import recorded

FOLDER = Path(__file__).resolve().parent / "checkpoints"
TABLE = Path(__file__).resolve().parents[2] / "results" / "mini" / "training.md"
SETTINGS = ("B", "N")
# More than one seed, so that the spread over seeds can be shown, and copy-and-paste.
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
        """Where it is kept."""
        setting = self.setting.lower()
        return FOLDER / f"{self.method.info.name}--{setting}-s{self.seed}.safetensors"

    @property
    def done(self) -> bool:
        """Whether it is there, trained by today's recipe and code."""
        if not self.path.is_file() or not isinstance(self.method, Trainable):
            return False
        record = recorded(self.path)
        recipe, plain = (
            json.loads(json.dumps(asdict(found)))
            for found in (self.method.training().recipe("nano"), Recipe(steps=1))
        )
        # what a recipe could not say yet when it was recorded had the value that is now default
        theirs = plain | {k: v for k, v in record.get("recipe", {}).items() if k in plain}
        return theirs == recipe and record.get("version") == self.method.info.version


def targets(names: tuple[str, ...]) -> Iterator[Target]:
    """What is to be made: all trainable methods, or those named."""
    methods = [e.method for e in find() if isinstance(e.method, Trainable)]
    for method in methods:
        name = method.info.name
        if names and name not in names:
            continue
        for seed in SEVERAL.get(name, (0,)):
            for setting in (*SETTINGS, *["B+CP"] * ((name, seed) in COPY_PASTE)):
                yield Target(method, setting, seed)


def make(target: Target, work: Path) -> str:
    """Train one checkpoint in a process of its own and keep it; a row of the table."""
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
    record = recorded(target.path)
    seconds = time.perf_counter() - started
    images = record["steps"] * record["recipe"]["batch_size"]
    row = [
        target.method.info.name,
        target.setting,
        str(target.seed),
        f"{target.path.stat().st_size / 1e6:.2f}",
        str(record["steps"]),
        f"{seconds:.0f}",
        f"{images / seconds:.1f}",
        f"{last['waiting']:.1%}",
        f"{last['loss']:.3f}",
    ]
    (out / "row.json").write_text(json.dumps(row))
    return f"{target.path.stem}: {seconds:.0f} s, loss {last['loss']:.3f}"


def table(work: Path, before: str) -> str:
    """The training runs as a Markdown table; those of earlier calls are kept from ``before``."""
    header = "method, setting, seed, MB, steps, seconds, images/s, waiting for data, last loss"
    columns = header.split(", ")
    cells = (line.strip("| ").split(" | ") for line in before.splitlines() if "|" in line)
    known = {tuple(row[:3]): row for row in cells if len(row) == len(columns) and row[2].isdigit()}
    for path in work.glob("*/row.json"):
        row = json.loads(path.read_text())
        known[tuple(row[:3])] = row
    rows = [known[key] for key in sorted(known)]
    lines = [
        "# Training of the nano checkpoints",
        "",
        f"By `{Path(__file__).name}`, one thread each.",
        "",
    ]
    lines += [f"| {' | '.join(columns)} |", "|" + " --- |" * len(columns)]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    total = sum(float(row[5]) for row in rows)
    lines += ["", f"{len(rows)} trainings, {total / 3600:.1f} core hours."]
    return "\n".join(lines) + "\n"


@click.command()
@click.argument("methods", nargs=-1)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True)
@click.option("--work", type=click.Path(path_type=Path), default=Path("results/train/mini"))
def main(methods: tuple[str, ...], jobs: int, work: Path) -> None:
    """Train the nano checkpoints of METHODS, or of all."""
    get("mini")  # an installation that cannot find it should fail here
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

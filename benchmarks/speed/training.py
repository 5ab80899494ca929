"""Measure the training of thin networks, its waiting for data, and the reading of files.

Run it from a checkout, with nothing else running:
python benchmarks/speed/training.py [--methods A,B] [--steps 60] [--photos P3M-FOLDER] [--out FILE].
python benchmarks/speed/training.py --old PYTHON [--rounds 5] compares one loader process of this
version with that of the version installed for PYTHON, and writes results/speed/loading.md.

Every method trains for some steps on `mini` with its nano recipe, one thread and one loader
process; the first ten steps are left out. With --photos, one process reads the first images of P in
that folder as training does, for the recipes of three papers.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from p3mbench.benchmark import get, open_benchmark
from p3mbench.data.foregrounds import make_layers
from p3mbench.data.sample import TrimapSource
from p3mbench.method import missing_extra
from p3mbench.provenance import cpu_model, usable_cores
from p3mbench.registry import find
from p3mbench.training.crops import Crops
from p3mbench.training.recipe import Trainable, training_of
from p3mbench.training.sources import FileSource

ROOT = Path(__file__).resolve().parents[2]
READ = ("p3mnet-r34", "gca", "modnet")  # with layers; with layers and jitter; without
PHOTOS, ROUNDS = 8, 4
ABOUT = """# Speed of training

Made by `benchmarks/speed/training.py` on {date}: {cpu}, {cores} cores; Python {python}.

## Thin networks on `mini`

Nano recipes, one thread, one loading process, steps 11 to {steps}; portraits drawn beforehand.
"Minutes" is the time of one checkpoint of `mini` at that rate.

| method | batch | images per second | waiting for data | steps of a checkpoint | minutes |
| --- | --: | --: | --: | --: | --: |
"""
READING = """
## Reading photographs

{count} images of {pixels:.1f} megapixels on average, read from the disk's cache, cropped and
prepared by one process with the papers' recipes. Training at R images per second needs
R x milliseconds / 1000 loader processes.

| recipe | reads layers | milliseconds an image | images per second |
| --- | --- | --: | --: |"""


LOADING = """# One loader process, before and now

Made by `benchmarks/speed/training.py --old PYTHON` on {date}: {cpu}, {cores} cores.
{images} images of 1080x1620 with layers (JPEG, PNG alpha, PNG layers of 2.5 to 3 MB) that the
script makes, read from the disk's cache with the papers' recipes; one process, one thread.
Medians of {rounds} rounds of {seconds:g} s, the versions in turn. "Unpacked" is `--unpack`. The
last column says whether the first items are equal, bit by bit, with and without it. Items per
second of processor time hardly depend on other load.

| recipe | version | items per second | factor | per second of the processor | factor | equal |
| --- | --- | --: | --: | --: | --: | --- |"""


def trainable() -> Iterator[Any]:
    """List the methods that can be trained with the installed packages."""
    for entry in find():
        if isinstance(entry.method, Trainable) and not missing_extra(entry.method.info):
            yield entry.method


def measure(method: str, batch: int, steps: int, folder: Path) -> tuple[float, float]:
    """Return (images per second, share of time waiting) between the first and last log line."""
    command = [sys.executable, "-m", "p3mbench", "train", method, "--setting", "N", "--seed", "0"]
    command += ["--preset", "nano", "--steps", str(steps), "--threads", "1", "--workers", "1"]
    command += ["--no-tensorboard", "--out", str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(command, check=True, capture_output=True, env=environment)  # noqa: S603
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    first, last = lines[0], lines[-1]
    starts, ends = (batch * line["step"] / line["images_per_second"] for line in (first, last))
    waited = last["waiting"] * ends - first["waiting"] * starts
    return batch * (last["step"] - first["step"]) / (ends - starts), waited / (ends - starts)


def reading(photos: Path) -> Iterator[str]:
    """Lines of a table: milliseconds and images per second of one reading process."""
    subset = next(s for s in open_benchmark(get("p3m500"), photos).subsets if s.name == "P")
    samples = tuple(islice(subset.samples, PHOTOS))
    shapes = [sample.load("B", TrimapSource()).alpha.shape for sample in samples]
    pixels = sum(h * w for h, w in shapes) / len(shapes) / 1e6
    yield READING.format(count=len(samples), pixels=pixels)
    with tempfile.TemporaryDirectory() as folder:
        make_layers(samples, "B", Path(folder))
        for method in trainable():
            if method.info.name not in READ:
                continue
            recipe = training_of(method).recipe("paper")
            layers = Path(folder) if recipe.needs_layers else None
            crops = Crops(FileSource(samples, "B", layers), recipe, 0)
            for position in range(len(samples)):
                crops[position]
            started = time.perf_counter()
            for position in range(ROUNDS * len(samples)):
                crops[position]
            each = (time.perf_counter() - started) / (ROUNDS * len(samples))
            with_layers = "yes" if layers else "no"
            yield f"| {method.info.name} | {with_layers} | {each * 1e3:.0f} | {1 / each:.1f} |"


def comparison(old: Path, rounds: int, seconds: float, images: int) -> Iterator[str]:
    """Lines of a report: items per second of one loader process, before and now, in turn."""
    script = Path(__file__).with_name("loading.py")

    def call(python: Path | str, *more: str) -> dict[str, Any]:
        done = subprocess.run(  # noqa: S603 - our own script
            [str(python), str(script), *more], check=True, capture_output=True, text=True
        )
        return dict(json.loads(done.stdout)) if done.stdout else {}

    variants: dict[str, tuple[Path | str, tuple[str, ...]]] = {
        "before": (old, ()),
        "now": (sys.executable, ()),
        "now, unpacked": (sys.executable, ("--unpack",)),
    }
    yield LOADING.format(
        date=date.today(), cpu=cpu_model(), cores=usable_cores(), images=images, rounds=rounds,
        seconds=seconds,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        call(sys.executable, "make", folder, "--count", str(images))
        for name in READ:
            found: dict[str, list[dict[str, Any]]] = {key: [] for key in variants}
            for _ in range(rounds):
                for key, (python, more) in variants.items():
                    plain = ("read", folder, "--recipe", name, "--seconds", str(seconds))
                    found[key].append(call(python, *plain, *more))
            yield from loading_rows(name, found)


def loading_rows(name: str, found: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """A line of a table for each variant of one recipe: medians over the rounds."""

    def median(key: str, what: str) -> float:
        return float(statistics.median(each[what] for each in found[key]))

    same = found["now"][0]["sha256"] == found["now, unpacked"][0]["sha256"]
    for key in found:
        rates = [median(key, f"items_per_{unit}") for unit in ("second", "processor_second")]
        before = [median("before", f"items_per_{unit}") for unit in ("second", "processor_second")]
        cells = [f"{rate:.1f} | {rate / b:.2f}" for rate, b in zip(rates, before, strict=True)]
        equal = "" if key == "before" else "yes" if same else "NO"
        yield f"| {name} | {key} | {' | '.join(cells)} | {equal} |"


def checkpoints_per_method() -> dict[str, int]:
    """How many checkpoints `mini` has of each method."""
    path = ROOT / "benchmarks" / "mini" / "train_all.py"
    spec = importlib.util.spec_from_file_location("train_all", path)
    assert spec is not None and spec.loader is not None  # noqa: S101 - it lies beside this file
    module = importlib.util.module_from_spec(spec)
    sys.modules["train_all"] = module
    spec.loader.exec_module(module)
    names = [target.method.info.name for target in module.targets(())]
    return {name: names.count(name) for name in names}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", default="")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--old", type=Path, help="the Python of another version")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--images", type=int, default=12)
    args = parser.parse_args()
    speed = ROOT / "results" / "speed"
    if args.old:
        lines = comparison(args.old, args.rounds, args.seconds, args.images)
        write(args.out or speed / "loading.md", "\n".join(lines) + "\n")
        return
    write(args.out or speed / "training.md", thin_networks(args))


def write(path: Path, text: str) -> None:
    """Write a report."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def thin_networks(args: argparse.Namespace) -> str:
    """Make the report on `mini`, and on photographs if there are any."""
    wanted = args.methods.split(",") if args.methods else [m.info.name for m in trainable()]
    text = ABOUT.format(
        date=date.today(),
        cpu=cpu_model(),
        cores=usable_cores(),
        python=platform.python_version(),
        steps=args.steps,
    )
    counts, hours = checkpoints_per_method(), 0.0
    for method in trainable():
        name = method.info.name
        if name not in wanted:
            continue
        recipe = training_of(method).recipe("nano")
        with tempfile.TemporaryDirectory() as folder:
            rate, share = measure(name, recipe.batch_size, args.steps, Path(folder) / "run")
        minutes = recipe.steps * recipe.batch_size / rate / 60
        hours += minutes / 60 * counts[name]
        row = [name, recipe.batch_size, f"{rate:.1f}", f"{share:.1%}", recipe.steps]
        line = f"| {' | '.join(map(str, row))} | {minutes:.1f} |"
        print(line, flush=True)
        text += line + "\n"
    total = sum(counts[name] for name in wanted)
    text += f"\nAll {total} checkpoints at these rates: {hours:.1f} hours of one core.\n"
    if args.photos:
        text += "\n".join(reading(args.photos)) + "\n"
    return text


if __name__ == "__main__":
    main()

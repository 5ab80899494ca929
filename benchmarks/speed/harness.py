"""Measure the harness: against a bare loop, with more workers, and with nothing to do.

Run it from a checkout: python benchmarks/speed/harness.py [--out F]. All figures come from one
run. The method computes for half a second per image on one thread, on any machine.

With --against PYTHON, an interpreter with another version of p3mbench, the harness of that version
is measured too, in turns, with the same images and method.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import ClassVar

os.environ["OMP_NUM_THREADS"] = "1"

import cv2  # noqa: E402
import numpy as np  # noqa: E402

import p3mbench.harness.plan as planning  # noqa: E402

try:
    import p3mbench.harness.contenders as entrants
except ImportError:  # the other version
    entrants = planning  # type: ignore[misc]
from p3mbench.benchmark import get, open_benchmark, parse  # noqa: E402
from p3mbench.harness.isolate import Limits  # noqa: E402
from p3mbench.harness.runner import run_plan  # noqa: E402
from p3mbench.harness.worker import Setup  # noqa: E402
from p3mbench.method import Kind, MethodInfo  # noqa: E402
from p3mbench.provenance import cpu_model, usable_cores  # noqa: E402
from p3mbench.registry import execute, find  # noqa: E402
from p3mbench.store import Row, Store  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
BUSY = """
import time
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from p3mbench.method import Kind, MethodInfo

MATTES = {}

@dataclass(frozen=True)
class Busy:
    seconds: float = 0.5
    info: ClassVar[MethodInfo] = MethodInfo(
        name="busy", title="Busy", kind=Kind.TRIMAP_FREE, year=2026, citation="nobody")

    def load(self, device, weights):
        return self

    def predict(self, image, trimap=None):
        end = time.thread_time() + self.seconds
        if image.shape not in MATTES:  # person-like, 4 pixels off
            height, width = image.shape[:2]
            y, x = np.ogrid[:height, :width]
            distance = np.hypot(y - height / 2, x - width / 2).astype(np.float32)
            MATTES[image.shape] = np.clip((396 - distance) / 20, 0, 1)
        matte = MATTES[image.shape].copy()
        x = np.ones(200_000)
        while time.thread_time() < end:
            np.sqrt(x, out=x)
        return matte
"""
SIZE = (1080, 1620)


@dataclass(frozen=True)
class Many:
    """A method that never runs; copies of it represent fifty methods."""

    info: ClassVar[MethodInfo] = MethodInfo(
        name="many", title="Many", kind=Kind.TRIMAP_FREE, year=2026, citation="nobody"
    )


def data(folder: Path, images: int) -> Path:
    """Images of P3M's size in its layout."""
    rng = np.random.default_rng(0)
    height, width = SIZE
    subset = folder / "P3M-500-P"
    for name in ("blurred_image", "mask", "trimap"):
        (subset / name).mkdir(parents=True)
    y, x = np.mgrid[:height, :width]
    distance = np.hypot(y - height / 2, x - width / 2)
    alpha = np.clip((400 - distance) / 20, 0, 1) * 255
    trimap = np.select([distance < 370, distance > 430], [255, 0], 128).astype(np.uint8)
    smooth = cv2.resize(rng.integers(0, 256, (68, 102, 3), np.uint8), (width, height))
    for i in range(images):
        cv2.imwrite(str(subset / "blurred_image" / f"p_{i}.jpg"), np.roll(smooth, i, axis=1))
        cv2.imwrite(str(subset / "mask" / f"p_{i}.png"), alpha.astype(np.uint8))
        cv2.imwrite(str(subset / "trimap" / f"p_{i}.png"), trimap)
    return folder


def harness(folder: Path, root: Path, plugin: Path, jobs: int) -> tuple[float, float]:
    """Return (seconds from the first to the last row, rows per second) for a number of workers."""
    methods, _ = entrants.select_methods("busy", (plugin,))
    times: list[float] = []
    with Store(folder, create=True) as store:
        request = entrants.Request(methods=methods, variants=("B",))
        plan = planning.make_plan(open_benchmark(get("p3m500"), root), request, store)
        setup = Setup("cpu", "r", None, (plugin,), 1)
        run_plan(
            plan, store, setup, jobs, lambda _: times.append(time.perf_counter()), limits=Limits()
        )
    taken = times[-1] - times[jobs - 1]
    return taken, (len(times) - jobs) / taken


def in_turns(base: Path, root: Path, plugin: Path, other: str, rounds: int) -> str:
    """Compare the overhead of this version with another one, each in its own processes."""
    rates: dict[str, list[float]] = {sys.executable: [], other: []}
    for i in range(rounds):
        for j, python in enumerate(rates):
            ask = ("--rate", str(base / f"turn-{i}-{j}"), str(root), str(plugin))
            # in another folder, because a checkout would come before the installed version
            done = subprocess.run(
                [python, Path(__file__).resolve(), *ask],
                cwd=base, capture_output=True, text=True, check=True,
            )  # fmt: skip
            rates[python].append(float(done.stdout.split()[-1]))
    ours, theirs = (statistics.median(found) for found in rates.values())
    return (
        f"- Against the other version (--against), one worker, {rounds} runs of each in turns: "
        f"{ours:.4f} and {theirs:.4f} images per second in the median, "
        f"{100 * (theirs / ours - 1):+.2f} % time per image.\n"
    )


def scaling(folder: Path, root: Path, plugin: Path) -> tuple[list[str], bool]:
    """Return the lines of the scaling table, and whether all scores are equal."""
    methods, _ = entrants.select_methods("busy", (plugin,))
    lines, found = [], []
    for scheduler in ("local", "dask"):
        for jobs in (1, 2, 4):
            with Store(folder / f"{scheduler}{jobs}", create=True) as store:
                request = entrants.Request(methods=methods, variants=("B",), limit=16)
                plan = planning.make_plan(open_benchmark(get("p3m500"), root), request, store)
                setup = Setup("cpu", "r", None, (plugin,), 1)
                start = time.perf_counter()
                run_plan(plan, store, setup, jobs, limits=Limits(), scheduler=scheduler)
                seconds = time.perf_counter() - start
                frame = store.frame()
            lines.append(f"| {scheduler} | {jobs} | {seconds:.1f} | {len(frame) / seconds:.2f} |")
            found.append(frame.drop(columns=["seconds", "peak_mib", "run_id"]))
    return lines, all(frame.equals(found[0]) for frame in found)


def bare(root: Path, plugin: Path, images: int) -> float:
    """Measure images per second of a loop around ``predict`` with images in memory."""
    execute(plugin)
    method = next(e.method for e in find((plugin,)) if e.name == "busy")
    assert method is not None  # noqa: S101
    predictor = method.load("cpu", None)
    photograph = cv2.imread(str(root / "P3M-500-P" / "blurred_image" / "p_0.jpg"))
    image = np.asarray(photograph, np.uint8)
    predictor.predict(image)
    start = time.perf_counter()
    for _ in range(images):
        predictor.predict(image)
    return images / (time.perf_counter() - start)


def resume(folder: Path) -> tuple[int, float]:
    """Return (rows, seconds) for finding that a large store is complete."""
    text = (ROOT / "benchmarks" / "mini.toml").read_text(encoding="utf-8")
    text = text.replace("count = 24", "count = 500").replace("checkpoints =", "# checkpoints =")
    opened = open_benchmark(parse(text, "large", None), None)
    methods = []
    for i in range(50):
        info = dataclasses.replace(Many.info, name=f"many-{i}")
        copy = type(f"Many{i}", (Many,), {"info": info})
        methods.append(copy())
    request = entrants.Request(methods=tuple(methods), variants=("B", "N"))
    with Store(folder, create=True) as store:
        todo = list(planning.make_plan(opened, request, store).todo)
        store.add_all([row_of(task) for task in todo])
    start = time.perf_counter()
    with Store(folder) as store:
        left = sum(1 for _ in planning.make_plan(opened, request, store).todo)
    seconds = time.perf_counter() - start
    if left:
        raise RuntimeError(f"{left} rows of a finished store would be run again")
    return len(todo), seconds


def row_of(task: planning.Task) -> Row:
    """Return arbitrary scores; the plan reads only keys."""
    return Row(
        key=task.key, image=task.sample.id, status="ok", reason="", flags="", metrics={"sad": 1.0},
        seconds=1.0, height=1, width=1, device="cpu", run_id="r", **task.cell.columns,
    )  # fmt: skip


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "speed" / "harness.md")
    parser.add_argument("--against", default="", help="Interpreter with another version.")
    parser.add_argument("--rounds", type=int, default=5, help="Of --against.")
    parser.add_argument("--only-against", action="store_true", help="Measure nothing else.")
    parser.add_argument("--rate", type=Path, nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.rate:  # one turn, in this interpreter with its version
        store, root, plugin = args.rate
        print(harness(store, root, plugin, 1)[1])
        return
    folder = Path(tempfile.mkdtemp())
    try:
        plugin = folder / "busy.py"
        plugin.write_text(BUSY, encoding="utf-8")
        root = data(folder / "data", args.images)
        against = in_turns(folder, root, plugin, args.against, args.rounds) if args.against else ""
        if args.only_against:
            print(against)
            return
        before = bare(root, plugin, args.images // 2)
        rates = {jobs: harness(folder / f"jobs{jobs}", root, plugin, jobs)[1] for jobs in (1, 2)}
        after = bare(root, plugin, args.images // 2)
        rows, seconds = resume(folder / "large")
        lines, same = scaling(folder / "scaling", root, plugin)
    finally:
        shutil.rmtree(folder)
    loop = (before + after) / 2
    height, width = SIZE
    text = f"""# Overhead of the harness

Made by `benchmarks/speed/harness.py` on {date.today()}: {cpu_model()}, {usable_cores()} cores;
Python {platform.python_version()}. The method computes for 0.5 s on one thread per image of
{height}x{width}, {args.images} images; the harness also decodes, scores and stores; the loop
does not. Rates are from the first to the last row, without the start.

| what | images per second | against the bare loop |
| --- | --: | --: |
| bare loop around `predict`, image in memory | {loop:.3f} | 1.00 |
| harness, 1 worker | {rates[1]:.3f} | {rates[1] / loop:.3f} |
| harness, 2 workers | {rates[2]:.3f} | {rates[2] / loop:.3f} |

- One worker costs {100 * (1 - rates[1] / loop):.1f} % over the loop; two reach
  {rates[2] / rates[1]:.2f} times one.
- Finding that nothing is left to do among {rows:,} rows takes {seconds:.2f} s and opens no image.
{against}
Starting included, 16 images, scores {"identical in all runs" if same else "NOT IDENTICAL"}:

| scheduler | workers | seconds | images per second |
| --- | --: | --: | --: |
{chr(10).join(lines)}
"""
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

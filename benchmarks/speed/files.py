"""Measure reading of files: evaluate against another version, verify against plain decoding.

Run it from a checkout:

    python benchmarks/speed/files.py --old /path/to/other/bin/python [--out results/speed/files.md]

All figures come from one run. ``evaluate`` of both versions runs in turns; the median of each
counts. Verify reads every file of a data set in the layout of P3M-10k. Plain decoding reads the
same files with the same libraries and number of processes, without checks.
"""

from __future__ import annotations

import argparse
import multiprocessing
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from p3mbench.provenance import cpu_model, usable_cores

ROOT = Path(__file__).resolve().parents[2]
SIZE = (1080, 1620)
FOLDERS = ("blurred_image", "mask", "trimap")


def data(folder: Path, images: int) -> Path:
    """Images of P3M's size in its layout, with mattes of predictions beside them."""
    rng = np.random.default_rng(0)
    height, width = SIZE
    subset = folder / "P3M-500-P"
    for name in (*FOLDERS, "pred"):
        (subset / name).mkdir(parents=True)
    y, x = np.mgrid[:height, :width]
    smooth = cv2.resize(rng.integers(0, 256, (68, 102, 3), np.uint8), (width, height))
    for i in range(images):
        distance = np.hypot(y - height / 2, x - width / 2 - i % 64)
        alpha = np.rint(np.clip((400 - distance) / 20, 0, 1) * 255).astype(np.uint8)
        trimap = np.select([distance < 370, distance > 430], [255, 0], 128).astype(np.uint8)
        pred = np.rint(np.clip((398 - distance) / 26, 0, 1) * 255).astype(np.uint8)
        cv2.imwrite(str(subset / "blurred_image" / f"p_{i}.jpg"), np.roll(smooth, i, axis=1))
        for name, pixels in (("mask", alpha), ("trimap", trimap), ("pred", pred)):
            cv2.imwrite(str(subset / name / f"p_{i}.png"), pixels)
    return folder


def timed(command: list[str]) -> float:
    """Measure the seconds of a command, which must succeed."""
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return time.perf_counter() - start


def evaluations(root: Path, pythons: dict[str, str], rounds: int) -> dict[str, list[float]]:
    """Measure ``evaluate`` by version, in turns; the order changes each round."""
    subset = root / "P3M-500-P"
    times: dict[str, list[float]] = {name: [] for name in pythons}
    for turn in range(rounds):
        for name in sorted(pythons, reverse=bool(turn % 2)):
            folders = [str(subset / part) for part in ("pred", "mask")]
            metrics = ["--trimaps", str(subset / "trimap"), "--format", "csv"]
            command = [pythons[name], "-m", "p3mbench", "evaluate", *folders, *metrics]
            times[name].append(timed(command))
    return times


def decode(path: Path) -> int:
    """Decode one file without checks, by the library that p3mbench uses."""
    if path.suffix == ".png":
        content = np.frombuffer(path.read_bytes(), np.uint8)
        pixels = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)
        assert pixels is not None  # noqa: S101 - this script wrote it
        return pixels.size
    with Image.open(path) as file:
        return np.asarray(file).size


def decoding(files: list[Path], jobs: int) -> float:
    """Measure decoding of all files in newly started processes, as verify does."""
    start = time.perf_counter()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        sum(pool.map(decode, files, chunksize=12))
    return time.perf_counter() - start


def smallest(work: Callable[[], float], rounds: int) -> float:
    """The smallest of some times."""
    return min(work() for _ in range(rounds))


def verifying(python: str, root: Path) -> list[str]:
    """The command that verifies a folder."""
    return [python, "-m", "p3mbench", "data", "verify", str(root)]


def report(arguments: argparse.Namespace, root: Path) -> str:
    """Everything as Markdown."""
    pythons = {"this version": sys.executable, "other version": arguments.old}
    pairs = data(root / "evaluate", arguments.pairs)
    times = evaluations(pairs, pythons, arguments.rounds)
    middle = {name: statistics.median(found) for name, found in times.items()}
    ratio = middle["this version"] / middle["other version"]
    whole = data(root / "verify", arguments.images)
    files = sorted(p for name in FOLDERS for p in (whole / "P3M-500-P" / name).iterdir())
    jobs = usable_cores()
    plain = smallest(lambda: decoding(files, jobs), arguments.rounds)
    verify = {
        name: smallest(partial(timed, verifying(python, whole)), arguments.rounds)
        for name, python in pythons.items()
    }
    lines = [
        "# Reading files",
        "",
        f"`python benchmarks/speed/files.py`, {date.today()}: {cpu_model()}, {jobs} cores, "
        f"{platform.system()}, Python {platform.python_version()}. Images of {SIZE[1]}x{SIZE[0]}; "
        f"{arguments.rounds} rounds, the versions in turns: medians of `evaluate`, smallest "
        "times of the rest.",
        "",
        f"| `evaluate`, {arguments.pairs} pairs with trimaps | seconds | all times |",
        "| --- | ---: | --- |",
        *(
            f"| {name} | {middle[name]:.1f} | {', '.join(f'{t:.1f}' for t in found)} |"
            for name, found in times.items()
        ),
        "",
        f"This version takes {ratio:.3f} times as long as the other one.",
        "",
        f"| {arguments.images} images ({len(files):,} files) | seconds | files per second |",
        "| --- | ---: | ---: |",
        f"| plain decoding | {plain:.1f} | {len(files) / plain:.0f} |",
        *(f"| `data verify`, {n} | {t:.1f} | {len(files) / t:.0f} |" for n, t in verify.items()),
        "",
        "The two versions of verify differ: this one checks more.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--old", required=True, help="python of the other version's environment")
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "speed" / "files.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = report(arguments, Path(folder))
    print(text)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(text)


if __name__ == "__main__":
    main()

"""Measure the metrics against reading the files and against literal formulas.

Run it from a checkout: python benchmarks/speed/metrics.py [--pairs N] [--size 1080x1620] [--out F]
With --evaluate 500 it also writes that many pairs and scores the files on all cores, to show that
memory does not grow. With --data FOLDER it adds a line on a real data set.

In one process on one thread, it times three things on the same generated pairs: decoding the three
PNG files of a pair with OpenCV; p3mbench.metrics; and tests/metrics/literal.py, a SciPy and
scikit-image version of the published formulas, without the distance transform that the originals
compute and never use. Nothing is cached between calls.
"""

from __future__ import annotations

import argparse
import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import scipy

from p3mbench.metrics import score
from p3mbench.provenance import cpu_model

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "metrics"))
import literal  # noqa: E402  (found through the line above)

OFFICIAL_MS = 1074.0  # P3M's code, all metrics, 1.75 megapixels, one thread, on a similar machine
P3M_SET = ("sad", "mse", "mad", "sad_t", "mse_t", "mad_t", "sad_fg", "sad_bg", "grad", "conn")
PARTS = {
    "SAD, MSE, MAD in all regions": P3M_SET[:8],
    "GRAD": ("grad",),
    "CONN": ("conn",),
}


class Example(NamedTuple):
    """A prediction, its ground truth and a trimap, (H, W) uint8."""

    pred: np.ndarray
    alpha: np.ndarray
    trimap: np.ndarray


class Timing(NamedTuple):
    """Milliseconds: median and minimum over repetitions, each averaged over the pairs."""

    median: float
    least: float


def make_example(height: int, width: int, seed: int) -> Example:
    """A portrait-like matte: head, shoulders, soft edge, strands of hair; and a fair prediction."""
    rng = np.random.default_rng(seed)
    scale = min(height, width) / 1080
    alpha = _body(height, width, rng, scale)
    pred = _shifted(alpha, rng, scale)
    alpha = np.maximum(alpha, _strands(height, width, rng, scale, 160))
    half = _strands(height, width, np.random.default_rng(seed + 1), scale, 40)
    pred = np.maximum(pred, np.maximum(half, cv2.GaussianBlur(alpha, (0, 0), 1.2 * scale)))
    alpha, pred = np.rint(alpha * 255).astype(np.uint8), np.rint(pred * 255).astype(np.uint8)
    for _ in range(4):  # errors inside and outside, away from the boundary
        spot = (int(rng.integers(width)), int(rng.integers(height)))
        grey = float(rng.integers(100, 250))
        cv2.circle(pred, spot, int(25 * scale) + 1, grey, -1, cv2.LINE_AA)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (25, 25))
    solid = cv2.erode((alpha == 255).astype(np.uint8), kernel) > 0
    reach = cv2.dilate((alpha != 0).astype(np.uint8), kernel) > 0
    trimap = np.select([solid, reach], [np.uint8(255), np.uint8(128)], np.uint8(0))
    return Example(pred, alpha, trimap)


def _body(height: int, width: int, rng: np.random.Generator, scale: float) -> np.ndarray:
    shape = np.zeros((height, width), np.float32)
    middle = int(width * rng.uniform(0.42, 0.58))
    head = (int(150 * scale), int(190 * scale))
    cv2.ellipse(shape, (middle, int(height * 0.35)), head, 0, 0, 360, 1, -1)
    shoulders = (int(430 * scale), int(height * 0.5))
    cv2.ellipse(shape, (middle, int(height * 0.98)), shoulders, 0, 0, 360, 1, -1)
    waves = cv2.resize(rng.normal(size=(12, 9)).astype(np.float32), (width, height), None, 0, 0, 2)
    soft = cv2.GaussianBlur(shape, (0, 0), 14 * scale) + 0.08 * waves
    return np.clip((soft - 0.5) * (5 / scale) + 0.5, 0, 1)


def _strands(
    height: int, width: int, rng: np.random.Generator, scale: float, number: int
) -> np.ndarray:
    hair = np.zeros((height, width), np.uint8)
    steps = np.linspace(0, 1, 14)
    for _ in range(number):
        angle, length = rng.uniform(np.pi, 2 * np.pi), rng.uniform(60, 190) * scale
        root = np.array([width * 0.5, height * 0.35]) + 140 * scale * np.array(
            [np.cos(angle), np.sin(angle)]
        )
        bend = angle + rng.normal(0, 0.9) * steps
        path = root + np.cumsum(
            length / 14 * np.stack([np.cos(bend), np.sin(bend)], axis=1), axis=0
        )
        points = [np.rint(path * 16).astype(np.int32)]
        cv2.polylines(hair, points, False, float(rng.integers(40, 255)), 1, cv2.LINE_AA, 4)
    return cv2.GaussianBlur(hair, (0, 0), 0.8).astype(np.float32) / 255


def _shifted(alpha: np.ndarray, rng: np.random.Generator, scale: float) -> np.ndarray:
    """Bend the edge of a matte by a few pixels."""
    height, width = alpha.shape
    bend = rng.normal(0, 1.5 * scale, (2, 16, 12)).astype(np.float32)
    dx, dy = (cv2.resize(one, (width, height), None, 0, 0, cv2.INTER_CUBIC) for one in bend)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    edge = (alpha > 0) & (alpha < 1)
    near = cv2.dilate(edge.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    moved = cv2.remap(alpha, x + dx, y + dy, cv2.INTER_LINEAR)
    return np.where(near, moved, alpha)


def clock(task: Callable[[Example], object], examples: list[Example], repeat: int) -> Timing:
    """Time a task on every pair; the pairs take turns, so that no input stays in the cache."""
    times: list[list[float]] = [[] for _ in examples]
    for _ in range(repeat):
        for example, taken in zip(examples, times, strict=True):
            start = time.perf_counter()
            task(example)
            taken.append((time.perf_counter() - start) * 1000)
    return Timing(
        statistics.fmean(statistics.median(taken) for taken in times),
        statistics.fmean(min(taken) for taken in times),
    )


def literal_p3m(example: Example) -> dict[str, float]:
    """Compute all P3M metrics by the literal formulas."""
    values: dict[str, float] = literal.score(*example, "p3m")
    return values


def largest_disagreement(examples: list[Example]) -> float:
    """Largest relative difference between ours and the literal values."""
    worst = 0.0
    for example in examples:
        ours = score(*example)
        for name, value in literal_p3m(example).items():
            worst = max(worst, abs(ours[name] - value) / max(abs(value), 1e-9))
    return worst


def changed(example: Example, how: str, rng: np.random.Generator) -> Example:
    """Return the pair with a prediction that defeats the fast paths."""
    pred = example.pred
    noise = rng.normal(0, 2, pred.shape)
    changes: dict[str, Callable[[], np.ndarray]] = {
        "inverted, uint8": lambda: 255 - pred,
        "noise of 2 levels everywhere, uint8": lambda: (pred + noise).clip(0, 255).astype(np.uint8),
        "uniform noise, uint8": lambda: rng.integers(0, 256, pred.shape).astype(np.uint8),
        "float32": lambda: (pred / 255).astype(np.float32),
        "float32, nowhere saturated": lambda: (pred / 255 * 0.998 + 0.001).astype(np.float32),
        "float64, noise everywhere": lambda: (pred / 255 + noise / 255).clip(0, 1),
    }
    return example._replace(pred=changes[how]())


WORST = (
    "inverted, uint8",
    "noise of 2 levels everywhere, uint8",
    "uniform noise, uint8",
    "float32",
    "float32, nowhere saturated",
    "float64, noise everywhere",
)


def decode_three(files: dict[int, list[np.ndarray]]) -> Callable[[Example], object]:
    """Make a task that decodes the PNG files of prediction, ground truth and trimap."""

    def task(example: Example) -> object:
        return [cv2.imdecode(file, cv2.IMREAD_GRAYSCALE) for file in files[id(example)]]

    return task


def encode(example: Example) -> list[np.ndarray]:
    """The three PNG files in memory."""
    return [cv2.imencode(".png", matte)[1] for matte in example]


def ours(example: Example, metrics: tuple[str, ...] | None = P3M_SET) -> object:
    """The P3M set by p3mbench."""
    return score(*example, metrics=metrics)


def measure(examples: list[Example], repeat: int) -> dict[str, Timing]:
    """Measure all timings, by the names in the table."""
    files = {id(example): encode(example) for example in examples}
    rows = {"three PNG files decoded (OpenCV)": clock(decode_three(files), examples, repeat)}
    rows["ours, the P3M set"] = clock(ours, examples, repeat)
    rows["ours, with the boundary"] = clock(partial(ours, metrics=None), examples, repeat)
    rows["literal formulas"] = clock(literal_p3m, examples, max(2, repeat // 7))
    for part, metrics in PARTS.items():
        rows[part] = clock(partial(ours, metrics=metrics), examples, repeat)
    for how in WORST:
        rng = np.random.default_rng(0)
        hard = [changed(example, how, rng) for example in examples[:3]]
        rows[f"prediction: {how}"] = clock(ours, hard, max(3, repeat // 3))
    return rows


def linear_rows(height: int, width: int, repeat: int) -> list[str]:
    """Time per megapixel at several sizes."""
    lines = []
    for factor in (0.5, 1, 2):
        size = (round(height * factor), round(width * factor))
        timing = clock(ours, [make_example(*size, seed=0)], repeat)
        megapixels = size[0] * size[1] / 1e6
        lines.append(
            f"| {size[0]}x{size[1]} | {timing.median:.1f} | {timing.median / megapixels:.1f} |"
        )
    return lines


def machine() -> str:
    """Processor, cores and versions."""
    return (
        f"{cpu_model()}, {os.cpu_count()} cores, one thread; Python {platform.python_version()}, "
        f"NumPy {np.__version__}, OpenCV {cv2.__version__}, SciPy {scipy.__version__}, "
        f"scikit-image {version('scikit-image')}"
    )


def report(examples: list[Example], rows: dict[str, Timing], lines: list[str], repeat: int) -> str:
    """The Markdown page."""
    height, width = examples[0].alpha.shape
    decode, fast = rows["three PNG files decoded (OpenCV)"], rows["ours, the P3M set"]
    slow = rows["literal formulas"]
    differing = statistics.fmean(float((e.pred != e.alpha).mean()) for e in examples)
    official = OFFICIAL_MS * height * width / 1.75e6
    table = [
        f"| {name} | {t.median:.1f} | {t.least:.1f} | {t.median / decode.median:.2f} "
        f"| {slow.median / t.median:.0f} |"
        for name, t in rows.items()
    ]
    return "\n".join(
        [
            "# Speed of the metrics",
            "",
            f"Made by `benchmarks/speed/metrics.py` on {date.today()}: {machine()}.",
            "",
            f"{len(examples)} generated pairs of {height}x{width} (8 bit, hair and soft edges; "
            f"{differing:.1%} of the pixels differ), {repeat} repetitions. The P3M set is SAD, MSE "
            "and MAD of the whole image and of the unknown region, SAD-FG, SAD-BG, GRAD and CONN.",
            "",
            "| | median ms | least ms | of the three decodes | times faster than literal |",
            "| --- | ---: | ---: | ---: | ---: |",
            *table,
            "",
            f"- Ours takes {fast.median / decode.median:.2f} of the time for decoding the pair's "
            "three files (goal: 0.8).",
            f"- It is {slow.median / fast.median:.0f} times faster than the literal "
            "formulas, without the unused distance transform; largest relative "
            f"difference of a value: {largest_disagreement(examples[:2]):.1e}.",
            f"- P3M's own code takes {OFFICIAL_MS:.0f} ms for 1.75 megapixels (figure given with "
            f"the reference values, not timed here), {official:.0f} ms for this size: "
            f"{official / fast.median:.0f} times as long (goal: 60).",
            "",
            "Time per megapixel at three sizes:",
            "",
            "| size | ms | ms per megapixel |",
            "| --- | ---: | ---: |",
            *lines,
            "",
        ]
    )


def load_real(folder: Path) -> list[Example]:
    """Pairs of a data set in the P3M layout with `predictions/METHOD/STEM.png` beside it."""
    examples = []
    for truth in sorted(folder.glob("validation/*/mask/*.png")):
        trimap = truth.parents[1] / "trimap" / truth.name
        for pred in sorted(folder.glob(f"predictions/*/{truth.name}")):
            examples.append(Example(grey(pred), grey(truth), grey(trimap)))
    return examples


def grey(path: Path) -> np.ndarray:
    """Read (H, W) uint8."""
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8)


EVALUATE = """
import re, resource, sys, time
from pathlib import Path
from p3mbench.evaluation import evaluate
start = time.perf_counter()
done = sum(record.status == "ok" for record in evaluate(*sys.argv[1:]))
seconds = time.perf_counter() - start
own = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(done, seconds, int(own) // 1024, worker // 1024)
"""


def evaluate_folders(*folders: Path) -> tuple[int, float, int, int]:
    """Images scored, seconds, peak MiB of the process and of its largest worker (on Linux)."""
    command = [sys.executable, "-c", EVALUATE, *map(str, folders)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    done, seconds, parent, worker = run.stdout.split()
    return int(done), float(seconds), int(parent), int(worker)


def evaluate_lines(examples: list[Example], number: int, decode: Timing) -> str:
    """A table of `p3mbench.evaluation.evaluate` on growing numbers of files, all cores."""
    lines = ["| pairs | seconds | ms per pair | peak MiB, process | largest worker |"]
    lines.append("| ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written = 0
        for count in (max(1, number // 10), max(1, number // 3), number):
            for n in range(written, count):
                for kind, matte in zip(Example._fields, examples[n % len(examples)], strict=True):
                    path = folder / kind / f"{n:05}.png"
                    path.parent.mkdir(exist_ok=True)
                    if n < len(examples):
                        cv2.imwrite(str(path), matte)
                    else:
                        path.hardlink_to(path.with_name(f"{n % len(examples):05}.png"))
            written = count
            done, seconds, *peaks = evaluate_folders(*(folder / k for k in Example._fields))
            each = seconds * 1000 / done
            lines.append(f"| {done} | {seconds:.1f} | {each:.1f} | {peaks[0]} | {peaks[1]} |")
    head = (
        f"Folders of files through `evaluate`, {os.cpu_count()} cores, in total; one "
        f"core needs {decode.median:.1f} ms to decode the three files of a pair:\n\n"
    )
    return head + "\n".join(lines) + "\n"


def real_lines(folder: Path, repeat: int) -> str:
    """A paragraph about the pairs of a real data set."""
    examples = load_real(folder)
    files = {id(example): encode(example) for example in examples}
    decode, fast = clock(decode_three(files), examples, repeat), clock(ours, examples, repeat)
    megapixels = statistics.fmean(e.alpha.size for e in examples) / 1e6
    done, wall = 0, 0.0
    for subset in sorted(folder.glob("validation/*")):
        predictions = next((folder / "predictions").iterdir())
        scored, seconds, *_ = evaluate_folders(predictions, subset / "mask", subset / "trimap")
        done, wall = done + scored, wall + seconds
    return (
        f"{len(examples)} real portraits of {megapixels:.2f} megapixels: ours {fast.median:.1f} ms "
        f"(least {fast.least:.1f}), three decodes {decode.median:.1f} ms (least "
        f"{decode.least:.1f}), ratio {fast.median / decode.median:.2f}. "
        f"`evaluate` scores all {done} in {wall:.2f} s, including the start of its "
        f"processes; decoding the files takes {decode.median * done / 1000:.2f} s on one core.\n"
    )


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--size", default="1080x1620", help="height x width")
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "speed" / "metrics.md")
    parser.add_argument("--data", type=Path, help="also time a real data set (P3M layout)")
    parser.add_argument("--evaluate", type=int, metavar="N", help="also score N pairs of files")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    height, width = (int(side) for side in arguments.size.split("x"))
    examples = [make_example(height, width, seed) for seed in range(arguments.pairs)]
    rows = measure(examples, arguments.repeat)
    text = report(examples, rows, linear_rows(height, width, arguments.repeat), arguments.repeat)
    if arguments.evaluate:
        decode = rows["three PNG files decoded (OpenCV)"]
        text += "\n" + evaluate_lines(examples, arguments.evaluate, decode)
    if arguments.data:
        text += "\n" + real_lines(arguments.data, arguments.repeat)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main()

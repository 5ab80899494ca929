"""Measure the networks at published width against a literal version of the published steps.

Run it from a checkout: python benchmarks/speed/inference.py [--methods A,B] [--sizes 512x512]
[--device cuda] [--out F]. Weights are random; neither time nor equality depends on them.

Three versions run in one process on the same image: ours (``predict`` as the harness calls it, and
its time within the network); the literal one (the same network in PyTorch's usual memory layout
computes all that the published code computes, with the published calls of scikit-image, OpenCV and
NumPy around it); and ours with --precision bf16.
"""

from __future__ import annotations

import argparse
import gc
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn

from p3mbench.harness.engine import COMPILED, Engine
from p3mbench.method import Method
from p3mbench.registry import find
from p3mbench.training.recipe import training_of

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from benchmarks.speed.published_steps import LITERAL, Alpha, Image  # noqa: E402


@dataclass
class Result:
    """Seconds of one method at one size; None if not measured."""

    method: str
    size: str
    forward: float
    ours: float
    literal: float | None
    bf16: float
    off: float | None  # largest difference of the mattes, ours and literal
    off_bf16: tuple[float, float]  # mean and largest difference of the bf16 matte


def scene(height: int, width: int) -> tuple[Image, Image]:
    """A photograph-like image of smooth noise, and a trimap with a band unknown."""
    rng = np.random.default_rng(height * 10000 + width)
    coarse = rng.integers(0, 256, (height // 24, width // 24, 3), dtype=np.uint8)
    image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    trimap = np.zeros((height, width), np.uint8)
    middle, radii = (width // 2, height // 2), (width // 3, height // 3)
    cv2.ellipse(trimap, middle, radii, 0, 0, 360, 255, -1)
    band = max(3, min(height, width) // 12)
    cv2.ellipse(trimap, middle, radii, 0, 0, 360, 128, band)
    return np.asarray(image, np.uint8), trimap


@contextmanager
def watched(network: nn.Module) -> Iterator[list[float]]:
    """Measure the seconds of each call of the network."""
    taken: list[float] = []
    originals = {n: getattr(network, n) for n in COMPILED if hasattr(network, n)}
    depth = [0]

    def timed(function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **named: Any) -> Any:
            depth[0] += 1
            start = time.perf_counter()
            try:
                return function(*args, **named)
            finally:
                depth[0] -= 1
                if not depth[0]:
                    taken.append(time.perf_counter() - start)

        return run

    for name, function in originals.items():
        setattr(network, name, timed(function))
    try:
        yield taken
    finally:
        for name in originals:
            delattr(network, name)


def least(task: Callable[[], Alpha], repeat: int) -> tuple[float, Alpha]:
    """Return the least seconds of some repetitions after a warm-up, and the matte."""
    matte = task()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        matte = task()
        times.append(time.perf_counter() - start)
    return min(times), matte


def measure(method: Method, sizes: list[tuple[int, int]], repeat: int, device: str) -> list[Result]:
    """Measure one method."""
    torch.manual_seed(0)
    training = training_of(method)
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "random.pth"
        torch.save(training.network(1).state_dict(), weights)
        predictor = method.load(device, weights)
        network: Any = training.network(1)
        network.load_state_dict(torch.load(weights, weights_only=True))
    network.eval()
    found = []
    for height, width in sizes:
        found.append(measure_at(method, predictor, network, (height, width), repeat, device))
        print(found[-1], flush=True)
    return found


def measure_at(
    method: Method, predictor: Any, network: Any, size: tuple[int, int], repeat: int, device: str
) -> Result:
    """Measure one size; ``network`` is a copy for the literal version."""
    name = method.info.name
    image, trimap = scene(*size)
    hint = trimap if method.info.needs_trimap else None
    engine = Engine(predictor, device)
    lower = Engine(predictor, device, "bf16")
    (inner,) = engine.modules
    with watched(inner) as taken:
        ours, alpha = least(lambda: engine.call(image, hint).alpha, repeat)
        calls = len(taken) // (repeat + 2)  # of one predict; the engine warms up again
    forward = min(sum(taken[i : i + calls]) for i in range(0, len(taken) - calls + 1, calls))
    bf16, rough = least(lambda: lower.call(image, hint).alpha, repeat)
    literal, off = None, None
    if device == "cpu":
        render = LITERAL[name]
        with torch.no_grad():
            literal, other = least(lambda: render(network, image, trimap), repeat)
        off = float(np.abs(alpha - np.clip(other, 0, 1)).max())
    gap = np.abs(alpha - rough)
    differences = float(gap.mean()), float(gap.max())
    where = f"{size[0]}x{size[1]}"
    return Result(name, where, forward, ours, literal, bf16, off, differences)


def table(results: list[Result], repeat: int, device: str) -> str:
    """The report."""
    cuda = torch.cuda.get_device_name() if device != "cpu" else ""
    where = (
        cuda or f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads"
    )
    lines = [
        "# Speed of inference",
        "",
        f"Made by `benchmarks/speed/inference.py` on {date.today()}: {where}; Python "
        f"{platform.python_version()}, PyTorch {torch.__version__}, OpenCV {cv2.__version__}, "
        f"scikit-image {version('scikit-image')}. Networks of published width with random weights, "
        f"default strategy, least of {repeat} repetitions, in seconds.",
        "",
        "*Network* is the time within the network, *ours* the whole of `predict`, and *literal* "
        "the published steps by the published calls with the same network. *Difference* is the "
        "largest difference of the two mattes. *bf16* is `--precision bf16`, with its mean and "
        "largest difference from ours. With random weights, classes are nearly tied, and one "
        "changed class can move a pixel by up to 1. With trained weights this is rarer, and "
        "`p3mbench run` prints the effect on the scores.",
        "",
        "| method | size | network | ours | literal | times faster | difference | bf16 "
        "| times faster | its difference, mean | largest |",
        "| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for r in results:
        literal = "" if r.literal is None else f"{r.literal:.2f}"
        ratio = "" if r.literal is None else f"{r.literal / r.ours:.2f}"
        off = "" if r.off is None else f"{r.off:.1e}"
        against = r.ours if r.literal is None else r.literal
        lines.append(
            f"| {r.method} | {r.size} | {r.forward:.2f} | {r.ours:.2f} | {literal} | {ratio} "
            f"| {off} | {r.bf16:.2f} | {against / r.bf16:.2f} "
            f"| {r.off_bf16[0]:.1e} | {r.off_bf16[1]:.1e} |"
        )
    compared = [r for r in results if r.literal is not None]
    if compared:
        ratios = sorted((r.literal or 0) / r.ours for r in compared)
        lower = sorted((r.literal or 0) / r.bf16 for r in compared)
        lines += [
            "",
            f"- Median over methods and sizes: {ratios[len(ratios) // 2]:.2f} times as fast as the "
            f"literal steps in float32 ({sum(x >= 1.5 for x in ratios)} of {len(ratios)} "
            f"reach 1.5), {lower[len(lower) // 2]:.2f} times with bf16 "
            f"({sum(x >= 3 for x in lower)} of {len(lower)} reach 3).",
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Parse, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", default="")
    parser.add_argument("--sizes", default="512x512,1080x1620")
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "speed" / "inference.md")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    sizes = []
    for text in args.sizes.split(","):
        height, _, width = text.partition("x")
        sizes.append((int(height), int(width)))
    wanted = args.methods.split(",") if args.methods else list(LITERAL)
    methods = {e.name: e.method for e in find() if e.method is not None}
    results: list[Result] = []
    for name in wanted:
        results += measure(methods[name], sizes, args.repeat, args.device)
        gc.collect()
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(table(results, args.repeat, args.device))


if __name__ == "__main__":
    main()

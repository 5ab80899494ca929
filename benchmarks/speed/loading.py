"""One loader process on photographs that this script makes: items per second, as JSON.

``python loading.py make FOLDER --count N`` makes P3M-like training files of 1080x1620 with layers.
``python loading.py read FOLDER --recipe NAME --seconds S [--unpack]`` reads them as training does.
`training.py --old PYTHON` runs the second with two versions of p3mbench in turn, so it uses only
the API of both.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

HEIGHT, WIDTH = 1620, 1080
GRAIN = {"image": 5.0, "foreground": 3.0, "background": 3.0}  # standard deviations of noise


def picture(rng: np.random.Generator, grain: float) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Make (H, W, 3) uint8 with soft shapes, edges and grain; a PNG of it has 2.5 to 3 MB."""
    coarse = rng.normal(0, 1, (HEIGHT // 60, WIDTH // 60, 3)).astype(np.float32)
    shapes = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    fine = rng.normal(0, 1, (HEIGHT // 6, WIDTH // 6, 3)).astype(np.float32)
    shapes = 45 * shapes + 8 * cv2.resize(fine, (WIDTH, HEIGHT)) + 128
    return np.clip(shapes + rng.normal(0, grain, shapes.shape), 0, 255).astype(np.uint8)


def matte(rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Make (H, W) uint8: an ellipse of a person's size with a soft, noisy edge."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    centre = HEIGHT * rng.uniform(0.55, 0.65), WIDTH * rng.uniform(0.4, 0.6)
    radii = HEIGHT * rng.uniform(0.32, 0.4), WIDTH * rng.uniform(0.22, 0.28)
    rho = np.hypot((rows - centre[0]) / radii[0], (columns - centre[1]) / radii[1])
    alpha = 0.5 + (1 - rho) * min(radii) / (2 * rng.uniform(12, 24))
    soft = (alpha > 0) & (alpha < 1)
    alpha[soft] += rng.normal(0, 0.15, int(soft.sum()))
    made: np.ndarray[Any, np.dtype[np.uint8]] = np.rint(np.clip(alpha, 0, 1) * 255).astype(np.uint8)
    return made


def make(folder: Path, count: int) -> None:
    """Training files in the layout of P3M-10k under ``data``, and their layers under ``layers``."""
    train, layers = folder / "data" / "train", folder / "layers" / "B"
    photos, alphas = train / "blurred_image", train / "mask"
    for each in (photos, alphas, layers / "foreground", layers / "background"):
        each.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        rng, name = np.random.default_rng(index), f"p_{index:04d}"
        planes = {plane: picture(rng, grain) for plane, grain in GRAIN.items()}
        quality = [cv2.IMWRITE_JPEG_QUALITY, 95]
        cv2.imwrite(str(photos / f"{name}.jpg"), planes["image"], quality)
        cv2.imwrite(str(alphas / f"{name}.png"), matte(rng))
        for layer in ("foreground", "background"):
            cv2.imwrite(str(layers / layer / f"{name}.png"), planes[layer])


def read(folder: Path, name: str, seconds: float, unpack: bool) -> dict[str, Any]:
    """Items per second of the clock and of the processor, and a hash of the first items."""
    from p3mbench.benchmark import get
    from p3mbench.registry import find
    from p3mbench.training.crops import Crops
    from p3mbench.training.recipe import training_of
    from p3mbench.training.sources import FileSource

    try:
        from p3mbench.benchmark import train_samples
    except ImportError:  # version 0.1
        from p3mbench.data.splits import train_samples  # type: ignore[import-not-found,no-redef]

    method = next(entry.method for entry in find() if entry.name == name)
    assert method is not None  # noqa: S101 - the names are those of built-in methods
    recipe = training_of(method).recipe("paper")
    samples = train_samples(get("p3m500"), folder / "data", "B")
    layers = folder / "layers" if recipe.needs_layers else None
    more = {"unpacked": 10**12} if unpack else {}
    source = FileSource(samples, "B", layers, **more)
    started = time.perf_counter()
    source.prepare(lambda done, total: None)
    preparing = time.perf_counter() - started
    crops, digest = Crops(source, recipe, 0), hashlib.sha256()
    for position in range(len(samples)):  # fill the disk's cache
        for tensor in crops[position].values():
            digest.update(tensor.numpy().tobytes())
    position, started, worked = 0, time.perf_counter(), time.process_time()
    while (spent := time.perf_counter() - started) < seconds:
        crops[position]
        position += 1
    return {
        "items_per_second": position / spent,
        "items_per_processor_second": position / (time.process_time() - worked),
        "preparing": preparing,
        "sha256": digest.hexdigest(),
    }


def main() -> None:
    """Make or read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["make", "read"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--recipe", default="p3mnet-r34")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--unpack", action="store_true")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    if args.what == "make":
        make(args.folder, args.count)
    else:
        print(json.dumps(read(args.folder, args.recipe, args.seconds, args.unpack)))


if __name__ == "__main__":
    main()

"""Compare the crops of the official code, of another version of p3mbench, and of this one.

``python benchmarks/training/crops.py --goldens SHARED/golden/training/crops --old PYTHON`` draws
1,000 crops per image and method family with both versions and writes results/training_crops.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.regions import trimap_from_alpha
from p3mbench.registry import find
from p3mbench.training.recipe import training_of

ROOT = Path(__file__).resolve().parents[2]
METHODS = {"p3m": "p3mnet-r34", "gfm": "gfm-r34", "centre": "gca", "uniform": "shm"}
UNKNOWN = 128
Alpha = npt.NDArray[np.uint8]
ABOUT = """# Crops: official, before, now

Made by `benchmarks/training/crops.py`: {draws} crops per image and version of the papers' recipes
(GFM's kernel 25 in all); official: 4,000 through the authors' loader, from the training goldens,
with standard errors where they are known. "Pressed" is the share of crops whose corner is in the
last row or column that the official code allows, or beyond; "on unknown" is the share of corners on
a pixel that is 128 in the trimap (P3M) or in the alpha (GFM). A test in `tests/training/`
checks that every fact is within four standard errors of the golden.

| rule | image | version | pressed | on unknown | sizes | corner row, median | column, median |
| --- | --- | --- | --: | --: | --- | --: | --: |
"""
RULES = """
`centre` (GCA) and `uniform` (SHM) have no goldens. For them, "pressed" is the share of crops that
touch the lower or the right border of the image.

* **P3M-Net, BASIC** (official loader, golden): in half of the samples, the corner is an unknown
  pixel of the trimap. The same here.
* **GFM** (official loader, golden): in half of the samples, the corner is a pixel whose alpha is
  128. The same here.
* **GCA, MatteFormer, ViTMatte** (official loaders, compared by reading): the centre is an unknown
  pixel around which the crop fits, on every fourth row and column. If there are fewer than ten such
  pixels, the crop is taken anywhere. Here all rows and columns count, and the crop is taken
  anywhere only if there is no such pixel. We do not apply their affine transformations or GCA's
  enlarging of small images.
* **IndexNet** (official loader, by reading): the same; if there is no such pixel, any unknown pixel
  is taken and the crop is moved into the image. Sizes that do not fit are not drawn. Here a crop is
  never moved, and a size that does not fit becomes the whole shorter side.
* **DIM** (mmagic, by reading): like IndexNet, but small images are enlarged. Here like IndexNet.
* **AlphaGAN** (CDOTAD's loader, by reading: it uses crops made by another script), **FBA,
  LF, HATT** (no training code): like DIM.
* **SHM, MODNet** (nothing published): anywhere within the image.

Our rules never move a crop or cut it at a border. If a size does not fit, the recipe's fallback
(512 for P3M, 320 for GFM) replaces it. If that does not fit either, as on `mini`'s 256x192, the
largest crop that fits is taken and enlarged. The official code fails there.

Items per second of one loader process, before and now: [speed/loading.md](speed/loading.md).
"""


def alpha_of(goldens: Path, number: int) -> Alpha:
    """Read an alpha of the goldens, (H, W) uint8."""
    alpha = cv2.imread(str(goldens / f"alpha_{number}.png"), cv2.IMREAD_UNCHANGED)
    return np.asarray(alpha, np.uint8)


def draw(folder: Path, draws: int) -> dict[str, Any]:
    """Draw crops with the installed version: (kernel, rows, top, left) by family and image."""
    found: dict[str, Any] = {}
    for family, name in METHODS.items():
        method = next(entry.method for entry in find() if entry.name == name)
        assert method is not None  # noqa: S101 - the names are those of built-in methods
        recipe = training_of(method).recipe("paper")
        kernels = (25, 25) if family == "gfm" else recipe.kernels
        for number in range(1, 5):
            alpha = alpha_of(folder, number)
            rng = np.random.default_rng(number)
            trimap = cache(lambda kernel, alpha=alpha: trimap_from_alpha(alpha, kernel))
            crops = []
            for _ in range(draws):
                kernel = int(rng.integers(kernels[0], kernels[1] + 1))
                crops.append((kernel, *place(alpha, trimap, kernel, recipe, rng)))
            found[f"{family} {number}"] = crops
    return found


def place(
    alpha: Alpha, trimap: Any, kernel: int, recipe: Any, rng: np.random.Generator
) -> tuple[int, int, int]:
    """Return (rows, top, left) of a crop, by the API of the installed version."""
    try:
        from p3mbench.training.crops import steering_of
        from p3mbench.training.placing import place_crop
    except ImportError:
        older: Any = import_module("p3mbench.training.crops")  # its functions in 94c99ff
        choice = int(rng.integers(len(recipe.crops)))
        sides = older.crop_sides(alpha.shape, recipe, choice)
        return sides[0], *older.crop_corner(trimap(kernel), sides, recipe.crop_rule, rng)
    made = place_crop(alpha.shape, steering_of(recipe, alpha, kernel), recipe, rng)
    return made.rows, made.top, made.left


def facts(family: str, alpha: Alpha, crops: list[list[int]]) -> list[str]:
    """Cells of a table."""
    kernel, rows, top, left = np.array(crops).T
    height, width = alpha.shape
    edge = 1 if family in ("p3m", "gfm") else 0
    pressed = (top >= height - rows - edge) | (left >= width - rows - edge)
    trimap = cache(lambda kernel: trimap_from_alpha(alpha, kernel))
    planes = [alpha if family == "gfm" else trimap(int(k)) for k in kernel]
    unknown = [plane[y, x] == UNKNOWN for plane, y, x in zip(planes, top, left, strict=True)]
    sizes = {int(size): float(np.mean(rows == size)) for size in sorted(set(rows))}
    cells = [share(float(np.mean(hit)), len(crops)) for hit in (pressed, unknown)]
    cells.append(", ".join(f"{size} {part:.0%}" for size, part in sizes.items()))
    return [*cells, f"{np.median(top):.0f}", f"{np.median(left):.0f}"]


def share(value: float, draws: int) -> str:
    """Format a share in per cent with its standard error."""
    return f"{value:.1%} ± {np.sqrt(value * (1 - value) / draws):.1%}"


def official(family: str, case: dict[str, Any]) -> list[str]:
    """Make the cells of a table from the goldens."""
    all_sizes = case["all_sizes"]
    steering = "alpha_equal_128" if family == "gfm" else "unknown_trimap_pixel"
    names = ("at_last_row_or_column", f"corner_on_{steering}")
    cells = [f"{all_sizes[n]['value']:.1%} ± {all_sizes[n]['se']:.1%}" for n in names]
    sizes = case["crop_size_probability"].items()
    cells.append(", ".join(f"{size} {p['value']:.0%}" for size, p in sizes))
    medians = (all_sizes[name]["quantiles"][2] for name in ("corner_y", "corner_x"))
    return [*cells, *(f"{value:.0f}" for value in medians)]


def main() -> None:
    """Draw crops with both versions and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--goldens", type=Path, required=True)
    parser.add_argument("--old", type=Path, help="the Python of another version")
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--only-draw", action="store_true", help="print this version's as JSON")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "training_crops.md")
    args = parser.parse_args()
    if args.only_draw:
        sys.stdout.write(json.dumps(draw(args.goldens, args.draws)))
        return
    versions = {}
    for name, python in (("before", args.old), ("now", sys.executable)):
        if python:
            plain = [str(python), __file__, "--goldens", str(args.goldens), "--only-draw"]
            command = [*plain, "--draws", str(args.draws)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
            versions[name] = json.loads(done.stdout)
    expected = json.loads((args.goldens / "expected.json").read_text(encoding="utf-8"))
    text = ABOUT.format(draws=f"{args.draws:,}")
    for family in METHODS:
        for number in range(1, 5):
            alpha = alpha_of(args.goldens, number)
            image = f"{number}: {alpha.shape[0]}x{alpha.shape[1]}"
            rows = {}
            if family in expected:
                rows["official"] = official(family, expected[family][number - 1])
            for name, crops in versions.items():
                rows[name] = facts(family, alpha, crops[f"{family} {number}"])
            for name, cells in rows.items():
                text += f"| {family} | {image} | {name} | {' | '.join(cells)} |\n"
    args.out.write_text(text + RULES, encoding="utf-8")


if __name__ == "__main__":
    main()

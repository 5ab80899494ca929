"""Our crops against 4,000 of the official ones per image: shares, quantiles, sizes, the fallback.

``crops/expected.json`` of the training goldens has the facts with standard errors. The alphas are
made here by the recipe in its README, so that the facts below can be tested without that folder.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from p3mbench.images import UInt8Array
from p3mbench.regions import trimap_from_alpha
from p3mbench.registry import find
from p3mbench.training.crops import steering_of
from p3mbench.training.placing import CropPlace, place_crop
from p3mbench.training.recipe import Recipe, training_of

DRAWS, ERRORS = 1000, 4
METHODS = {"p3m": "p3mnet-r34", "gfm": "gfm-r34"}
SHAPES = {7001: (1620, 1080), 7002: (1620, 1080), 7003: (1080, 1620), 7004: (960, 720)}
CHECKSUMS = {7001: 1084022792, 7002: 4131494337, 7003: 4204830143, 7004: 3660623772}
# Share of official crops in the last row or column of allowed corners, with its standard error.
PRESSED = {
    ("p3m", 7001): (0.05225, 0.0035),
    ("p3m", 7002): (0.0215, 0.0023),
    ("p3m", 7003): (0.009, 0.0015),
    ("p3m", 7004): (0.0275, 0.0026),
    ("gfm", 7001): (0.00775, 0.0014),
    ("gfm", 7004): (0.006, 0.0012),
}


@cache
def alpha_of(seed: int) -> UInt8Array:
    """The README's alpha: a soft ellipse with noise in its edge."""
    (height, width), rng = SHAPES[seed], np.random.default_rng(seed)
    y, x = (0.55 + 0.1 * rng.random()) * height, (0.4 + 0.2 * rng.random()) * width
    a, b = (0.32 + 0.08 * rng.random()) * height, (0.22 + 0.06 * rng.random()) * width
    edge = 12 + 12 * rng.random()
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    rho = np.sqrt(((rows - y) / a) ** 2 + ((columns - x) / b) ** 2)
    alpha = 0.5 + (1 - rho) * min(a, b) / (2 * edge)
    soft = (alpha > 0) & (alpha < 1)
    alpha[soft] += 0.15 * rng.standard_normal(alpha.shape)[soft]
    return np.rint(np.clip(alpha, 0, 1) * 255).astype(np.uint8)


@pytest.mark.parametrize("seed", SHAPES)
def test_alphas_are_those_of_the_goldens(seed: int) -> None:
    assert zlib.crc32(alpha_of(seed).tobytes()) == CHECKSUMS[seed]


@cache
def recipe_of(family: str) -> Recipe:
    method = next(e.method for e in find() if e.name == METHODS[family])
    assert method is not None
    recipe = training_of(method).recipe("paper")
    # what kernel GFM draws trimaps with is another test's matter
    return replace(recipe, kernels=(25, 25)) if family == "gfm" else recipe


@dataclass(frozen=True)
class Drawn:
    """One crop, and the kernel of its trimap."""

    place: CropPlace
    kernel: int


@cache
def drawn(family: str, seed: int) -> tuple[Drawn, ...]:
    alpha, recipe, rng = alpha_of(seed), recipe_of(family), np.random.default_rng(seed + 1)
    made = []
    for _ in range(DRAWS):
        kernel = int(rng.integers(recipe.kernels[0], recipe.kernels[1] + 1))
        pixels = steering_of(recipe, alpha, kernel)
        made.append(Drawn(place_crop(SHAPES[seed], pixels, recipe, rng), kernel))
    return tuple(made)


@cache
def trimap_of(seed: int, kernel: int) -> UInt8Array:
    return trimap_from_alpha(alpha_of(seed), kernel)


def share(crops: list[Drawn], holds: Callable[[Drawn], bool]) -> tuple[float, float]:
    """The share of crops of which something holds, and its standard error (of at least one)."""
    p = float(np.mean([holds(crop) for crop in crops]))
    cautious = (p * len(crops) + 1) / (len(crops) + 2)
    return p, float(np.sqrt(cautious * (1 - cautious) / len(crops)))


def agree(what: str, ours: tuple[float, float], official: tuple[float, float]) -> str:
    """An empty string, or what disagrees."""
    limit = ERRORS * float(np.hypot(ours[1], official[1])) + 1e-9
    if abs(ours[0] - official[0]) <= limit:
        return ""
    return f"{what}: {ours[0]:.4f}, official {official[0]:.4f}, may differ by {limit:.4f}"


def facts_of(crops: list[Drawn], seed: int) -> Iterator[tuple[str, tuple[float, float]]]:
    height, width = SHAPES[seed]
    alpha = alpha_of(seed)

    def row(c: Drawn) -> bool:
        return c.place.top >= height - c.place.rows - 1

    def column(c: Drawn) -> bool:
        return c.place.left >= width - c.place.columns - 1

    yield "at_last_row_of_allowed_corners", share(crops, row)
    yield "at_last_column_of_allowed_corners", share(crops, column)
    yield "at_last_row_or_column", share(crops, lambda c: row(c) or column(c))
    yield "flipped", share(crops, lambda c: c.place.flip)
    yield (
        "corner_on_alpha_equal_128",
        share(crops, lambda c: alpha[c.place.top, c.place.left] == 128),
    )
    yield (
        "corner_on_unknown_trimap_pixel",
        share(crops, lambda c: trimap_of(seed, c.kernel)[c.place.top, c.place.left] == 128),
    )


def differing(crops: list[Drawn], seed: int, official: dict[str, Any]) -> Iterator[str]:
    """What disagrees of some crops with the official facts of as many."""
    known = {"draws", "corner_y", "corner_x", "crop_leaves_the_image", "unknown_share_in_crop"}
    for name, ours in facts_of(crops, seed):
        known.add(name)
        theirs = official[name]["value"], _at_least_one(official[name], official["draws"])
        yield agree(name, ours, theirs)
    assert set(official) == known, "a fact that this test does not know"
    for axis, name in (("top", "corner_y"), ("left", "corner_x")):
        values, theirs = np.array([getattr(c.place, axis) for c in crops]), official[name]
        error = values.std() / np.sqrt(len(values))
        yield agree(name, (values.mean(), error), (theirs["mean"], theirs["mean_se"]))
        for percent, value, se in zip(
            theirs["quantiles_percent"], theirs["quantiles"], theirs["quantiles_se"], strict=True
        ):
            mine = np.percentile(values, percent), _quantile_error(values, percent)
            yield agree(f"{name} at {percent} %", mine, (value, max(se, 0.5)))
    cut = [float((c.place.of(trimap_of(seed, c.kernel)) == 128).mean()) for c in crops[:300]]
    theirs = official["unknown_share_in_crop"]
    error = np.std(cut) / np.sqrt(len(cut))
    yield agree("unknown_share_in_crop", (np.mean(cut), error), (theirs["mean"], theirs["se"]))


def _at_least_one(fact: dict[str, float], draws: int) -> float:
    """The standard error of a share; of one that is 0 or 1, as if one draw were otherwise."""
    return max(fact["se"], 1 / draws)


def _quantile_error(values: Any, percent: float) -> float:
    """By 200 bootstrap samples, as the goldens have it; at least half a pixel."""
    rng = np.random.default_rng(0)
    samples = values[rng.integers(len(values), size=(200, len(values)))]
    return max(0.5, float(np.percentile(samples, percent, axis=1).std()))


@pytest.mark.parametrize("family", METHODS)
@pytest.mark.parametrize(
    "number", [pytest.param(n, marks=pytest.mark.slow if n else ()) for n in range(4)]
)
def test_our_crops_are_distributed_as_the_official_ones(
    shared: Path, family: str, number: int
) -> None:
    expected = json.loads((shared / "golden" / "training" / "crops" / "expected.json").read_text())
    case = expected[family][number]
    seed = case["alpha_seed"]
    assert zlib.crc32(alpha_of(seed).tobytes()) == case["crc32_of_alpha_bytes"]
    crops = list(drawn(family, seed))
    wrong = list(differing(crops, seed, case["all_sizes"]))
    sizes = {str(c.place.rows) for c in crops}
    assert sizes == set(case["by_size"]), "sizes that the official code does not crop"
    for size, probability in case["crop_size_probability"].items():
        of_size = [c for c in crops if str(c.place.rows) == size]
        ours = share(crops, lambda c, size=size: str(c.place.rows) == size)  # type: ignore[misc]
        theirs = probability["value"], _at_least_one(probability, 4000)
        wrong.append(agree(f"share of size {size}", ours, theirs))
        of_this_size = differing(of_size, seed, case["by_size"][size])
        wrong += [f"size {size}, {what}" for what in of_this_size if what]
    assert not [what for what in wrong if what]


@pytest.mark.parametrize(("family", "seed"), PRESSED)
def test_few_crops_are_pressed_to_the_border(family: str, seed: int) -> None:
    (height, width), crops = SHAPES[seed], list(drawn(family, seed))
    ours = share(
        crops,
        lambda c: (
            c.place.top >= height - c.place.rows - 1 or c.place.left >= width - c.place.columns - 1
        ),
    )
    assert not agree("pressed", ours, PRESSED[family, seed])


def test_what_does_not_fit_becomes_the_fallback() -> None:
    assert {c.place.rows for c in drawn("p3m", 7004)} == {512}
    sizes = [c.place.rows for c in drawn("gfm", 7004)]
    assert set(sizes) == {320, 640}
    assert sizes.count(320) / DRAWS == pytest.approx(2 / 3, abs=0.06)
    assert {c.place.rows for c in drawn("gfm", 7001)} == {320, 640, 960}

"""Fabrics: folds, patterns, and pieces of cloth sewn on a body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from p3mbench.data.portraits.look import Appearance
from p3mbench.data.portraits.paint import Layers, Lit, noise, polygons
from p3mbench.data.portraits.surface import (
    Float,
    Light,
    Material,
    Points,
    Pose,
    Relief,
    blur,
    inflate,
)

CLOTH = Material(wrap=(0.2, 0.2, 0.2), gloss=0.012, tightness=6.0, crease=1.8)
FAR = 30.0  # units; outside every image
Outline = list[tuple[float, float]]


@dataclass(frozen=True)
class Dressing:
    """The inputs of painting garments."""

    layers: Layers
    look: Appearance
    pose: Pose
    light: Light
    body: Relief

    @property
    def unit(self) -> float:
        """Pixels per unit."""
        return self.pose.unit

    def place(self, flat: Points | Outline) -> Points:
        """Project (N, 2) in body units to (N, 3), see `Pose.project`."""
        points = np.asarray(flat, np.float64) - (0, 0.44)  # outlines are drawn for a longer neck
        return self.pose.project(np.column_stack([points, np.full(len(points), 0.3)]))

    def area(self, *shapes: Outline | Points) -> Float:
        """Return the coverage of outlines in body units."""
        return polygons([self.place(s) for s in shapes], self.pose.shape)


def folded(stage: Dressing, colour: Float, seed: int) -> tuple[Float, Float]:
    """Return albedo (H, W, 3) and height (H, W) of the folded fabric."""
    rng = np.random.default_rng([stage.look.seed, seed])
    x, y = stage.pose.grid()
    shape = stage.pose.shape
    ridges = noise(rng, shape, (5, 9), 2)
    drape = 0.075 * np.exp(-np.square(ridges * 1.6)) + 0.03 * noise(rng, shape, (7, 6), 2)
    diagonal = np.abs(x) * 1.1 - y + 0.4 * noise(rng, shape, (4, 4), 2)
    folds = drape + 0.02 * np.sin(diagonal * 3.6)
    height = stage.body.height + folds
    u, v = x + 0.5 * folds, y + 0.25 * stage.body.height + folds
    pattern = _pattern(stage.look.fabric, u, v, rng, shape)
    weave = 1 + 0.04 * noise(rng, shape, (150, 120), 1)
    albedo = colour + (stage.look.second - colour) * pattern[..., None]
    if stage.look.fabric == "knit":
        height = height + 0.012 * np.sin(u * 40) * np.cos(v * 26 + 2 * np.sin(u * 40))
    return albedo * weave[..., None], np.asarray(height, np.float32)


def _pattern(
    fabric: str, u: Float, v: Float, rng: np.random.Generator, shape: tuple[int, int]
) -> Float:
    period = float(rng.uniform(0.28, 0.6))
    share = float(rng.uniform(-0.3, 0.6))
    soft = 5.0
    across = 1 / (1 + np.exp(-soft * (np.sin(v * 6.283 / period) - share)))
    if fabric == "stripes":
        return np.broadcast_to(across, shape).astype(np.float32)
    if fabric == "check":
        down = 1 / (1 + np.exp(-soft * (np.sin(u * 6.283 / period) - share)))
        return np.asarray(0.42 * across + 0.42 * down, np.float32)
    if fabric == "speckle":
        return np.asarray(
            np.clip(0.18 + 0.1 * noise(rng, shape, (200, 160), 1), 0, 0.6), np.float32
        )
    return np.zeros(shape, np.float32)


def sew(stage: Dressing, colour: Float, covered: Float, depth: float = 0.16) -> None:
    """Sew on a flat piece of cloth with a rounded rim and a soft shadow around it."""
    shadow = np.roll(blur(covered, stage.unit * 0.10), round(stage.unit * 0.06), axis=0)
    stage.layers.darken(0.42 * shadow * stage.layers.alpha)
    rounded = stage.body.height + inflate(covered, stage.unit, 0.10, depth)
    stage.layers.lay(colour, rounded, covered, stage.unit, Lit(stage.light, CLOTH))

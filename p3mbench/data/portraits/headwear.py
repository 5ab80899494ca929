"""Hats."""

from __future__ import annotations

import numpy as np

from p3mbench.data.portraits.look import Appearance
from p3mbench.data.portraits.paint import Layers, Lit, cover, noise, polygons, smooth
from p3mbench.data.portraits.surface import (
    Ellipsoid,
    Float,
    Light,
    Material,
    Points,
    Pose,
    blur,
    relief,
)

FELT = Material(wrap=(0.3, 0.3, 0.3), gloss=0.01, tightness=8.0, crease=1.4)


def paint_hat(layers: Layers, look: Appearance, pose: Pose, light: Light) -> None:
    """Paint the figure's hat, if it wears one."""
    if look.hat == "none":
        return
    rng = np.random.default_rng([look.seed, 6])
    colour = look.second * (1 + 0.05 * noise(rng, pose.shape, (60, 50), 2))[..., None]
    if look.hat == "beanie":
        _beanie(layers, colour, pose, light)
    elif look.hat == "brim":
        _crown(layers, colour, pose, light, -1.02)
        _brim(layers, colour, pose, light, _ring(pose, 1.75, 0.36, -0.92))
    else:
        _crown(layers, colour, pose, light, -0.86)
        peak = [(-0.86, -0.86), (-0.7, -0.72), (0, -0.60), (0.7, -0.72), (0.86, -0.86), (0, -1.0)]
        flat = smooth(np.array(peak), 50)
        depth = 0.85 + 0.75 * np.clip((flat[:, 1] + 0.95) / 0.35, 0, 1)
        _brim(layers, colour, pose, light, pose.project(np.column_stack([flat, depth])))


def _beanie(layers: Layers, colour: Float, pose: Pose, light: Light) -> None:
    cap = relief([Ellipsoid((0, -0.62, -0.22), (1.14, 1.20, 1.24))], pose)
    x, y = pose.grid()
    ribs = 0.012 * np.sin(x * 46) * np.clip(1.2 - np.abs(x), 0, 1)
    edge = _edge(pose, -0.66)
    whole = cover(np.minimum(cap.inside, edge))
    layers.darken(0.35 * blur(cover(np.minimum(cap.inside, edge + 0.16)), pose.unit * 0.1))
    layers.lay(colour, cap.height + ribs, whole, pose.unit, Lit(light, FELT))
    cuff_inside = np.minimum(cap.inside + 0.05, np.minimum(edge + 0.04, -_edge(pose, -0.98)))
    cuff = cover(cuff_inside)
    rounded = cap.height + 0.10 * blur(cuff, pose.unit * 0.07) + 1.6 * ribs
    layers.lay(colour * 0.94, rounded, cuff, pose.unit, Lit(light, FELT))


def _edge(pose: Pose, at: float) -> Float:
    """Return values that are positive above a line around the head at height ``at``."""
    line = pose.project(np.array([(-1.2, at + 0.10, 0.2), (0, at, 1.0), (1.2, at + 0.10, 0.2)]))
    curve = np.polyfit(line[:, 0], line[:, 1], 2)
    height, width = pose.shape
    columns = np.polyval(curve, np.arange(width))
    return ((columns[None, :] - np.arange(height)[:, None]) / pose.unit).astype(np.float32)


def _crown(layers: Layers, colour: Float, pose: Pose, light: Light, at: float) -> None:
    parts = [
        Ellipsoid((0, -1.02, -0.25), (1.08, 0.80, 1.15)),
        Ellipsoid((-0.38, -1.42, -0.2), (0.56, 0.46, 0.8)),
        Ellipsoid((0.38, -1.42, -0.2), (0.56, 0.46, 0.8)),
    ]
    cap = relief(parts, pose)
    edge = _edge(pose, at)
    layers.lay(colour, cap.height, cover(np.minimum(cap.inside, edge)), pose.unit, Lit(light, FELT))
    band = cover(np.minimum(np.minimum(cap.inside + 0.01, edge), -_edge(pose, at - 0.2)))
    layers.lay(colour * 0.35, cap.height, band, pose.unit, Lit(light, FELT))


def _ring(pose: Pose, radius: float, tilt: float, at: float) -> Points:
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    x, z = radius * np.sin(turn), radius * 0.95 * np.cos(turn) - 0.2
    y = at + tilt * 0.45 * np.cos(turn) - 0.10 * (x / radius) ** 2
    return pose.project(np.stack([x, y, z], axis=-1))


def _brim(layers: Layers, colour: Float, pose: Pose, light: Light, outline: Points) -> None:
    shape = polygons([outline], pose.shape)
    below = polygons([outline + (0, pose.unit * 0.28, 0)], pose.shape)
    layers.darken(0.5 * blur(below, pose.unit * 0.12))
    top = outline[:, 1].min()
    slope = (np.arange(pose.shape[0], dtype=np.float32) - np.float32(top)) / pose.unit
    height = 0.5 * blur(shape, pose.unit * 0.05) + 0.3 * slope[:, None].astype(np.float32)
    layers.lay(colour, height, shape, pose.unit, Lit(light, FELT))

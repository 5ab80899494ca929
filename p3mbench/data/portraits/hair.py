"""Hair: strands that grow from a scalp, bend under gravity and stay off the face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from p3mbench.data.portraits.look import Appearance
from p3mbench.data.portraits.paint import Layers, Lit, Plate, coverage, plate, strokes
from p3mbench.data.portraits.surface import (
    Float,
    Light,
    Material,
    Points,
    Pose,
    inflate,
)

CENTRE = np.array([0.0, -0.44, -0.26])
RADII = np.array([1.03, 1.10, 1.18])
GLOSSY = Material(wrap=(0.15, 0.15, 0.15), gloss=0.05, tightness=12.0, crease=1.6)


@dataclass(frozen=True)
class Cut:
    """A hairstyle. Lengths are in units.

    Attributes:
        count: number of strands.
        steps: number of points of a strand.
        length, spread: mean length and relative spread.
        thickness: thickness of a strand.
        lift: distance of the hair from the scalp.
        gravity: how fast strands turn down.
        comb: (x, y, z) direction of combing; x is mirrored with the parting.
        wave, curl: amplitude of waves and of curls.
        line: y of the hairline in the middle of the forehead.
        over_face: whether strands may cover the forehead.
        loose: number of flying strands.
    """

    count: int
    steps: int
    length: float
    spread: float = 0.25
    thickness: float = 0.035
    lift: float = 0.10
    gravity: float = 0.0
    comb: tuple[float, float, float] = (0.0, 0.0, 0.0)
    wave: float = 0.0
    curl: float = 0.0
    line: float = -0.86
    over_face: bool = False
    loose: int = 60


CUTS = {
    "short": Cut(1500, 6, 0.40, lift=0.12, comb=(0.5, -0.2, 0.2), loose=50),
    "swept": Cut(1200, 8, 0.75, lift=0.20, comb=(1.2, -0.7, -0.4), line=-0.9),
    "buzz": Cut(1500, 3, 0.12, lift=0.03, thickness=0.03, loose=0),
    "long": Cut(620, 22, 3.6, lift=0.13, gravity=0.9, line=-0.95, loose=90),
    "wavy": Cut(620, 24, 3.4, lift=0.18, gravity=0.8, wave=0.10, line=-0.95, loose=110),
    "bob": Cut(620, 18, 2.2, lift=0.16, gravity=0.9, spread=0.06, loose=70),
    "bangs": Cut(640, 20, 3.2, lift=0.13, gravity=0.9, over_face=True, loose=80),
    "curly": Cut(560, 34, 1.8, lift=0.28, gravity=0.5, curl=0.09, spread=0.3, loose=110),
    "afro": Cut(1100, 9, 0.75, lift=0.55, curl=0.07, thickness=0.03, loose=150),
    "bun": Cut(900, 9, 0.95, lift=0.04, comb=(0.0, -1.2, -0.9), loose=70),
}


@dataclass(frozen=True)
class Hair:
    """Hair behind and in front of the head, each a coverage and a texture (H, W) in [0, 1]."""

    back: tuple[Float, Float]
    front: tuple[Float, Float]
    loose: Float


def grow(look: Appearance, pose: Pose) -> Hair | None:
    """Grow and draw the hair of a figure; None if it is bald."""
    if look.style == "bald":
        return None
    cut = CUTS[look.style]
    rng = np.random.default_rng([look.seed, 4])
    roots = _roots(cut, look, rng)
    strands = _strands(roots, cut, look, rng)
    scalp = strands[:, :2]
    strands = strands[~_crosses_face(strands, cut)]
    if look.style == "bun":
        strands = np.concatenate([strands, _bun(look, rng, strands.shape[1])])
    if look.hat in ("beanie", "brim", "cap"):
        strands, scalp = (s[s[:, 0, 1] > -1.05] for s in (strands, scalp))
    flying = _flying(strands, cut, rng)
    flying = flying[~_crosses_face(flying, cut, -9.0)]
    x, y, z = np.moveaxis(strands, 2, 0)
    behind = (z.mean(axis=1) < -0.30) | ((np.abs(x) < 0.84) & (y > -0.55) & (z < 0.1)).any(axis=1)
    projected = pose.project(strands)
    order = np.argsort(projected[:, :, 2].mean(axis=1), kind="stable")
    values = np.clip(150 + 42 * rng.standard_normal(len(strands)), 60, 255).astype(int)
    back, front = order[behind[order]], order[~behind[order]]
    thick = cut.thickness * pose.unit
    facing = front[projected[front][:, :, 2].max(axis=1) > -0.75]
    return Hair(
        back=_drawn(projected[back], values[back], thick, pose),
        front=_drawn(projected[facing], values[facing], thick, pose, scalp),
        loose=_fine(pose.project(flying), pose),
    )


def _drawn(
    lines: Points,
    values: npt.NDArray[np.int_],
    thickness: float,
    pose: Pose,
    scalp: Points | None = None,
) -> tuple[Float, Float]:
    target = plate(pose.shape)
    half = max(2, lines.shape[1] // 2)
    if scalp is not None:  # no skin may show through
        roots = pose.project(scalp)
        strokes(target, roots[scalp[:, 0, 1] < -1.05], 84, 0.24 * pose.unit)
        strokes(
            target, roots[(roots[:, 0, 2] > -0.5) & (scalp[:, 0, 1] < -0.45)], 84, 0.16 * pose.unit
        )
    strokes(target, lines[:, :half], 84, thickness * 2)
    strokes(target, lines[:, : half + 1], values, thickness)
    strokes(target, lines[:, half:], values, thickness * 0.6)  # strands taper
    solid = np.where(target > 0, np.uint8(255), np.uint8(0))
    covered = coverage(solid, pose.shape)
    texture = coverage(target, pose.shape) / np.maximum(covered, 1e-3)
    return covered, np.asarray(texture, np.float32)


def _fine(lines: Points, pose: Pose) -> Float:
    target: Plate = plate(pose.shape)
    strokes(target, lines, 255, 0.012 * pose.unit)
    return coverage(target, pose.shape)


def _roots(cut: Cut, look: Appearance, rng: np.random.Generator) -> Points:
    """Return (N, 3) points of the scalp with hair."""
    found = rng.standard_normal((cut.count * 4, 3))
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    points = CENTRE + RADII * found
    x, y, z = points.T
    front = np.clip((z + 0.30) / 0.55, 0, 1)
    front = front * front * (3 - 2 * front)
    peak = cut.line + 0.10 * np.clip(np.abs(x + 0.15 * look.side) / 0.6, 0, 1.2) ** 2
    ragged = 0.05 * rng.standard_normal(len(x))
    line = (1 - front) * (0.10 + 0.8 * np.clip(-z - 0.2, 0, 1)) + front * peak + ragged
    return np.asarray(points[y < line][: cut.count], np.float64)


def _strands(roots: Points, cut: Cut, look: Appearance, rng: np.random.Generator) -> Points:
    """Grow (N, steps, 3) strands step by step; push them off the scalp and off the face."""
    count, scale = len(roots), 1.0
    if cut.gravity:
        scale = look.length / 3.0 if look.style not in ("bob", "curly") else 1.0
    length = cut.length * scale * np.clip(1 + cut.spread * rng.standard_normal(count), 0.35, 1.6)
    step = (length / (cut.steps - 1))[:, None]
    parting = np.array([0.28 * look.side, -1.5, 0.1 if cut.gravity else -0.5])
    comb = np.asarray(cut.comb) * (look.side, 1, 1)
    clump = rng.integers(0, 40, count)
    phase = (rng.uniform(0, 6.3, 40)[clump] + rng.normal(0, 0.35, count))[:, None]
    own = rng.normal(0, 0.12, (count, 3)) + rng.normal(0, 0.16, (40, 3))[clump]
    lift = 1 + cut.lift * rng.uniform(0.15, 1.0, count)[:, None]
    point, path = roots.copy(), [roots]
    for index in range(1, cut.steps):
        t = index / (cut.steps - 1)
        outward = (point - CENTRE) / RADII**2
        outward /= np.linalg.norm(outward, axis=1, keepdims=True)
        way = point - parting
        way /= np.linalg.norm(way, axis=1, keepdims=True) + 1e-6
        way = way * (1 - t) ** (2 if cut.gravity else 0.5) + comb + own * (0.4 + t)
        way += outward * (1.6 if cut.lift > 0.4 else 0.05)
        way[:, 1] += cut.gravity * (0.5 + 5 * t)
        way /= np.linalg.norm(way, axis=1, keepdims=True) + 1e-6
        point = _kept_off(point + way * step, lift, cut, t)
        path.append(point)
    strands = np.stack(path, axis=1)
    along = np.linspace(0, 1, cut.steps)[None, :]
    swing = cut.wave * np.sin(9 * along + phase) * along
    strands[:, :, 0] += swing + cut.curl * np.cos(26 * along + phase) * np.sqrt(along)
    strands[:, :, 1] += cut.curl * np.sin(26 * along + phase) * np.sqrt(along)
    return strands


def _kept_off(point: Points, lift: Points, cut: Cut, t: float) -> Points:
    """Push points out of the head, and sideways out of the face."""
    inner = (point - CENTRE) / RADII
    radius = np.linalg.norm(inner, axis=1, keepdims=True)
    shell = 1 + (lift - 1) * min(1.0, 0.25 + 1.6 * t)
    lying = (radius < shell) | (cut.gravity == 0 and cut.lift < 0.4)
    point = np.where(lying, CENTRE + (point - CENTRE) * shell / radius, point)
    x, y, z = point.T
    bottom = -0.36 if cut.over_face else -0.75
    before = (z > 0.05) & (y > bottom) & (np.abs(x) < 0.98)
    if cut.gravity:
        aside = np.where(x >= 0, 1.0, -1.0) * np.maximum(np.abs(x), 0.92 + 0.08 * (lift[:, 0] - 1))
        point[:, 0] = np.where(before, np.abs(x) * 0.25 * np.sign(aside) + 0.75 * aside, x)
        point[:, 2] = np.where(before & ~_fringe(cut, x, y), z * 0.8 - 0.05, z)
    beside = (y > 0.4) & (np.abs(x) < 0.8) & (z > -0.75)
    if cut.gravity:
        point[:, 0] = np.where(beside, np.where(x >= 0, 0.84, -0.84), point[:, 0])
    return point


def _crosses_face(strands: Points, cut: Cut, deepest: float = 0.1) -> npt.NDArray[np.bool_]:
    x, y, z = np.moveaxis(strands, 2, 0)
    bottom = -0.30 if cut.over_face else -0.62
    inside = (np.abs(x) < 0.80) & (y > bottom) & (y < 1.5) & (z > deepest)
    if not cut.gravity:  # no whiskers in front of the ears
        inside |= (y > 0.20) & (z > -0.30)
    return np.asarray(inside.any(axis=1))


def _fringe(cut: Cut, x: Points, y: Points) -> npt.NDArray[np.bool_]:
    return np.asarray(cut.over_face & (np.abs(x) < 0.7) & (y < -0.3))


def _bun(look: Appearance, rng: np.random.Generator, steps: int) -> Points:
    """Wind strands around a knot on the crown."""
    count = 340
    centre = np.array([0.1 * look.side, -1.72, -0.45])
    rough = rng.normal(0, 0.015, (count, 1))
    start = rng.uniform(0, 6.3, count)[:, None]
    t = start + np.linspace(0, 2.6, steps)[None, :]
    radius = 0.44 * np.sqrt(rng.uniform(0.002, 1, count))[:, None]
    x, y = radius * np.cos(t), 0.82 * radius * np.sin(t)
    z = 0.4 * np.sqrt(np.maximum(0.2 - radius**2, 0)) + rough + 0 * t
    return np.asarray(centre + np.stack([x, y, z], axis=-1))


def _flying(strands: Points, cut: Cut, rng: np.random.Generator) -> Points:
    """Make loose strands: copies that stray from the others towards their tips."""
    if cut.loose == 0 or len(strands) == 0:
        return strands[:0]
    chosen = strands[rng.integers(0, len(strands), cut.loose)].copy()
    t = np.linspace(0, 1, strands.shape[1])[None, :, None]
    away = rng.normal(0, 1, (cut.loose, 1, 3)) * (0.22, 0.16, 0.1)
    outward = (chosen - CENTRE) * (0.16, 0.12, 0.0)
    return np.asarray(chosen + t * away + outward * rng.uniform(0, 1, (cut.loose, 1, 1)))


def beard(look: Appearance, pose: Pose) -> tuple[Float, Float] | None:
    """Return coverage and texture of a full beard; None if there is none."""
    if look.beard != "full":
        return None
    rng = np.random.default_rng([look.seed, 5])
    x, y = rng.uniform(-0.86, 0.86, 4200), rng.uniform(0.2, 1.55, 4200)
    line = (
        0.66
        + 0.12 * np.exp(-((np.abs(x) - 0.4) ** 2) / 0.02)
        - 0.75 * np.clip((np.abs(x) - 0.5) / 0.4, 0, 1)
    )
    mouth = (x / 0.33) ** 2 + ((y - 0.94) / 0.13) ** 2 < 1
    kept = (y > line + 0.03 * rng.standard_normal(4200)) & ~mouth
    kept &= (x / 0.84) ** 2 + ((y - 0.5) / 1.06) ** 2 < 1
    x, y = x[kept], y[kept]
    depth = np.sqrt(np.maximum(1 - (x / 1.0) ** 2 - ((y - 0.3) / 1.45) ** 2, 0.02))
    roots = np.stack([x, y, -0.02 + 0.95 * depth], axis=-1)
    t = np.linspace(0, 1, 5)[None, :, None]
    way = np.stack([0.12 * x, np.full_like(x, 0.16), 0.06 + 0 * x], axis=-1)
    way = (way + rng.normal(0, 0.05, way.shape)) * rng.uniform(0.5, 1.3, (len(x), 1))
    projected = pose.project(roots[:, None] + t * way[:, None])
    order = np.argsort(y, kind="stable")[::-1]
    values = np.clip(140 + 45 * rng.standard_normal(len(x)), 50, 255).astype(int)
    return _drawn(projected[order], values, 0.022 * pose.unit, pose)


def paint_hair(
    layers: Layers,
    look: Appearance,
    drawn: tuple[Float, Float],
    unit: float,
    light: Light,
    dim: float,
) -> None:
    """Light a layer of hair and paint it.

    Args:
        dim: 1 for hair in front, less for hair in the shadow of the head.
    """
    covered, texture = drawn
    height = inflate(covered, unit, 0.32, 0.9)
    strand = (0.30 + 1.15 * texture) * dim
    albedo = look.hair * strand[..., None] + 0.004
    layers.lay(albedo, height + 0.10 * texture, covered, unit, Lit(light, GLOSSY))

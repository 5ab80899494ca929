"""Clothes: garments over the body, with collars, lapels, hoods and scarves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from p3mbench.data.portraits.body import body_parts
from p3mbench.data.portraits.fabrics import CLOTH, FAR, Dressing, Outline, folded, sew
from p3mbench.data.portraits.look import Appearance
from p3mbench.data.portraits.paint import Layers, Lit, cover, linear, lines, smooth
from p3mbench.data.portraits.surface import Float, Light, Points, Pose, blur, relief

NECKLINES = {  # the right half of each, from the middle outwards
    "crew": [(0, 2.76), (0.42, 2.66), (0.76, 2.34), (1.1, 2.0)],
    "vneck": [(0, 3.55), (0.36, 2.95), (0.78, 2.32), (1.1, 2.0)],
    "tank": [(0, 3.75), (0.9, 3.4), (1.2, 2.7), (1.32, 2.0)],
}
JACKET = [(0.0, 6.2), (0.2, 5.4), (0.62, 3.5), (0.94, 2.5), (0.98, 2.0)]
LAPEL = [
    (0.96, 2.1), (1.06, 2.62), (1.18, 3.18), (0.98, 3.30), (1.20, 3.55),
    (0.10, 6.0), (0.0, 6.2), (0.2, 5.4), (0.60, 3.5), (0.92, 2.5),
]  # fmt: skip
TIE = [
    (-0.16, 2.74), (0.16, 2.74), (0.11, 3.02), (0.30, 6.4), (0, 6.9), (-0.30, 6.4), (-0.11, 3.02),
]  # fmt: skip
HOOD = [
    (0.74, 1.85), (1.08, 2.15), (1.0, 2.62), (0.5, 3.05), (0.06, 3.18), (0.10, 2.85), (0.5, 2.62),
]  # fmt: skip
ROLL = [
    (-0.78, 1.74), (0, 1.90), (0.78, 1.74), (0.88, 2.28), (0.82, 2.62), (0, 2.98),
    (-0.82, 2.62), (-0.88, 2.28),
]  # fmt: skip
SCARF_TAIL = [(-0.55, 2.8), (-0.05, 2.9), (0.05, 5.6), (-0.1, 6.6), (-0.85, 6.5), (-0.8, 4.6)]


def paint_clothes(layers: Layers, look: Appearance, pose: Pose, light: Light) -> None:
    """Dress a figure after its skin is painted."""
    parts = [
        replace(p, radii=(p.radii[0] + 0.07, p.radii[1] + 0.05, p.radii[2] + 0.07))
        for p in body_parts(look)[1:]
    ]
    stage = Dressing(layers, look, pose, light, relief(parts, pose, 7.0))
    if look.garment == "suit":
        _suit(stage)
    elif look.garment == "shirt":
        _garment(stage, look.cloth, NECKLINES["vneck"])
        _placket(stage)
        _collar(stage, look.cloth)
    elif look.garment == "turtleneck":
        _garment(stage, look.cloth, NECKLINES["crew"])
        _roll(stage, look.cloth)
    else:
        line = NECKLINES.get(look.garment, NECKLINES["crew"])
        _garment(stage, look.cloth, line)
        if look.garment != "scarf":
            _hem(stage, line)
        if look.garment == "hoodie":
            _hood(stage)
        if look.garment == "scarf":
            _scarf(stage)


def _curve(half: Outline) -> Points:
    """Mirror the right half of a line; returns the whole line from left to right."""
    left = [(-x, y) for x, y in reversed(half[1:])]
    return smooth(np.array([*left, *half]), 60, closed=False)


def _below(stage: Dressing, line: Outline) -> Float:
    """Return the coverage of everything below a neckline."""
    curve = _curve(line)
    ends = np.array([(FAR, curve[-1][1]), (FAR, FAR), (-FAR, FAR), (-FAR, curve[0][1])])
    return stage.area(np.vstack([curve, ends]))


def _garment(stage: Dressing, colour: Float, line: Outline) -> None:
    albedo, height = folded(stage, colour, 7)
    worn = cover(stage.body.inside + 0.02) * _below(stage, line)
    stage.layers.darken(0.35 * blur(worn, stage.unit * 0.07))
    if stage.look.garment == "tank":
        arms = stage.area(
            *[
                [
                    (s * x, y)
                    for x, y in [
                        (1.5, 0),
                        (1.46, 2.6),
                        (1.36, 3.3),
                        (1.38, 3.9),
                        (1.5, 4.3),
                        (1.72, 4.6),
                        (1.75, FAR),
                        (FAR, FAR),
                        (FAR, 0),
                    ]
                ]
                for s in (-1, 1)
            ]
        )
        worn = worn * (1 - arms)
    edge = 0.05 * blur(worn, stage.unit * 0.05)
    stage.layers.lay(albedo, height + edge, worn, stage.unit, Lit(stage.light, CLOTH))
    _sleeves(stage, worn)


def _sleeves(stage: Dressing, worn: Float) -> None:
    """Paint the shadow between arms and trunk."""
    seams = [
        smooth(
            np.array([(s * 1.52, 3.7), (s * 1.56, 4.6), (s * 1.62, 6.5), (s * 1.66, 9.5)]),
            20,
            False,
        )
        for s in (-1, 1)
    ]
    drawn = lines([stage.place(s) for s in seams], stage.unit * 0.10, stage.pose.shape)
    stage.layers.darken(0.62 * blur(drawn, stage.unit * 0.07) * worn)


def _hem(stage: Dressing, line: Outline) -> None:
    curve = _curve(line) + (0, 0.06)
    band = lines([stage.place(curve)], stage.unit * 0.13, stage.pose.shape)
    sew(stage, stage.look.cloth * 0.9, band * cover(stage.body.inside + 0.04), 0.08)


def _placket(stage: Dressing) -> None:
    seam = lines([stage.place([(0.10, 3.4), (0.12, 12.0)])], stage.unit * 0.03, stage.pose.shape)
    stage.layers.darken(0.45 * blur(seam, stage.unit * 0.02))
    turn = np.linspace(0, 6.283, 16)
    buttons = [
        np.column_stack([0.05 * np.cos(turn), y + 0.05 * np.sin(turn)])
        for y in (3.9, 4.9, 5.9, 6.9)
    ]
    stage.layers.over(linear(225, 222, 214) * 0.6, 0.85 * stage.area(*buttons))


def _collar(stage: Dressing, colour: Float) -> None:
    """Paint two flaps of a shirt collar, and its stand behind the neck."""
    open_ = 0.10 + 0.25 * (stage.look.seed % 7) / 7
    flaps = []
    for s in (-1, 1):
        flap = [(0.80, 2.02), (0.90, 2.40), (0.62, 3.02), (0.36, 3.20), (open_, 2.86), (0.52, 2.50)]
        flaps.append(np.array([(s * x, y) for x, y in flap]))
    sew(stage, colour * 1.03, stage.area(*flaps), 0.22)


def _suit(stage: Dressing) -> None:
    look = stage.look
    shirt = linear(226, 228, 232) if look.seed % 3 else linear(150, 172, 202)
    _garment(stage, shirt, NECKLINES["vneck"] if look.seed % 2 else NECKLINES["crew"])
    if look.seed % 2 == 0:
        sew(stage, look.second, stage.area(TIE), 0.15)
    _collar(stage, shirt)
    albedo, height = folded(stage, look.cloth * 0.7, 9)
    worn = cover(stage.body.inside + 0.05) * _below(stage, JACKET)
    stage.layers.darken(0.45 * blur(worn, stage.unit * 0.08) * stage.layers.alpha)
    stage.layers.lay(albedo, height, worn, stage.unit, Lit(stage.light, CLOTH))
    _sleeves(stage, worn)
    for s in (-1, 1):
        sew(stage, look.cloth * 0.66, stage.area([(s * x, y) for x, y in LAPEL]), 0.10)


def _hood(stage: Dressing) -> None:
    for s in (-1, 1):
        fold = smooth(np.array(HOOD), 50)
        sew(stage, stage.look.cloth, stage.area(fold * (s, 1)), 0.40)
        cord = smooth(np.array([(s * 0.28, 3.02), (s * 0.34, 3.6), (s * 0.26, 4.3)]), 20, False)
        drawn = lines([stage.place(cord)], stage.unit * 0.06, stage.pose.shape)
        stage.layers.darken(0.4 * blur(np.roll(drawn, 1, 1), 1.0))
        stage.layers.over(linear(216, 212, 204) * 0.7, drawn)


def _roll(stage: Dressing, colour: Float) -> None:
    """Paint a ribbed collar around the neck."""
    outline = smooth(np.array(ROLL), 60)
    sew(stage, colour, stage.area(outline), 0.40)
    x, _ = stage.pose.grid()
    ribs = 0.14 * (0.5 + 0.5 * np.sin(x * 34)) * stage.area(outline * (0.97, 1))
    stage.layers.darken(np.asarray(ribs, np.float32))


def _scarf(stage: Dressing) -> None:
    side = 1 if stage.look.seed % 2 else -1
    tail = smooth(np.array(SCARF_TAIL), 50) * (side, 1)
    sew(stage, stage.look.second * 0.95, stage.area(tail), 0.35)
    for y, half, thick in ((1.95, 0.92, 0.62), (2.45, 1.05, 0.70)):
        right = [(half, y - 0.28), (half + 0.16, y), (half, y + thick / 2)]
        left = [(-x, v) for x, v in reversed(right)]
        wrap = [(0, y + 0.05), *right, (0, y + thick + 0.1), *left]
        sew(stage, stage.look.second, stage.area(smooth(np.array(wrap), 60)), 0.42)

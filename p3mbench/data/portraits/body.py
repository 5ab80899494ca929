"""Shapes of heads and bodies, and the private area of faces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from p3mbench.data.portraits.look import Appearance
from p3mbench.data.portraits.surface import Ellipsoid, Points, Pose

EYE_X, EYE_Y, BROW_Y, NOSE_Y, MOUTH_Y, CHIN_Y = 0.40, 0.02, -0.30, 0.60, 0.93, 1.46


def head_parts(look: Appearance) -> list[Ellipsoid]:
    """Return the surface of the head; without features, nose and brows are slight swellings."""
    jaw, cheeks, chin = 0.05 * look.jaw, 0.04 * look.cheeks, 0.04 * look.chin
    parts = [
        Ellipsoid((0, -0.46, -0.28), (0.98, 1.04, 1.12)),  # cranium
        Ellipsoid((0, 0.10, -0.02), (0.84, 1.12, 0.94)),  # face
        Ellipsoid((0, 0.76, 0.10), (0.64 + jaw, 0.66 + chin, 0.72)),  # jaw
        Ellipsoid((0, 1.20 + chin, 0.42), (0.27 + jaw / 2, 0.25, 0.36)),  # chin
        Ellipsoid((-0.42, 0.34, 0.34), (0.40 + cheeks, 0.36, 0.42)),  # cheekbones
        Ellipsoid((0.42, 0.34, 0.34), (0.40 + cheeks, 0.36, 0.42)),
        Ellipsoid((-1.0, 0.20, -0.28), (0.13, 0.30, 0.20), 0.16),  # ears
        Ellipsoid((1.0, 0.20, -0.28), (0.13, 0.30, 0.20), -0.16),
    ]
    return parts + (_features(look) if look.features else _swellings())


def _features(look: Appearance) -> list[Ellipsoid]:
    wide, long = 0.02 * look.nose, 0.03 * look.nose
    return [
        Ellipsoid((0, 0.20, 0.86), (0.12, 0.50, 0.24)),  # bridge of the nose
        Ellipsoid((0, 0.50 + long, 1.10), (0.15 + wide, 0.14, 0.18)),  # tip
        Ellipsoid((-0.15 - wide, 0.56 + long, 0.93), (0.10, 0.09, 0.14)),  # wings
        Ellipsoid((0.15 + wide, 0.56 + long, 0.93), (0.10, 0.09, 0.14)),
        Ellipsoid((-0.34, -0.22, 0.66), (0.36, 0.14, 0.22)),  # brows
        Ellipsoid((0.34, -0.22, 0.66), (0.36, 0.14, 0.22)),
        Ellipsoid((0, 0.86, 0.80), (0.26, 0.07, 0.16)),  # lips
        Ellipsoid((0, 0.99, 0.78), (0.22, 0.08, 0.17)),
    ]


def _swellings() -> list[Ellipsoid]:
    return [
        Ellipsoid((0, 0.30, 0.60), (0.24, 0.52, 0.34)),
        Ellipsoid((0, 0.86, 0.40), (0.36, 0.30, 0.38)),
    ]


def body_parts(look: Appearance) -> list[Ellipsoid]:
    """Return neck, shoulders and chest in the body's own pose; its origin is the head's."""
    full = 0.12 * look.fullness
    half = [
        Ellipsoid((0.66, 2.00, -0.46), (0.96, 0.34, 0.42), 0.46),  # trapezius
        Ellipsoid((0.92, 2.78, -0.45), (1.34 + full, 0.60, 0.60), 0.16),  # shoulder
        Ellipsoid((1.72 + full, 3.55, -0.46), (0.62 + full / 2, 1.05, 0.56), -0.16),
        Ellipsoid((1.92 + full, 5.4, -0.50), (0.60 + full / 2, 2.4, 0.56), -0.05),  # arm
        Ellipsoid((2.02 + full, 9.0, -0.40), (0.56 + full / 2, 3.4, 0.54), -0.02),
    ]
    mirrored = [replace(p, centre=(-p.centre[0], *p.centre[1:]), tilt=-p.tilt) for p in half]
    neck = Ellipsoid((0, 1.40, -0.38), (0.56 + full * 0.7, 1.35, 0.54))
    trunk = Ellipsoid((0, 7.0, -0.42), (1.86 + full, 5.0, 0.92))
    return [neck, trunk, *half, *mirrored]


def on_face(points: Points, pose: Pose) -> Points:
    """Project flat drawings onto the face: (N, 2) in units to (N, 3), see `Pose.project`."""
    x, y = points[..., 0], points[..., 1]
    depth = 1 - (x / 1.02) ** 2 - ((y - 0.15) / 1.5) ** 2
    z = -0.06 + 1.0 * np.sqrt(np.maximum(depth, 0.02))
    return pose.project(np.stack([x, y, z], axis=-1))


def private_outline(look: Appearance) -> Points:
    """Return the outline of P3M's private area over eyebrows, cheeks and jaw, (N, 2) in units."""
    jaw = 0.05 * look.jaw
    half = [
        (0.10, BROW_Y - 0.10), (0.45, BROW_Y - 0.18), (0.74, BROW_Y - 0.10), (0.84, 0.02),
        (0.83, 0.35), (0.74 + jaw / 2, 0.80), (0.54 + jaw, 1.18), (0.28 + jaw, 1.41),
    ]  # fmt: skip
    left = [(-x, y) for x, y in reversed(half)]
    return np.array([*half, (0.0, CHIN_Y + 0.03 * look.chin), *left])

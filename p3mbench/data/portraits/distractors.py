"""Things with the colour and roundness of people: balls, vases, and posters of heads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from p3mbench.data.portraits.look import SKINS, Appearance, Casting, as_drawn, draw_look
from p3mbench.data.portraits.paint import Layers, Lit, cover, linear, noise, polygons
from p3mbench.data.portraits.person import SKIN, DrawnFigure, Stand, draw_figure
from p3mbench.data.portraits.surface import Ellipsoid, Light, Pose, relief, rotation

STRAIGHT = rotation(0, 0, 0)


def draw_thing(rng: np.random.Generator, light: Light, shape: tuple[int, int]) -> DrawnFigure:
    """Draw a ball or a vase with the colour of skin, low in the image."""
    height, width = shape
    unit = height * float(rng.uniform(0.05, 0.10))
    origin = (width * float(rng.uniform(0.05, 0.95)), height * float(rng.uniform(0.45, 0.9)))
    pose = Pose(origin, unit, STRAIGHT, shape)
    parts = [Ellipsoid((0, 0, 0), (1.0, 1.0, 1.0))]
    if rng.random() < 0.6:
        parts = [
            Ellipsoid((0, 0.5, 0), (0.9, 1.25, 0.9)),
            Ellipsoid((0, -0.8, 0), (0.36, 0.9, 0.36)),
            Ellipsoid((0, -1.62, 0), (0.56, 0.12, 0.5)),
        ]
    solid = relief(parts, pose, 9.0)
    skin = linear(*SKINS[int(rng.integers(len(SKINS)))])
    glaze = skin * (1 + 0.05 * noise(rng, shape, (20, 15), 3))[..., None]
    layers = Layers.empty(shape)
    layers.lay(glaze, solid.height, cover(solid.inside), unit, Lit(light, SKIN))
    return DrawnFigure(layers.colour, layers.alpha, np.zeros(shape, np.float32))


def draw_poster(
    rng: np.random.Generator,
    light: Light,
    shape: tuple[int, int],
    shown: Appearance | None = None,
    cast: Casting = as_drawn,
) -> DrawnFigure:
    """Draw a framed picture of the head of ``shown``, or of a head without a face."""
    height, width = shape
    half = height * float(rng.uniform(0.10, 0.16))
    x, y = width * float(rng.uniform(0.1, 0.9)), height * float(rng.uniform(0.12, 0.4))
    corners = np.array([(-0.8, -1.0), (0.8, -1.0), (0.8, 1.0), (-0.8, 1.0)]) * half + (x, y)
    outer = polygons([(corners - (x, y)) * 1.1 + (x, y)], shape)
    inner = polygons([corners], shape)
    paper = linear(*rng.uniform(90, 230, 3))
    look = cast(replace(shown or draw_look(rng, features=False), yaw=0.0))
    head = draw_figure(look, Stand(x, y - 0.05 * half, half * 0.30), light, shape)
    layers = Layers.empty(shape)
    layers.over(linear(*rng.uniform(20, 90, 3)), outer)
    layers.over(paper * 0.7, inner)
    portrayed = 0.8 * head.colour / np.maximum(head.alpha, 1e-3)[..., None]
    layers.over(portrayed, head.alpha * inner)
    return DrawnFigure(layers.colour, layers.alpha, np.asarray(head.face * inner, np.float32))

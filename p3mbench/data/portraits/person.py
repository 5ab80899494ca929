"""Draw figures, people and mannequins, from back to front."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from p3mbench.data.portraits.body import body_parts, head_parts, on_face, private_outline
from p3mbench.data.portraits.clothes import paint_clothes
from p3mbench.data.portraits.face import paint_features, paint_glasses, skin_albedo
from p3mbench.data.portraits.hair import beard, grow, paint_hair
from p3mbench.data.portraits.headwear import paint_hat
from p3mbench.data.portraits.look import Appearance
from p3mbench.data.portraits.paint import Layers, Lit, cover, polygons, smooth
from p3mbench.data.portraits.surface import (
    Float,
    Light,
    Material,
    Pose,
    blur,
    relief,
    rotation,
    shade,
)

SKIN = Material(wrap=(0.42, 0.24, 0.18), gloss=0.035, tightness=14.0, crease=1.5)


@dataclass(frozen=True)
class Stand:
    """The place of a figure: centre (x, y) and half width of its head, in pixels."""

    x: float
    y: float
    unit: float


@dataclass(frozen=True)
class DrawnFigure:
    """A figure without a background.

    Attributes:
        colour: (H, W, 3) linear, premultiplied.
        alpha: (H, W) in [0, 1].
        face: (H, W) in [0, 1], coverage of the private area; a mannequin has one too, without
            features.
    """

    colour: Float
    alpha: Float
    face: Float


def draw_figure(
    look: Appearance, place: Stand, light: Light, shape: tuple[int, int]
) -> DrawnFigure:
    """Draw a person, or a mannequin, on an (H, W) image."""
    whole = Pose((place.x, place.y), place.unit, rotation(0, 0, 0), shape)
    box = whole.around(-3.4, -3.0, 3.4, 40.0)
    frame = whole.window(*box)
    head = replace(frame, turn=rotation(look.yaw, look.pitch, look.roll))
    body = replace(frame, turn=rotation(0.3 * look.yaw, 0, look.lean))
    layers = Layers.empty(frame.shape)
    hair = grow(look, head)
    if hair is not None:
        paint_hair(layers, look, hair.back, place.unit, light, 0.62)
    inside = _skin(layers, look, head, body, light)
    if hair is not None:
        paint_hair(layers, look, hair.front, place.unit, light, 1.0)
    paint_hat(layers, look, head, light)
    if hair is not None:
        layers.over(look.hair * 1.1 + 0.01, 0.75 * hair.loose)
    lens = 0.42 * shape[0] / 256  # no camera is sharper
    alpha = np.clip((blur(layers.alpha, lens) - 0.01) / 0.975, 0, 1).astype(np.float32)
    layers = Layers(blur(layers.colour, lens), blur(layers.alpha, lens))
    figure = DrawnFigure(*(np.zeros((*shape, *rest), np.float32) for rest in ((3,), (), ())))
    figure.colour[box] = layers.behind() * alpha[..., None]
    figure.alpha[box] = alpha
    outline = on_face(smooth(private_outline(look), 80), head)
    figure.face[box] = polygons([outline], frame.shape) * inside
    return figure


def _skin(layers: Layers, look: Appearance, head: Pose, body: Pose, light: Light) -> Float:
    """Paint body, clothes, head and face; return the coverage of the head."""
    unit = head.unit
    torso = relief(body_parts(look), body, 8.0)
    layers.lay(skin_albedo(look, head), torso.height, cover(torso.inside), unit, Lit(light, SKIN))
    near = head.around(-1.7, -2.2, 1.7, 2.2)
    head = head.window(*near)
    face = relief(head_parts(look), head, 11.0)
    inside = np.zeros_like(layers.alpha)
    inside[near] = cover(face.inside)
    drop = np.array([[1, 0, -0.22 * unit * light.key[0]], [0, 1, 0.42 * unit]])
    layers.darken(0.55 * _moved(blur(inside, unit * 0.14), drop) * layers.alpha)
    paint_clothes(layers, look, body, light)
    part, within = layers.part(*near), inside[near]
    white = shade(np.ones((*head.shape, 3), np.float32), face.height, unit, light, SKIN)
    part.over(skin_albedo(look, head) * white, within)
    if look.features:
        paint_features(part, look, head, white, within)
    whiskers = beard(look, head)
    if whiskers is not None:
        paint_hair(part, look, whiskers, unit, light, 0.85)
    if look.glasses:
        paint_glasses(part, look, head)
    return inside


def _moved(field: Float, matrix: Float) -> Float:
    return np.asarray(cv2.warpAffine(field, matrix, field.shape[::-1]), np.float32)

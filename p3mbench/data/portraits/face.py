"""Faces: skin with its colours, eyes, brows, mouth, stubble and glasses."""

from __future__ import annotations

import numpy as np

from p3mbench.data.portraits.body import BROW_Y, EYE_X, EYE_Y, MOUTH_Y, NOSE_Y, on_face
from p3mbench.data.portraits.look import Appearance
from p3mbench.data.portraits.paint import Layers, linear, lines, noise, polygons, smooth
from p3mbench.data.portraits.surface import Float, Points, Pose, blur

SIDES = (-1, 1)


def skin_albedo(look: Appearance, pose: Pose) -> Float:
    """Paint (H, W, 3) linear skin of slightly uneven colour; mannequins have it too."""
    rng = np.random.default_rng([look.seed, 1])
    tone = 1 + 0.035 * noise(rng, pose.shape, (14, 10), 4)
    albedo = look.skin * tone[..., None]
    warm = 0.55 * _spot(pose, (-0.52, 0.50), 0.30) + 0.55 * _spot(pose, (0.52, 0.50), 0.30)
    warm = warm + 0.5 * _spot(pose, (0.0, NOSE_Y - 0.05), 0.20)
    tired = _spot(pose, (-EYE_X, 0.10), 0.24) + _spot(pose, (EYE_X, 0.10), 0.24)
    albedo = albedo * (1 - warm[..., None] * np.array([0.02, 0.20, 0.18], np.float32))
    albedo = albedo * (1 - tired[..., None] * np.array([0.16, 0.20, 0.17], np.float32))
    if look.beard == "stubble":
        shadow = 0.62 * _beard_area(pose)[..., None]
        albedo = albedo * (1 - shadow) + (0.25 * look.hair + 0.45 * look.skin) * shadow
    return np.asarray(albedo, np.float32)


def _spot(pose: Pose, place: tuple[float, float], width: float) -> Float:
    x, y, _ = on_face(np.array(place), pose)
    height, across = pose.shape
    dx = (np.arange(across, dtype=np.float32) - np.float32(x)) / np.float32(pose.unit * width)
    dy = (np.arange(height, dtype=np.float32) - np.float32(y)) / np.float32(pose.unit * width)
    return np.asarray(np.exp(-(dx[None] ** 2) - dy[:, None] ** 2), np.float32)


def _beard_area(pose: Pose) -> Float:
    outline = np.array(
        [(-0.86, 0.2), (-0.7, 0.62), (-0.36, 0.74), (0, 0.68), (0.36, 0.74), (0.7, 0.62),
         (0.86, 0.2), (0.86, 0.7), (0.66, 1.3), (0, 1.7), (-0.66, 1.3), (-0.86, 0.7)]
    )  # fmt: skip
    area = polygons([on_face(smooth(outline, 60), pose)], pose.shape)
    return np.asarray(blur(area, pose.unit * 0.1))


def paint_features(
    layers: Layers, look: Appearance, pose: Pose, light: Float, inside: Float
) -> None:
    """Paint eyes, brows, nostrils and mouth.

    Args:
        layers: the painted head.
        light: (H, W, 3) colour of a white surface under the light.
        inside: (H, W) coverage of the head; nothing is painted outside.
    """
    _eyes(layers, look, pose, light)
    _nose(layers, look, pose, light, inside)
    _mouth(layers, look, pose, light, inside)
    _brows(layers, look, pose, light, inside)


def _almond(side: int, grow: float) -> Points:
    upper = [(-0.205, 0.02), (-0.12, -0.056), (0.0, -0.082), (0.12, -0.064)]
    lower = [(0.215, -0.01), (0.11, 0.05), (0.0, 0.064), (-0.12, 0.05)]
    shape = smooth(np.array(upper + lower), 40)
    shape = shape * (1 + grow, 1 + 1.6 * grow)
    return np.asarray(shape * (side, 1) + (side * EYE_X, EYE_Y))


def _disc(place: tuple[float, float], radius: float) -> Points:
    turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    return np.stack([place[0] + radius * np.cos(turn), place[1] + radius * np.sin(turn)], axis=-1)


def _eyes(layers: Layers, look: Appearance, pose: Pose, light: Float) -> None:
    def drawn(shapes: list[Points]) -> Float:
        return polygons([on_face(s, pose) for s in shapes], pose.shape)

    opening = drawn([_almond(s, 0.0) for s in SIDES])
    socket = blur(drawn([_almond(s, 0.30) for s in SIDES]), pose.unit * 0.07)
    layers.over(look.skin * np.array([0.52, 0.40, 0.37], np.float32) * light, 0.5 * socket)
    gaze = 0.05 * np.sin(look.seed), -0.012
    centres = [(s * EYE_X + gaze[0], EYE_Y + gaze[1]) for s in SIDES]
    layers.over(linear(214, 204, 196) * light * 0.7, opening)
    iris = drawn([_disc(c, 0.09) for c in centres]) * opening
    layers.over(look.eyes * light * 0.45, iris)
    layers.over(look.eyes * light * 1.5, drawn([_disc(c, 0.072) for c in centres]) * opening * 0.75)
    layers.over(linear(14, 11, 10), drawn([_disc(c, 0.042) for c in centres]) * opening)
    shadow = blur(drawn([_almond(s, 0.0) - (0, 0.085) for s in SIDES]), pose.unit * 0.02) * opening
    layers.darken(0.45 * shadow)
    glints = drawn([_disc((x - 0.03, y - 0.035), 0.021) for x, y in centres])
    layers.over(np.ones(3, np.float32) * 0.9, glints * 0.85)
    lid = [on_face(_almond(s, 0.03)[:22], pose) for s in SIDES]
    lash = lines(lid, pose.unit * (0.035 + 0.022 * look.makeup), pose.shape)
    layers.over(linear(26, 18, 16), (0.75 + 0.2 * look.makeup) * lash)
    below = [on_face(_almond(s, 0.06)[22:], pose) for s in SIDES]
    layers.over(look.skin * 0.35 * light, 0.4 * lines(below, pose.unit * 0.022, pose.shape))
    fold = [on_face(_almond(s, 0.16)[1:20] - (0, 0.035), pose) for s in SIDES]
    layers.over(look.skin * 0.3 * light, 0.5 * lines(fold, pose.unit * 0.022, pose.shape))


def _nose(layers: Layers, look: Appearance, pose: Pose, light: Float, inside: Float) -> None:
    drop = 0.03 * look.nose
    holes = [_disc((s * 0.085, NOSE_Y + drop + 0.022), 0.05) for s in SIDES]
    flat = [(h - h.mean(0)) * (1, 0.55) + h.mean(0) for h in holes]
    nostrils = blur(polygons([on_face(h, pose) for h in flat], pose.shape), pose.unit * 0.012)
    layers.over(look.skin * np.array([0.20, 0.10, 0.08], np.float32) * light, 0.8 * nostrils)
    under = smooth(
        [(-0.2, NOSE_Y + drop), (0, NOSE_Y + drop + 0.10), (0.2, NOSE_Y + drop)], 16, False
    )
    soft = blur(lines([on_face(under, pose)], pose.unit * 0.1, pose.shape), pose.unit * 0.05)
    layers.darken(0.25 * soft * inside)


def _mouth(layers: Layers, look: Appearance, pose: Pose, light: Float, inside: Float) -> None:
    wide, lift = 0.29 + 0.055 * max(look.smile, 0), 0.055 * look.smile
    seam = [(-wide, -lift), (-0.14, 0.012), (0, 0.006), (0.14, 0.012), (wide, -lift)]
    upper = [
        (wide, -lift),
        (0.15, -0.062),
        (0.055, -0.09),
        (0, -0.072),
        (-0.055, -0.09),
        (-0.15, -0.062),
    ]
    gap = 0.065 * max(look.smile - 0.55, 0) / 0.45
    lower = [
        (-wide, -lift),
        (-0.16, 0.085 + gap),
        (0, 0.118 + gap),
        (0.16, 0.085 + gap),
        (wide, -lift),
    ]
    at = np.array([0.0, MOUTH_Y - 0.01])
    whole = smooth(np.array(lower + upper[1:]), 60) + at
    red = look.skin * np.array([0.80, 0.42, 0.42], np.float32)
    rouge = linear(168, 44, 54) * look.makeup * 0.5 + red * (1 - 0.5 * look.makeup)
    lips = blur(polygons([on_face(whole, pose)], pose.shape), pose.unit * 0.014) * inside
    layers.over(rouge * light, 0.85 * lips)
    curve = smooth(np.array(seam), 30, False)
    if gap > 0.012:
        floor = curve[::-1] + np.stack(
            [np.zeros(30), gap * 1.25 * np.sin(np.linspace(0, np.pi, 30))], -1
        )
        opening = polygons([on_face(np.vstack([curve, floor]) + at, pose)], pose.shape) * inside
        layers.over(linear(228, 220, 208) * light * 0.8, opening)
    top = polygons([on_face(smooth(np.array(upper), 30, False) + at, pose)], pose.shape) * lips
    layers.darken(0.22 * top)
    line = lines([on_face(curve + at, pose)], pose.unit * 0.028, pose.shape)
    layers.over(look.skin * np.array([0.22, 0.08, 0.08], np.float32) * light, 0.75 * line * inside)
    under = (
        smooth(np.array([(-0.2, 0.19 + gap), (0, 0.215 + gap), (0.2, 0.19 + gap)]), 16, False) + at
    )
    soft = blur(lines([on_face(under, pose)], pose.unit * 0.08, pose.shape), pose.unit * 0.05)
    layers.darken(0.28 * soft * inside)
    for side in SIDES:
        crease = smooth(
            np.array([(0.2, NOSE_Y - 0.06), (0.36, NOSE_Y + 0.1), (0.42, MOUTH_Y)]), 16, False
        )
        drawn = lines([on_face(crease * (side, 1), pose)], pose.unit * 0.05, pose.shape)
        layers.darken((0.12 + 0.2 * max(look.smile, 0)) * blur(drawn, pose.unit * 0.04) * inside)


def _brows(layers: Layers, look: Appearance, pose: Pose, light: Float, inside: Float) -> None:
    thick = 0.85 if look.beard == "none" else 1.15
    upper = [(0.14, -0.02), (0.36, -0.085), (0.56, -0.08), (0.72, 0.02)]
    lower = [(0.56, -0.01), (0.36, 0.0), (0.15, 0.055)]
    shape = smooth(np.array(upper + lower), 40) * (1, thick) + (0, BROW_Y)
    drawn = polygons([on_face(shape * (s, 1), pose) for s in SIDES], pose.shape)
    rng = np.random.default_rng([look.seed, 2])
    grain = np.clip(0.85 + 0.3 * noise(rng, pose.shape, (90, 70), 1), 0.3, 1.0)
    soft = blur(drawn, pose.unit * 0.022) * grain * inside
    dark = np.minimum(look.hair * 0.8 + 0.004, look.skin * 0.35)
    layers.over(dark * (0.5 + 0.5 * light), 0.88 * soft)


def paint_glasses(layers: Layers, look: Appearance, pose: Pose) -> None:
    """Paint thin frames, with a trace of reflection in the lenses; mannequins wear them too."""
    rng = np.random.default_rng([look.seed, 3])
    square, size = rng.uniform(2.0, 3.6), rng.uniform(0.27, 0.33)
    turn = np.linspace(0, 2 * np.pi, 40)
    c, s = np.cos(turn), np.sin(turn)
    ring = np.stack(
        [np.sign(c) * np.abs(c) ** (2 / square), np.sign(s) * np.abs(s) ** (2 / square)], -1
    )
    rims = [ring * (size, size * 0.82) + (side * 0.42, 0.06) for side in SIDES]
    bridge = smooth(np.array([(-0.16, 0.02), (0, -0.04), (0.16, 0.02)]), 12, False)
    arms = [np.array([(side * (0.42 + size), 0.0), (side * 0.98, 0.02)]) for side in SIDES]
    frames = [_in_front(p, pose) for p in [*rims, bridge]]
    frames += [pose.project(np.array([(*a[0], 0.72), (*a[1], -0.2)])) for a in arms]
    shadow = blur(
        lines([f + (0, pose.unit * 0.06, 0) for f in frames[:3]], pose.unit * 0.05, pose.shape), 1.2
    )
    layers.darken(0.3 * shadow)
    lenses = polygons([_in_front(r, pose) for r in rims], pose.shape)
    layers.over(linear(205, 215, 225), 0.07 * lenses * layers.alpha)
    tone = linear(*((30, 26, 26), (92, 60, 36), (150, 120, 70))[int(rng.integers(3))])
    layers.over(tone * 1.2, 0.95 * lines(frames, pose.unit * rng.uniform(0.035, 0.07), pose.shape))


def _in_front(points: Points, pose: Pose) -> Points:
    return pose.project(
        np.column_stack([points, np.full(len(points), 0.98) - 0.25 * points[:, 0] ** 2])
    )

"""Backgrounds that look photographed: places in linear light, and a lens that blurs them."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from p3mbench.data.portraits.paint import linear, noise
from p3mbench.data.portraits.surface import Float

Shape = tuple[int, int]
UNITS = 100.0  # a background's height in its own units


def draw_background(rng: np.random.Generator, shape: Shape) -> tuple[Float, str]:
    """Draw a background: (H, W, 3) linear light, and the name of the place."""
    names = tuple(PLACES)
    name = names[int(rng.integers(len(names)))]
    place = PLACES[name](rng, shape)
    spread = float(rng.uniform(0.0, 3.6)) * LENS.get(name, 1.0)
    return defocus(place, spread * shape[0] / 256), name


def defocus(light: Float, radius: float) -> Float:
    """Blur linear light by a round aperture (radius in pixels), which turns lamps into discs."""
    if radius < 0.6:
        return light
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(y, x), 0, 1).astype(np.float32)
    return np.asarray(
        cv2.filter2D(light, -1, disc / disc.sum(), borderType=cv2.BORDER_REFLECT), np.float32
    )


def _grid(shape: Shape) -> tuple[Float, Float]:
    """Return x and y in background units: y from 0 to 100, x centred."""
    height, width = shape
    y = (np.arange(height, dtype=np.float32) + 0.5) * np.float32(UNITS / height)
    x = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) * np.float32(UNITS / height)
    return x[None, :], y[:, None]


def _mix(a: Float, b: Float, share: Float) -> Float:
    return np.asarray(a + (b - a) * np.clip(share, 0, 1)[..., None], np.float32)


def _tone(rng: np.random.Generator, low: float, high: float, hue: float = 0.35) -> Float:
    """Draw a colour of moderate saturation, sRGB mean between low and high."""
    value = rng.uniform(low, high)
    return linear(*np.clip(value * (1 + hue * rng.uniform(-0.5, 0.5, 3)), 3, 250))


def _pool(rng: np.random.Generator, shape: Shape) -> Float:
    """Draw a soft pool of light, 0.5 .. 1.2."""
    x, y = _grid(shape)
    cx, cy = rng.uniform(-40, 40), rng.uniform(0, 60)
    far = ((x - cx) / 55) ** 2 + ((y - cy) / 65) ** 2
    return np.asarray(0.5 + 0.7 * np.exp(-far), np.float32)


def _studio(rng: np.random.Generator, shape: Shape) -> Float:
    tone = _tone(rng, 60, 215)
    mottled = 1 + 0.10 * noise(rng, shape, (3, 3), 4)
    return np.asarray(tone * (_pool(rng, shape) * mottled)[..., None], np.float32)


def _bokeh(rng: np.random.Generator, shape: Shape) -> Float:
    x, y = _grid(shape)
    dusk = _mix(
        _tone(rng, 25, 70, 0.8),
        _tone(rng, 15, 60, 0.8),
        y / UNITS + 0.2 * noise(rng, shape, (3, 3), 2),
    )
    scene = dusk.copy()
    palette = [
        linear(*c)
        for c in (
            (255, 196, 120),
            (255, 150, 90),
            (150, 190, 255),
            (255, 236, 200),
            (240, 110, 130),
            (140, 230, 190),
        )
    ]
    for _ in range(int(rng.integers(30, 70))):
        cx, cy, r = rng.uniform(-42, 42), rng.normal(42, 24), rng.uniform(1.5, 6.5)
        distance = np.hypot(x - cx, y - cy)
        disc = np.clip((r - distance) * 2.0, 0, 1) * (0.75 + 0.25 * (distance / r) ** 4)
        glow = palette[int(rng.integers(len(palette)))] * rng.uniform(0.08, 0.65)
        scene += disc[..., None] * glow
    return np.asarray(scene, np.float32)


def _brick(rng: np.random.Generator, shape: Shape) -> Float:
    x, y = _grid(shape)
    slope = rng.uniform(-0.006, 0.006)  # the wall recedes
    depth = 1 + slope * x
    tall = rng.uniform(4.0, 6.5)
    u, v = x * depth * (1 + slope * x / 2) / (2.7 * tall), (y - 50) * depth / tall + 60
    row = np.floor(v)
    u = u + 0.5 * (row % 2) + 60
    column = np.floor(u)
    fu, fv = u - column, v - row
    edge = np.minimum(np.minimum(fu, 1 - fu) * 2.7, np.minimum(fv, 1 - fv))
    wobble = 0.03 * noise(rng, shape, (60, 50), 2)
    body = np.clip((edge + wobble - 0.07) * 16, 0, 1)
    table = rng.standard_normal((151, 163)).astype(np.float32)
    each = table[row.astype(int) % 151, column.astype(int) % 163]
    tone = _tone(rng, 80, 160, 0.0) * np.array(
        ((1.45, 0.72, 0.55), (1.1, 1.0, 0.9), (1.2, 0.95, 0.75))[int(rng.integers(3))], np.float32
    )
    rough = 1 + 0.22 * each + 0.16 * noise(rng, shape, (50, 40), 3)
    wall = _mix(
        np.asarray(_tone(rng, 120, 180, 0.1) * np.ones((*shape, 1), np.float32)),
        tone * np.clip(rough, 0.3, 2)[..., None],
        body,
    )
    relief = np.roll(body, 1, axis=0) - body  # lit from above
    return np.asarray(wall * (_pool(rng, shape) * (1 + 0.25 * relief))[..., None], np.float32)


def _foliage(rng: np.random.Generator, shape: Shape) -> Float:
    x, y = _grid(shape)
    hue = linear(
        *((96, 128, 52), (70, 112, 58), (150, 132, 54), (120, 140, 84))[int(rng.integers(4))]
    )
    clumps = noise(rng, shape, (5, 5), 3)
    scene = hue * np.clip(0.22 + 0.16 * clumps, 0.03, 1)[..., None]
    sky = np.clip(noise(rng, shape, (7, 6), 3) - 0.7 + (30 - y) / 60, 0, 1)
    scene = _mix(
        scene, np.asarray(linear(228, 238, 232) * np.ones((*shape, 1)), np.float32), sky * 1.2
    )
    canvas = np.ascontiguousarray(scene, np.float32)
    scale = shape[0] / UNITS
    for layer in range(4):
        size = (1.4 + 0.5 * layer) * scale
        for _ in range(150):
            place = rng.uniform(-45, 45), rng.uniform(0, 100)
            bright = rng.uniform(0.15, 0.55 + 0.3 * layer) * (1 + 0.3 * (rng.random() < 0.15))
            colour = hue * bright * rng.uniform(0.8, 1.25, 3)
            centre = (round(place[0] * scale + shape[1] / 2), round(place[1] * scale))
            axes = (
                max(1, round(size * rng.uniform(0.8, 1.5))),
                max(1, round(size * rng.uniform(0.3, 0.6))),
            )
            cv2.ellipse(
                canvas, centre, axes, rng.uniform(0, 180), 0, 360, colour.tolist(), -1, cv2.LINE_AA
            )
    return np.asarray(canvas * (0.6 + 0.5 * _pool(rng, shape))[..., None], np.float32)


def _shelves(rng: np.random.Generator, shape: Shape) -> Float:
    scale, (height, width) = shape[0] / UNITS, shape
    wood = _tone(rng, 70, 150, 0.0) * np.array([1.25, 0.95, 0.68], np.float32)
    canvas = np.ascontiguousarray(np.broadcast_to(wood * 0.18, (*shape, 3)), np.float32)
    pitch = rng.uniform(17, 25)
    y = rng.uniform(4, pitch)
    while y < UNITS + pitch:
        x = -UNITS * width / height / 2 - rng.uniform(0, 3)
        while x < UNITS * width / height / 2:
            wide, tall = rng.uniform(1.6, 4.2), pitch * rng.uniform(0.52, 0.86)
            if rng.random() < 0.10:
                x += rng.uniform(3, 9)
                continue
            box = np.array([(x, y - tall), (x + wide, y - tall), (x + wide, y), (x, y)])
            box[:2, 0] += rng.normal(0, 0.5) * (rng.random() < 0.2)
            fixed = np.rint((box * scale + (width / 2, 0)) * 16).astype(np.int32)
            colour = _tone(rng, 40, 190, 0.6) * rng.uniform(0.5, 1.0)
            cv2.fillPoly(canvas, [fixed], colour.tolist(), cv2.LINE_AA, 4)
            cv2.line(
                canvas,
                tuple(fixed[0].tolist()),
                tuple(fixed[3].tolist()),
                (colour * 0.4).tolist(),
                1,
                cv2.LINE_AA,
                4,
            )
            x += wide + 0.15
        top, low = (round(v * scale) for v in (y, y + 2.2))
        canvas[max(top, 0) : max(low, 0)] = wood * 0.8
        y += pitch
    grain = 1 + 0.08 * noise(rng, shape, (60, 45), 2)
    return np.asarray(canvas * (_pool(rng, shape) * grain)[..., None], np.float32)


def _street(rng: np.random.Generator, shape: Shape) -> Float:
    x, y = _grid(shape)
    vx, horizon = rng.uniform(-15, 15), rng.uniform(42, 58)
    sky = _mix(
        np.asarray(_tone(rng, 140, 220, 0.25) * np.ones((*shape, 1), np.float32)),
        np.asarray(linear(236, 234, 226) * np.ones((*shape, 1)), np.float32),
        y / horizon,
    )
    dx, dy = x - vx, y - horizon
    near = np.maximum(np.abs(dx), 1.0)
    side = (dx > 0).astype(int)
    tone = np.stack([_tone(rng, 70, 170), _tone(rng, 60, 160)])[side]
    depth, level = np.log(near) * rng.uniform(5, 8), dy / near * rng.uniform(6, 9)
    window = ((depth % 1 > 0.3) & (level % 1 > 0.35)).astype(np.float32) * (level < 0)
    block = np.floor(depth / 3).astype(int)
    tops = rng.uniform(0.9, 2.6, 64).astype(np.float32)[(block + 20 * side) % 64]
    shades = rng.uniform(0.6, 1.2, 64).astype(np.float32)[(block + 7 + 20 * side) % 64]
    house = tone * (shades * (0.55 + 0.45 * side))[..., None]
    house = _mix(
        house, np.asarray(_tone(rng, 30, 90) * np.ones((*shape, 1), np.float32)), 0.8 * window
    )
    walled = (-dy < near * tops) & (dy < near * 0.55)
    scene = np.where(walled[..., None], house, sky)
    road = _tone(rng, 80, 130, 0.1) * (1 + 0.1 * noise(rng, shape, (40, 30), 2))[..., None]
    scene = np.where(((dy > 0) & ~walled)[..., None], road, scene)
    haze = np.exp(-near / 14)
    return _mix(scene.astype(np.float32), sky, 0.55 * haze)


def _room(rng: np.random.Generator, shape: Shape) -> Float:
    x, y = _grid(shape)
    wall = (
        _tone(rng, 110, 215)
        * (_pool(rng, shape) * (1 + 0.02 * noise(rng, shape, (90, 70), 2)))[..., None]
    )
    left = rng.uniform(-36, 8)
    width, top, bottom = rng.uniform(22, 34), rng.uniform(2, 14), rng.uniform(56, 78)
    pane = (x > left) & (x < left + width) & (y > top) & (y < bottom)
    bars = (np.abs(x - left - width / 2) < 0.8) | (np.abs(y - (top + bottom) / 2) < 0.8)
    outside = _mix(
        np.asarray(linear(214, 230, 244) * np.ones((*shape, 1)), np.float32),
        _tone(rng, 90, 150, 0.4)
        * np.clip(1 + 0.35 * noise(rng, shape, (9, 8), 3), 0.2, 2)[..., None],
        np.clip((y - 0.55 * bottom) / 3, 0, 1) * np.ones_like(x),
    )
    frame = (x > left - 2) & (x < left + width + 2) & (y > top - 2) & (y < bottom + 2)
    scene = np.where(frame[..., None], linear(226, 222, 214) * 0.8, wall)
    scene = np.where((pane & ~bars)[..., None], outside * 1.25, scene).astype(np.float32)
    start = left + width + rng.uniform(-2, 4)
    fold = 0.75 + 0.25 * np.sin((x - start) * 1.6 + 0.4 * np.sin(y / 30))
    curtain = ((x > start) & (x < start + rng.uniform(8, 16))).astype(np.float32) * np.ones_like(y)
    return _mix(scene, _tone(rng, 90, 210) * (fold * np.ones_like(y))[..., None], curtain)


def _coast(rng: np.random.Generator, shape: Shape) -> Float:
    x, y = _grid(shape)
    horizon = rng.uniform(40, 70)
    warm = rng.random() < 0.4
    low, high = ((250, 206, 160), (124, 142, 182)) if warm else ((222, 234, 240), (92, 142, 200))
    sky = _mix(
        np.asarray(linear(*high) * np.ones((*shape, 1)), np.float32),
        np.asarray(linear(*low) * np.ones((*shape, 1)), np.float32),
        (y / horizon) ** 1.5 * np.ones_like(x),
    )
    clouds = np.clip(noise(rng, shape, (6, 2.5), 4) - 0.2, 0, 1) * np.clip(1.2 - y / horizon, 0, 1)
    sky = _mix(
        sky, np.asarray(linear(250, 246, 240) * np.ones((*shape, 1)), np.float32), 0.7 * clouds
    )
    ridge = horizon - 7 - 6 * noise(rng, (1, shape[1]), (1, 4), 4)
    far = _mix(
        sky, np.asarray(linear(84, 104, 112) * np.ones((*shape, 1)), np.float32), 0.75 * (y > ridge)
    )
    ripple = noise(rng, shape, (90, 14), 2) * np.clip((y - horizon) / 14, 0.3, 1)
    sea = linear(52, 92, 112) * (1 + 0.35 * ripple)[..., None] + 0.12 * linear(*low)
    beach = linear(206, 180, 142) * (0.85 + 0.07 * noise(rng, shape, (80, 60), 2))[..., None]
    water = _mix(
        sea.astype(np.float32), beach.astype(np.float32), (y - horizon - 22 - 0.06 * x) / 1.5
    )
    return np.where((y > horizon)[..., None] & np.ones_like(x, bool)[..., None], water, far).astype(
        np.float32
    )


def _planks(rng: np.random.Generator, shape: Shape) -> Float:
    x, y = _grid(shape)
    wide = rng.uniform(7, 13)
    number = np.floor(x / wide).astype(int)
    seam = np.clip(np.minimum(x % wide, wide - x % wide) * 4, 0.25, 1)
    rings = noise(rng, shape, (4, 60), 3) + 0.4 * np.sin(y / 9 + 3 * noise(rng, shape, (3, 24), 1))
    each = rng.uniform(0.75, 1.2, 64).astype(np.float32)[number % 64]
    wood = _tone(rng, 80, 175, 0.0) * np.array([1.2, 0.95, 0.72], np.float32)
    level = each * seam * (1 + 0.13 * rings) * _pool(rng, shape)
    return np.asarray(wood * np.clip(level, 0.05, 2)[..., None], np.float32)


PLACES: dict[str, Callable[[np.random.Generator, Shape], Float]] = {
    "studio": _studio, "bokeh": _bokeh, "brick": _brick, "foliage": _foliage, "shelves": _shelves,
    "street": _street, "room": _room, "coast": _coast, "planks": _planks,
}  # fmt: skip
LENS = {"foliage": 1.3, "bokeh": 0.3, "street": 1.2, "brick": 0.7, "planks": 0.7}

"""Scenes as in portrait collections: one person in focus, and a background.

The contents, with reasons. Figures come from portrait collections such as P3M-10k where known, else
from everyday experience. They were fixed before any training:

- one person in most scenes, two in a tenth; from half-length shots to close-ups, near the middle;
- in a fifth of the scenes, passers-by further back, out of focus, with their own faces. They are
  background. So are the look-alikes: a mannequin, a statue, a poster or a mirror image, in one of
  fourteen scenes;
- the lens is focused on the person. The background is sharp, soft or far out of focus; in a third
  of the scenes focus falls off across the person too;
- **blur does not show who the person is**: besides the depth of field, patches of clothes and
  background are hidden in both variants, as publishers hide logos, number plates and screens. In
  the blurred variant *every* face is hidden, as a face detector would do: also those of passers-by,
  statues, mannequins, posters and mirror images.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.data.obfuscation import OPAQUE, Obfuscation
from p3mbench.data.portraits import camera as cameras
from p3mbench.data.portraits.background import PLACES, defocus
from p3mbench.data.portraits.distractors import draw_poster, draw_thing
from p3mbench.data.portraits.look import Appearance, Casting, as_drawn, draw_look
from p3mbench.data.portraits.person import DrawnFigure, Stand, draw_figure
from p3mbench.data.portraits.scene import SyntheticPortrait, draw_light
from p3mbench.data.portraits.surface import Float, Light, blur

COLLECTION_VERSION = 1  # raise it with every change of the code that can change a pixel

COMPANY = 0.10  # share of scenes with a second person
PASSERS_BY = 0.20  # with people further back
LOOK_ALIKES = 1 / 14  # with a mannequin, statue, poster or mirror image
THINGS = 0.15  # with a ball or vase
FALL_OFF = 0.33  # in which focus falls off across the person
PATCHES = {"clothes": 0.22, "background": 0.50}  # with a hidden logo, plate or screen
DEPTHS = ((0.3, 0.0, 0.7), (0.4, 0.8, 2.6), (0.3, 2.6, 6.5))  # share; radius at a height of 256

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Set:
    """The light, the (H, W) of the picture, and the people who stand in it."""

    light: Light
    size: tuple[int, int]
    cast: Casting


@dataclass(frozen=True)
class _Layer:
    """Something at one depth; the matte shows the layers with ``person`` set."""

    figure: DrawnFigure
    person: bool


def collected(
    seed: int,
    size: tuple[int, int] = (256, 192),
    cast: Casting = as_drawn,
    first: Casting = as_drawn,
) -> SyntheticPortrait:
    """Draw a portrait of the collection; the same seed and size give the same bytes.

    Args:
        seed: the only source of randomness, at least 0.
        size: (H, W) in pixels, at least 64 each. A seed gives the same scene at every size.
        cast: replaces people by others.
        first: replaces the first person; the scene stays.
    """
    rng = np.random.default_rng([seed, 0])
    light = draw_light(rng)
    backdrop, place = _backdrop(np.random.default_rng([seed, 1]), size)
    stage = _Set(light, size, cast)
    people, looks = _people(rng, stage, first)
    behind, counts = _behind(np.random.default_rng([seed, 2]), looks[0], stage)
    things = np.random.default_rng([seed, 4])
    if things.random() < THINGS:
        thing = _soft(draw_thing(things, light, size), 1.2 * size[0] / 256)
        behind.insert(0, _Layer(replace(thing, face=np.zeros(size, np.float32)), False))
    layers = [*behind, *(_Layer(_focused(rng, one, size), True) for one in people)]
    scene = {"place": place, "light": light.key, "people": len(people), **counts}
    return _photographed(layers, backdrop, np.random.default_rng([seed, 3]), scene)


def _backdrop(rng: np.random.Generator, size: tuple[int, int]) -> tuple[Float, str]:
    name = list(PLACES)[int(rng.integers(len(PLACES)))]
    light = PLACES[name](rng, size)
    which = int(rng.choice(len(DEPTHS), p=[share for share, *_ in DEPTHS]))
    _, low, high = DEPTHS[which]
    return defocus(light, float(rng.uniform(low, high)) * size[0] / 256), name


def _people(
    rng: np.random.Generator, place: _Set, first: Casting
) -> tuple[list[DrawnFigure], list[Appearance]]:
    """Draw the person, or two side by side, back to front."""
    size = place.size
    count = 1 + int(rng.random() < COMPANY)
    slots = {1: (0.5,), 2: (0.31, 0.69)}[count]
    close = float(rng.uniform(0, 1)) ** 1.3
    unit = size[0] * ((0.062 + 0.085 * close) if count == 1 else (0.062 + 0.040 * close))
    figures: list[DrawnFigure] = []
    looks: list[Appearance] = []
    for slot in slots:
        own = unit * float(rng.uniform(0.94, 1.06))
        x = size[1] * (slot + float(rng.normal(0, 0.09 if count == 1 else 0.03)))
        y = max(size[0] * float(rng.normal(0.35, 0.05)), 1.9 * own)
        look = draw_look(rng, True)
        look = look if looks else first(look)
        looks.append(look)
        figures.append(draw_figure(place.cast(look), Stand(x, y, own), place.light, size))
    return figures, looks


def _behind(
    rng: np.random.Generator, look: Appearance, place: _Set
) -> tuple[list[_Layer], dict[str, int]]:
    """Draw everything behind the person of the portrait, back to front."""
    found: list[_Layer] = []
    counts = {"passers_by": 0, "look_alikes": 0}
    if rng.random() < PASSERS_BY:
        counts["passers_by"] = int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1]))
        for _ in range(counts["passers_by"]):
            found.append(_Layer(_passer_by(rng, place), False))
    if rng.random() < LOOK_ALIKES:
        counts["look_alikes"] = 1
        found.append(_Layer(_look_alike(rng, look, place), False))
    return found, counts


def _passer_by(rng: np.random.Generator, place: _Set) -> DrawnFigure:
    size = place.size
    unit = size[0] * float(rng.uniform(0.022, 0.060))
    x = size[1] * float(rng.uniform(0.02, 0.98))
    y = size[0] * float(rng.uniform(0.30, 0.50))
    figure = draw_figure(place.cast(draw_look(rng, True)), Stand(x, y, unit), place.light, size)
    return _soft(figure, float(rng.uniform(1.2, 4.5)) * size[0] / 256)


def _look_alike(rng: np.random.Generator, look: Appearance, place: _Set) -> DrawnFigure:
    """Draw a mannequin, a statue, a poster, or the person's own image in a mirror."""
    light, size = place.light, place.size
    kind = ("mannequin", "statue", "poster", "mirror")[int(rng.integers(4))]
    if kind in ("poster", "mirror"):
        shown = look if kind == "mirror" else draw_look(rng, True)
        return _soft(draw_poster(rng, light, size, shown, place.cast), 0.7 * size[0] / 256)
    unit = size[0] * float(rng.uniform(0.055, 0.095))
    side = float(rng.choice([rng.uniform(0.08, 0.28), rng.uniform(0.72, 0.92)]))
    at = Stand(size[1] * side, max(size[0] * float(rng.normal(0.37, 0.04)), 1.9 * unit), unit)
    figure = draw_figure(place.cast(draw_look(rng, kind == "statue")), at, light, size)
    if kind == "statue":
        stone = np.array(((0.62, 0.60, 0.55), (0.30, 0.24, 0.17), (0.25, 0.33, 0.29))[
            int(rng.integers(3))
        ], np.float32)  # fmt: skip
        grey = figure.colour @ np.array([0.2126, 0.7152, 0.0722], np.float32)
        level = 0.45 * figure.alpha + 1.1 * grey
        figure = replace(figure, colour=np.asarray(level[..., None] * stone, np.float32))
    return _soft(figure, float(rng.uniform(0.0, 1.6)) * size[0] / 256)


def _soft(figure: DrawnFigure, radius: float) -> DrawnFigure:
    """Defocus a figure; its colours are premultiplied, so that they mix with the background."""
    planes = np.dstack([figure.colour, figure.alpha, figure.face])
    soft = defocus(planes, radius)
    return DrawnFigure(soft[..., :3], soft[..., 3], soft[..., 4])


def _focused(rng: np.random.Generator, figure: DrawnFigure, size: tuple[int, int]) -> DrawnFigure:
    """Apply the lens to the person: the face is in focus; in some scenes lower parts are softer."""
    if rng.random() >= FALL_OFF:
        return figure
    radius = float(rng.uniform(1.0, 2.6)) * size[0] / 256
    rows = np.flatnonzero(figure.face.any(axis=1))
    chin = int(rows[-1]) if len(rows) else size[0] // 2
    share = np.clip((np.arange(size[0]) - chin) / (0.45 * size[0]), 0, 1).astype(np.float32)
    soft = _soft(figure, radius)
    mixed = [
        own + (far - own) * share.reshape(-1, *[1] * (own.ndim - 1))
        for own, far in ((figure.colour, soft.colour), (figure.alpha, soft.alpha))
    ]
    return replace(figure, colour=np.asarray(mixed[0]), alpha=np.asarray(mixed[1]))


def _photographed(
    layers: list[_Layer], backdrop: Float, rng: np.random.Generator, scene: dict[str, object]
) -> SyntheticPortrait:
    """Compose in linear light, photograph, hide patches; develop the layers without noise."""
    shape = backdrop.shape[:2]
    people, others = np.zeros((*shape, 3), np.float32), np.zeros((*shape, 3), np.float32)
    alpha, face, further = (np.zeros(shape, np.float32) for _ in range(3))
    left: Float = np.ones(shape, np.float32)  # share of light that passes all nearer layers
    for one in reversed(layers):
        seen, colour = one.figure.face * left, one.figure.colour * left[..., None]
        if one.person:
            people += colour
            alpha += left * one.figure.alpha
            face = np.maximum(face, seen)
        else:
            others += colour
            further = np.maximum(further, seen)
        left = left * (1 - one.figure.alpha)
    others += left[..., None] * backdrop
    matte = np.rint(np.clip(alpha, 0, 1) * 255).astype(np.uint8)
    near = blur(people, 2.0) / np.maximum(blur(alpha, 2.0), 1e-3)[..., None]
    own = np.where(alpha[..., None] > 1e-2, people / np.maximum(alpha, 1e-2)[..., None], near)
    rest = (1 - alpha)[..., None]
    shown = np.where(rest > 1e-2, others / np.maximum(rest, 1e-2), backdrop)
    camera = cameras.draw_camera(rng)
    raw = cameras.sensed(cameras.exposed(people + others, camera), camera, rng)
    image = cameras.sharpened(cameras.toned(raw, camera), camera)
    hidden = (further >= 0.5) & (matte == 0)
    patches = _patches(matte, hidden, rng)
    image = _hide(cameras.compressed(image, camera), patches)
    foreground, background = (
        cameras.toned(cameras.exposed(np.asarray(layer, np.float32), camera), camera).astype(
            np.float32
        )
        for layer in (own, shown)
    )
    return SyntheticPortrait(
        image,
        matte,
        (face >= 0.5) & (matte > 0),
        foreground,
        background,
        scene,
        hidden,
        np.any(patches, axis=0) if patches else np.zeros(shape, bool),
    )


def _patches(
    matte: npt.NDArray[np.uint8], faces: BoolArray, rng: np.random.Generator
) -> list[BoolArray]:
    """Place logos on clothes, and plates and screens behind; none of them reaches an outline."""
    inside = cv2.erode((matte >= OPAQUE).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    areas = {"clothes": inside, "background": (matte == 0) & ~faces}
    return [
        _ellipse(areas[where], rng, low=where == "clothes")
        for where, share in PATCHES.items()
        for _ in range(int(rng.random() < share) * (1 + int(rng.random() < 0.3)))
    ]


def _hide(image: npt.NDArray[np.uint8], patches: list[BoolArray]) -> npt.NDArray[np.uint8]:
    """Blur each patch as faces are blurred by default."""
    for patch in patches:
        image = Obfuscation().apply(image, patch, np.where(patch, np.uint8(255), np.uint8(0)))
    return image


def _ellipse(area: BoolArray, rng: np.random.Generator, *, low: bool) -> BoolArray:
    """Draw a patch of a face's size and shape in an area; on clothes in their lower half."""
    height, width = area.shape
    allowed = area.copy()
    if low:
        allowed[: int(0.55 * height)] = False
    rows, columns = np.nonzero(allowed)
    radius = height * float(rng.uniform(0.05, 0.13))
    aspect, turn = float(rng.uniform(0.6, 1.0)), float(rng.uniform(0, 180))
    mask = np.zeros(area.shape, np.uint8)
    pick = float(rng.random())
    if len(rows):
        at = int(pick * len(rows))
        centre = (int(columns[at]), int(rows[at]))
        axes = (max(2, round(radius * aspect)), max(2, round(radius)))
        cv2.ellipse(mask, centre, axes, turn, 0, 360, 1, -1)
    return (mask > 0) & area

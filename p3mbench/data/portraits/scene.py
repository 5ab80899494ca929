"""A whole scene: a background, people, mannequins and things, and one exact composite."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from p3mbench.data.portraits.background import defocus, draw_background
from p3mbench.data.portraits.distractors import draw_poster, draw_thing
from p3mbench.data.portraits.look import Casting, as_drawn, draw_look
from p3mbench.data.portraits.paint import develop, noise
from p3mbench.data.portraits.person import DrawnFigure, Stand, draw_figure
from p3mbench.data.portraits.surface import Float, Light, blur

GENERATOR_VERSION = 1  # raise it with every change of the code that can change a pixel

MANNEQUIN_SHARE = 0.55  # share of scenes with at least one mannequin
SECOND_PERSON_SHARE = 0.10
THING_SHARE = 0.22
POSTER_SHARE = 0.12
SLOTS = {1: (0.5,), 2: (0.29, 0.71), 3: (0.20, 0.50, 0.80)}  # across, as shares of the width
SIZES = {1: (0.095, 0.128), 2: (0.080, 0.108), 3: (0.066, 0.088)}  # a head's half width / height
VISIBLE = 0.97  # least share of a face that no mannequin covers


@dataclass(frozen=True)
class SyntheticPortrait:
    """A portrait with its ground truth.

    Attributes:
        image: (H, W, 3) uint8 RGB with visible faces (variant N). Without a camera
            it equals alpha * foreground + (1 - alpha) * background, rounded.
        alpha: (H, W) uint8 0..255: all people, exact by construction.
        face: (H, W) bool, the private face area: jaw, cheeks and eyebrows of every person.
        foreground, background: (H, W, 3) float32 0..255, the composed layers.
        scene: the contents of the scene, for people and tests.
        others: (H, W) bool, the visible faces of people and things in the background; they are
            hidden together with the others.
        patches: (H, W) bool, logos, plates and screens, which are hidden in both variants.
    """

    image: npt.NDArray[np.uint8]
    alpha: npt.NDArray[np.uint8]
    face: npt.NDArray[np.bool_]
    foreground: Float
    background: Float
    scene: Mapping[str, Any]
    others: npt.NDArray[np.bool_]
    patches: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Standing:
    figure: DrawnFigure
    person: bool


def seed_of(split: str, index: int, base_seed: int) -> int:
    """Compute the seed of a portrait by SHA-256; every split and index has its own.

    All splits have the same distribution; P and NP show different people, as in P3M-500.
    """
    digest = hashlib.sha256(f"p3mbench mini/{base_seed}/{split}/{index}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


def mini_id(split: str, index: int) -> str:
    """Return the id of a portrait, such as ``mini_p_0007``."""
    return f"mini_{split.lower()}_{index:04d}"


def portrait(
    seed: int,
    size: tuple[int, int] = (256, 192),
    cast: Casting = as_drawn,
    first: Casting = as_drawn,
) -> SyntheticPortrait:
    """Draw a portrait; the same seed and size give the same bytes.

    Args:
        seed: the only source of randomness, at least 0.
        size: (H, W) in pixels, at least 64 each. A seed gives the same scene at every size.
        cast: replaces people by others.
        first: replaces the first person; the scene stays.
    """
    rng = np.random.default_rng([seed, 0])
    light = draw_light(rng)
    backdrop, place = draw_background(np.random.default_rng([seed, 1]), size)
    standing, counts = _cast(rng, light, size, cast, first)
    things = np.random.default_rng([seed, 2])
    if things.random() < POSTER_SHARE:
        backdrop = _over(draw_poster(things, light, size), backdrop, size, 1.0)
    if things.random() < THING_SHARE:
        backdrop = _over(draw_thing(things, light, size), backdrop, size, 0.6)
    alpha, face, foreground, background = _sorted_out(standing, backdrop)
    camera = np.random.default_rng([seed, 3])
    return _photographed(
        alpha,
        face,
        (foreground, background),
        camera,
        {"place": place, "light": light.key, **counts},
    )


def draw_light(rng: np.random.Generator) -> Light:
    """Draw a soft lamp from above and a side, warmer or cooler than the surroundings."""
    key = np.array([rng.uniform(-0.75, 0.75), -rng.uniform(0.25, 0.7), rng.uniform(0.6, 0.9)])
    key /= np.linalg.norm(key)
    warmth, power = rng.normal(0, 0.06), rng.uniform(0.72, 0.98)
    around = rng.uniform(0.28, 0.44)
    return Light(
        key=(float(key[0]), float(key[1]), float(key[2])),
        colour=(power * (1 + warmth), power, power * (1 - 1.3 * warmth)),
        ambient=(around * (1 - 0.4 * warmth), around, around * (1 + 0.5 * warmth)),
        rim=float(rng.uniform(0, 0.8)),
    )


def _cast(
    rng: np.random.Generator,
    light: Light,
    size: tuple[int, int],
    cast: Casting,
    first: Casting,
) -> tuple[list[_Standing], dict[str, int]]:
    """Draw all figures, back to front. Being a person is independent of place, size and depth."""
    people = 1 + int(rng.random() < SECOND_PERSON_SHARE)
    mannequins = int(rng.random() < MANNEQUIN_SHARE) * (1 + int(rng.random() < 0.25))
    mannequins = min(mannequins, 3 - people)
    count = people + mannequins
    roles = rng.permutation([True] * people + [False] * mannequins)
    low, high = SIZES[count]
    standing: list[_Standing] = []
    for slot, person in zip(SLOTS[count], roles, strict=True):
        unit = size[0] * float(rng.uniform(low, high))
        x = size[1] * (slot + float(rng.normal(0, 0.10 if count == 1 else 0.035)))
        y = max(size[0] * float(rng.normal(0.385, 0.035)), 1.9 * unit)
        look = draw_look(rng, bool(person))
        if person and not any(one.person for one in standing):
            look = first(look)
        look = cast(look)
        standing.append(_Standing(draw_figure(look, Stand(x, y, unit), light, size), bool(person)))
    standing = [standing[i] for i in rng.permutation(count)]
    if _hidden(standing) > 1 - VISIBLE:
        standing.sort(key=lambda s: s.person)
    return standing, {"people": people, "mannequins": mannequins}


def _hidden(standing: Sequence[_Standing]) -> float:
    """Return the largest share of a person's face that other figures cover."""
    worst = 0.0
    for index, one in enumerate(standing):
        if one.person:
            seen = one.figure.face.copy()
            for other in standing[index + 1 :]:
                seen *= 1 - other.figure.alpha
            worst = max(worst, 1 - float(seen.sum()) / max(float(one.figure.face.sum()), 1e-6))
    return worst


def _over(figure: DrawnFigure, backdrop: Float, size: tuple[int, int], radius: float) -> Float:
    """Paint a thing on the background, a little out of focus."""
    layer = np.dstack([figure.colour, figure.alpha])
    soft = defocus(layer, radius * size[0] / 256)
    return np.asarray(soft[..., :3] + (1 - soft[..., 3:]) * backdrop, np.float32)


def _sorted_out(
    standing: Sequence[_Standing], backdrop: Float
) -> tuple[Float, npt.NDArray[np.bool_], Float, Float]:
    """Return alpha and faces of all people, and the linear colours of people and of the rest."""
    shape = backdrop.shape[:2]
    people, others = np.zeros((*shape, 3), np.float32), np.zeros((*shape, 3), np.float32)
    alpha, face = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    behind = backdrop
    left: Float = np.ones(shape, np.float32)  # share of light that passes all nearer figures
    for one in reversed(standing):
        weight = left * one.figure.alpha
        if one.person:
            people += one.figure.colour * left[..., None]
            alpha += weight
            face = np.maximum(face, one.figure.face * left)
        else:
            others += one.figure.colour * left[..., None]
        left = left * (1 - one.figure.alpha)
    for one in standing:
        if not one.person:
            behind = one.figure.colour + (1 - one.figure.alpha)[..., None] * behind
    rest = 1 - alpha
    others += left[..., None] * backdrop
    shown = np.where(rest[..., None] > 1e-3, others / np.maximum(rest, 1e-3)[..., None], behind)
    near = blur(people, 2.0) / np.maximum(blur(alpha, 2.0), 1e-3)[..., None]
    own = np.where(alpha[..., None] > 1e-3, people / np.maximum(alpha, 1e-3)[..., None], near)
    return alpha, face >= 0.5, np.asarray(own, np.float32), np.asarray(shown, np.float32)


def _photographed(
    alpha: Float,
    face: npt.NDArray[np.bool_],
    layers: tuple[Float, Float],
    rng: np.random.Generator,
    scene: dict[str, Any],
) -> SyntheticPortrait:
    """Develop both layers in the same way, then compose them with the rounded alpha."""
    shape = alpha.shape
    matte = np.rint(alpha * 255).astype(np.uint8)
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in shape)
    vignette = 1 - float(rng.uniform(0.05, 0.35)) * (y[:, None] ** 2 + x[None, :] ** 2) / 2
    exposure = float(rng.uniform(0.80, 1.15))
    grain = float(rng.uniform(0.6, 2.6)) * blur(rng.standard_normal(shape, np.float32), 0.45)
    grain = grain + 0.5 * noise(rng, shape, (128, 96), 1)
    foreground, background = (
        np.clip(
            develop(layer * (vignette * exposure)[..., None]) * 255 + grain[..., None], 0, 255
        ).astype(np.float32)
        for layer in layers
    )
    share = (matte / np.float32(255))[..., None]
    image = np.rint(share * foreground + (1 - share) * background).astype(np.uint8)
    none = np.zeros(shape, bool)
    return SyntheticPortrait(
        image, matte, face & (matte > 0), foreground, background, scene, none, none
    )

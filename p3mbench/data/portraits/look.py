"""The random properties of a figure, drawn from the same distributions for all figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from p3mbench.data.portraits.paint import linear
from p3mbench.data.portraits.surface import Float

SKINS = (
    (244, 208, 182), (236, 194, 164), (226, 180, 148), (214, 164, 130), (198, 146, 112),
    (176, 124, 92), (150, 102, 74), (122, 82, 60), (96, 64, 48),
)  # fmt: skip
HAIRS = (
    (26, 21, 20), (38, 28, 24), (56, 38, 28), (84, 56, 38), (118, 80, 50), (160, 116, 70),
    (200, 160, 104), (140, 66, 36), (108, 42, 30), (150, 146, 142), (204, 200, 194),
)  # fmt: skip
HAIR_WEIGHTS = (0.16, 0.15, 0.15, 0.13, 0.1, 0.08, 0.07, 0.05, 0.03, 0.05, 0.03)
CLOTHES = (
    (36, 40, 52), (58, 62, 70), (232, 230, 224), (196, 200, 206), (34, 58, 98), (74, 106, 148),
    (122, 44, 44), (170, 66, 54), (52, 82, 62), (110, 122, 84), (188, 160, 118), (214, 184, 90),
    (96, 70, 96), (60, 108, 116), (206, 146, 146), (128, 92, 66),
)  # fmt: skip
EYES = ((74, 48, 32), (52, 34, 26), (92, 70, 40), (84, 110, 96), (92, 124, 148), (116, 128, 132))
STYLES = ("short", "swept", "buzz", "long", "wavy", "bob", "bangs", "curly", "afro", "bun", "bald")
STYLE_WEIGHTS = (0.13, 0.13, 0.06, 0.14, 0.13, 0.09, 0.09, 0.07, 0.05, 0.07, 0.04)
GARMENTS = ("crew", "vneck", "shirt", "suit", "hoodie", "turtleneck", "scarf", "tank")
GARMENT_WEIGHTS = (0.22, 0.12, 0.19, 0.14, 0.11, 0.09, 0.08, 0.05)
FABRICS = ("plain", "stripes", "check", "knit", "speckle")
FABRIC_WEIGHTS = (0.46, 0.17, 0.12, 0.15, 0.10)
HATS = ("none", "beanie", "brim", "cap")
HAT_WEIGHTS = (0.84, 0.07, 0.06, 0.03)


SKIN_SHARE = 0.4  # of the other person's skin
FACE_SEED = 6  # other streams of a look's seed draw its strands, skin, brows and glasses


@dataclass(frozen=True)
class Appearance:
    """One figure. Colours are linear RGB, lengths in units (half a head's width).

    Attributes:
        features: whether the figure has a face; mannequins have none.
        fullness: fullness of neck and shoulders, about 0 +- 1.
        jaw, cheeks, chin, nose: shape of the head, about 0 +- 1.
        yaw, pitch, roll: pose of the head, radians.
        lean: lean of the body, radians.
        side: side of the parting, -1 or 1.
        length: how far long hair falls below the eyes.
        smile: -0.3 .. 1.
        seed: seed of strands, textures and folds.
    """

    features: bool
    skin: Float
    hair: Float
    eyes: Float
    garment: str
    fabric: str
    cloth: Float
    second: Float
    style: str
    hat: str
    beard: str
    glasses: bool
    fullness: float
    jaw: float
    cheeks: float
    chin: float
    nose: float
    yaw: float
    pitch: float
    roll: float
    lean: float
    side: int
    length: float
    smile: float
    makeup: float
    seed: int


Casting = Callable[[Appearance], Appearance]
"""Returns another figure of the same outline, or the figure itself."""


def as_drawn(look: Appearance) -> Appearance:
    """Return the figure itself."""
    return look


def with_another_face(look: Appearance) -> Appearance:
    """Return the figure with another person's face, as a tool that replaces faces would make it.

    Eyes, mouth, brows, make-up and stubble are another person's, and partly the colour of the skin.
    Head, nose, hair, full beard, glasses and pose stay, so that the outline is the same to the
    pixel. A mannequin stays as it is. The result depends on the figure alone.
    """
    if not look.features:
        return look
    rng = np.random.default_rng([look.seed, FACE_SEED])
    other = draw_look(rng, True)
    bearded = look.beard if look.beard == "full" else ("none", "stubble")[int(rng.integers(2))]
    return replace(
        look,
        skin=np.asarray(look.skin ** (1 - SKIN_SHARE) * other.skin**SKIN_SHARE),
        eyes=other.eyes,
        smile=other.smile,
        makeup=other.makeup if look.beard == "none" else 0.0,
        beard=bearded,
    )


def met_again(person: Appearance, drawn: Appearance) -> Appearance:
    """Return ``person`` in the pose, mood and clothes of another drawn figure."""
    return replace(
        person,
        garment=drawn.garment,
        fabric=drawn.fabric,
        cloth=drawn.cloth,
        second=drawn.second,
        hat=drawn.hat if person.style not in ("afro", "bun") else "none",
        yaw=drawn.yaw,
        pitch=drawn.pitch,
        roll=drawn.roll,
        lean=drawn.lean,
        smile=drawn.smile,
    )


def draw_look(rng: np.random.Generator, features: bool) -> Appearance:
    """Draw a figure; a mannequin has the same odds as a person, but no face."""

    def pick(options: tuple[str, ...], weights: tuple[float, ...] | None = None) -> str:
        p = None if weights is None else np.asarray(weights) / sum(weights)
        return options[int(rng.choice(len(options), p=p))]

    def colour(options: tuple[tuple[int, int, int], ...], jitter: float) -> Float:
        chosen = np.asarray(options[int(rng.integers(len(options)))], float)
        moved = chosen * rng.uniform(1 - jitter, 1 + jitter) + rng.normal(0, 30 * jitter, 3)
        return linear(*np.clip(moved, 4, 250))

    skin, eyes = 0.88 * colour(SKINS, 0.05), colour(EYES, 0.1)
    hair_weights = np.asarray(HAIR_WEIGHTS)
    tone = np.asarray(HAIRS[int(rng.choice(len(HAIRS), p=hair_weights / hair_weights.sum()))])
    hair = linear(*np.clip(tone * rng.uniform(0.85, 1.15), 8, 230))
    style = pick(STYLES, STYLE_WEIGHTS)
    bearded = style not in ("long", "wavy", "bob", "bangs", "bun")
    beard = pick(("none", "stubble", "full"), (0.5, 0.3, 0.2)) if bearded else "none"
    values = rng.normal(0, 1, 5).clip(-1.6, 1.6)
    return Appearance(
        features=features,
        skin=skin,
        hair=hair,
        eyes=eyes,
        garment=pick(GARMENTS, GARMENT_WEIGHTS),
        fabric=pick(FABRICS, FABRIC_WEIGHTS),
        cloth=colour(CLOTHES, 0.12),
        second=colour(CLOTHES, 0.12),
        style=style,
        hat=pick(HATS, HAT_WEIGHTS) if style not in ("afro", "bun") else "none",
        beard=beard,
        glasses=bool(rng.random() < 0.18),
        fullness=float(values[0]) + (0.5 if bearded else -0.5),
        jaw=float(values[1]) + (0.5 if bearded else -0.4),
        cheeks=float(values[2]),
        chin=float(values[3]),
        nose=float(values[4]),
        yaw=float(np.clip(rng.normal(0, 0.24), -0.5, 0.5)),
        pitch=float(np.clip(rng.normal(0.0, 0.09), -0.2, 0.2)),
        roll=float(np.clip(rng.normal(0, 0.08), -0.2, 0.2)),
        lean=float(np.clip(rng.normal(0, 0.05), -0.12, 0.12)),
        side=1 if rng.random() < 0.5 else -1,
        length=float(rng.uniform(2.0, 3.6)),
        smile=float(rng.uniform(-0.15, 1.0)),
        makeup=0.0 if bearded else float(rng.uniform(0.1, 0.8)),
        seed=int(rng.integers(2**31)),
    )

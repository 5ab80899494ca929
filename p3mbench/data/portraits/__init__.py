"""Synthetic portraits with exact alpha: the images of the embedded benchmarks.

There are two worlds. Both draw people with skin, hair and clothes in front of places that look
photographed:

- ``mannequins``, a stress test: about half of the scenes also have figures drawn by the same code
  from the same distribution, but without a face. A mannequin is background. Only the face
  distinguishes a person from it, so hiding faces costs much. Images are exact composites.
- ``collection``: scenes as in portrait collections, taken by a simulated camera (`collection`,
  `camera`). Blur does not show who the person is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from p3mbench.data.portraits.collection import COLLECTION_VERSION, collected
from p3mbench.data.portraits.look import Casting, with_another_face
from p3mbench.data.portraits.scene import (
    GENERATOR_VERSION,
    SyntheticPortrait,
    mini_id,
    portrait,
    seed_of,
)


@dataclass(frozen=True)
class World:
    """A distribution of scenes.

    Attributes:
        draw: draws a portrait from a seed, (H, W) and, if they are others, the people in it.
        version: part of every row's key; each world has a different one.
    """

    draw: Callable[..., SyntheticPortrait]
    version: int | str


WORLDS = {
    "mannequins": World(portrait, GENERATOR_VERSION),
    "collection": World(collected, f"collection-{COLLECTION_VERSION}"),
}

__all__ = [
    "WORLDS",
    "Casting",
    "SyntheticPortrait",
    "World",
    "mini_id",
    "seed_of",
    "with_another_face",
]

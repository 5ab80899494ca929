"""Synthetic portraits with exact alpha: the images of the embedded benchmarks.

There are two worlds. In both, people are drawn with skin, hair and clothes before places that look
photographed:

- ``mannequins``, a stress test: about half of the scenes also have figures drawn by the same code
  from the same distribution, but without a face. A mannequin is background. Nothing but a face
  tells it from a person, so hiding faces costs much. Images are exact composites.
- ``collection``: scenes as portrait collections have them, taken by a camera (`collection`,
  `camera`). Blur tells nothing about who is the person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from p3mbench.data.portraits.collection import COLLECTION_VERSION, collected
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
        draw: from a seed and (H, W) to a portrait.
        version: part of every row's key; another one than any other world's.
    """

    draw: Callable[[int, tuple[int, int]], SyntheticPortrait]
    version: int | str


WORLDS = {
    "mannequins": World(portrait, GENERATOR_VERSION),
    "collection": World(collected, f"collection-{COLLECTION_VERSION}"),
}

__all__ = ["WORLDS", "SyntheticPortrait", "World", "mini_id", "seed_of"]

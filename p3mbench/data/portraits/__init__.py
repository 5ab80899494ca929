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

from dataclasses import dataclass
from functools import partial
from typing import Protocol

from p3mbench.data.portraits.collection import COLLECTION_VERSION, collected
from p3mbench.data.portraits.look import (
    Appearance,
    Casting,
    as_drawn,
    met_again,
    with_another_face,
)
from p3mbench.data.portraits.scene import (
    GENERATOR_VERSION,
    SyntheticPortrait,
    mini_id,
    portrait,
    seed_of,
)


class Draw(Protocol):
    """Draws a portrait from a seed and (H, W), with all people or the first one replaced."""

    def __call__(
        self,
        seed: int,
        size: tuple[int, int] = (256, 192),
        cast: Casting = as_drawn,
        first: Casting = as_drawn,
    ) -> SyntheticPortrait:
        """Draw."""
        ...


class _Shown(Exception):
    """Ends a drawing as soon as its first person is known: the rest costs most of the time."""

    def __init__(self, look: Appearance) -> None:
        super().__init__()
        self.look = look


def _show(look: Appearance) -> Appearance:
    raise _Shown(look)


@dataclass(frozen=True)
class World:
    """A distribution of scenes.

    Attributes:
        draw: draws a portrait from a seed, (H, W) and, if they are others, the people in it.
        version: part of every row's key; each world has a different one.
    """

    draw: Draw
    version: int | str

    def again(self, seed: int, scene: int, size: tuple[int, int]) -> SyntheticPortrait:
        """Draw the first person of portrait ``seed`` in the scene of portrait ``scene``.

        Face and hair are the person's; pose, mood, clothes, light and place are the scene's.
        """
        try:
            self.draw(seed, (64, 64), first=_show)
        except _Shown as shown:
            return self.draw(scene, size, first=partial(met_again, shown.look))
        raise ValueError(f"portrait {seed} has no person")


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

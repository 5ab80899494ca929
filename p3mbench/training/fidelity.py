"""How near a training is to what is published: data that each method keeps and its page shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Departure:
    """One thing that is otherwise here.

    Attributes:
        what: it is about, such as ``optimiser``.
        published: what the source has.
        here: what the preset ``paper`` has.
        why: they differ.
    """

    what: str
    published: str
    here: str
    why: str


@dataclass(frozen=True)
class Fidelity:
    """What was compared with what, and what remains.

    Attributes:
        losses: how the losses were checked: "equal to golden values of ...", "compared by reading
            ..." or "from the paper alone".
        rest: likewise optimiser, schedule, batch, crops, augmentation.
        departures: what is otherwise.
        formulas: where text and code disagree, what either says; see `Recipe.formula`. () where
            they agree, or where there is only one of them.
    """

    losses: str
    rest: str
    departures: tuple[Departure, ...] = ()
    formulas: tuple[tuple[str, str], ...] = ()


# What several methods share, since data and crops are the same for all of them.
NO_COMPOSITES = Departure(
    "training images",
    "foregrounds of Adobe's set composed onto COCO's photographs, anew each time",
    "the photographs of the training split as they are",
    "P3M-10k is natural images; composing them onto others would show the network another task",
)
ESTIMATED = Departure(
    "foreground and background colours",
    "those that the images were composed of",
    "estimated from image and alpha (p3mbench data foregrounds)",
    "natural images have no others",
)
ENCODER = Departure(
    "start of the encoder",
    "trained on ImageNet",
    "by chance, unless --encoder FILE is given",
    "no weights are shipped",
)

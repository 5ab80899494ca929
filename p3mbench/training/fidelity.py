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
class Disagreement:
    """One thing on which a paper's text and its code differ; the preset ``paper`` has the code's.

    Attributes:
        what: it is about.
        code, text: what either says.
        option: of ``p3mbench train``, that follows the text.
    """

    what: str
    code: str
    text: str
    option: str


FOLLOW_TEXT = "--formula text"


@dataclass(frozen=True)
class Fidelity:
    """What was compared with what, and what remains.

    Attributes:
        losses: how the losses were checked: "equal to golden values of ...", "compared by reading
            ..." or "from the paper alone".
        rest: likewise optimiser, schedule, batch, augmentation.
        departures: what is otherwise.
        disagreements: where text and code differ.
    """

    losses: str
    rest: str
    departures: tuple[Departure, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()

    @property
    def has_text(self) -> bool:
        """Whether `Recipe.formula` makes a difference."""
        return any(found.option == FOLLOW_TEXT for found in self.disagreements)


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
CLIPPING = Departure(
    "clipping of gradients",
    "at twice the moving average (0.999) of the gradient's norm",
    "none",
    "the average would have to be kept in the state of a run; it is not done yet",
)
DISTORTED = Departure(
    "distortion of foregrounds",
    "rotated, scaled, sheared and flipped, half of them with a second foreground over them, a "
    "quarter brought to 640x640",
    "flipped",
    "there are no foregrounds apart from their photographs",
)
TWO_KERNELS = Departure(
    "trimaps",
    "erosion and dilation by two kernels of 1 to 29 pixels",
    "by one kernel of 1 to 29 pixels, P3M's recipe",
    "a trimap of this suite is made of one kernel",
)
TRIMAPS_AT_640 = Departure(
    "size at which trimaps are drawn",
    "640x640, whatever the image's",
    "the image's",
    "640 pixels are about Adobe's crops; P3M-10k's images are larger",
)

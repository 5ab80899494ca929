"""How a training compares with the published one: data of each method, shown on its page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Departure:
    """One difference from the published training.

    Attributes:
        what: its topic, such as ``optimiser``.
        published: what the source does.
        here: what the preset ``paper`` does.
        why: the reason for the difference.
    """

    what: str
    published: str
    here: str
    why: str


@dataclass(frozen=True)
class Disagreement:
    """One point on which a paper's text and its code differ; the preset ``paper`` follows the code.

    Attributes:
        what: its topic.
        code, text: what each of them says.
        option: option of ``p3mbench train`` that follows the text.
    """

    what: str
    code: str
    text: str
    option: str


FOLLOW_TEXT = "--formula text"


@dataclass(frozen=True)
class Fidelity:
    """How a training was compared with its source, and the remaining differences.

    Attributes:
        losses: how the losses were checked: "equal to golden values of ...", "compared by reading
            ..." or "from the paper alone".
        rest: the same for optimiser, schedule, batch and augmentation.
        departures: differences from the source.
        disagreements: differences between the source's text and code.
    """

    losses: str
    rest: str
    departures: tuple[Departure, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()

    @property
    def has_text(self) -> bool:
        """Whether `Recipe.formula` makes a difference."""
        return any(found.option == FOLLOW_TEXT for found in self.disagreements)


# Departures of several methods, which share data and crops.
NO_COMPOSITES = Departure(
    "training images",
    "foregrounds of Adobe's set composed onto COCO's photographs, differently each time",
    "the unchanged photographs of the training split",
    "P3M-10k is natural images; composing them onto others would show the network another task",
)
ESTIMATED = Departure(
    "foreground and background colours",
    "the layers that the images were composed from",
    "estimated from image and alpha (p3mbench data foregrounds)",
    "natural images come without layers",
)
ENCODER = Departure(
    "start of the encoder",
    "trained on ImageNet",
    "random, unless --encoder FILE is given",
    "no weights are shipped",
)
CLIPPING = Departure(
    "clipping of gradients",
    "at twice the moving average (0.999) of the gradient's norm",
    "none",
    "the state of a run would have to store the average; this is not implemented yet",
)
DISTORTED = Departure(
    "distortion of foregrounds",
    "rotated, scaled, sheared and flipped; half of them under a second foreground, a quarter "
    "resized to 640x640",
    "flipped",
    "there are no separate foregrounds",
)
TWO_KERNELS = Departure(
    "trimaps",
    "erosion and dilation by two kernels of 1 to 29 pixels",
    "one kernel of 1 to 29 pixels, P3M's recipe",
    "trimaps in p3mbench use one kernel",
)
TRIMAPS_AT_640 = Departure(
    "size at which trimaps are drawn",
    "640x640 for every image",
    "the size of the image",
    "640 pixels are about the size of Adobe's crops; P3M-10k's images are larger",
)

"""How Deep Image Matting's training was compared with the published one; data only."""

from __future__ import annotations

from dataclasses import replace

from p3mbench.training.fidelity import ENCODER, ESTIMATED, NO_COMPOSITES, Departure, Fidelity

TRIMAPS = Departure(
    "trimaps",
    "drawn on the crop after it is resized, by two kernels of 1 to 29 pixels",
    "drawn on the image by one kernel of 1 to 29 pixels, P3M's recipe",
    "all methods share one loader",
)
MMAGIC = Fidelity(
    losses="equal to golden values and gradients of mmagic 0a560bb (its losses with the weights of "
    "configs/dim); the authors' code is not published",
    rest="compared by reading mmagic 459621a (configs/dim, stages 1 to 3)",
    departures=(
        ENCODER,
        NO_COMPOSITES,
        ESTIMATED,
        TRIMAPS,
    ),
)
SKIPS = replace(
    MMAGIC,
    losses="compared by reading huochaitiantang/pytorch-deep-image-matting 0ce2300 "
    "(core/train.py): the same terms and weights, whose values are golden for mmagic",
    rest="numbers of mmagic's configs/dim; the re-implementation's are options of its command",
)

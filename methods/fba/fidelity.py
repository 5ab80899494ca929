"""How FBA Matting's training was compared with the published one; data only."""

from __future__ import annotations

from p3mbench.training.fidelity import ENCODER, ESTIMATED, NO_COMPOSITES, Departure, Fidelity

FIDELITY = Fidelity(
    losses="from the paper alone: MarcoForte/FBA_Matting has no training code",
    rest="from the paper alone",
    departures=(
        ENCODER,
        NO_COMPOSITES,
        ESTIMATED,
        Departure(
            "weight decay",
            "0.005 of convolutions, 1e-5 of normalisations",
            "0.005 of all parameters",
            "a recipe has one weight decay",
        ),
        Departure(
            "composition losses",
            "sums over colours, in units that the text leaves open",
            "means over the channels of colours in [0, 1]",
            "a pixel has the same weight as in the alpha loss",
        ),
        Departure(
            "Laplacian of colours",
            "of each channel",
            "of the channels' mean",
            "a third of the work; the first-order terms see each channel",
        ),
    ),
)

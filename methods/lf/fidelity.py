"""How Late Fusion's training was compared with the published one; data only."""

from __future__ import annotations

from p3mbench.training.fidelity import ENCODER, NO_COMPOSITES, Departure, Fidelity

FIDELITY = Fidelity(
    losses="from the paper alone: the authors link an archive that could not be read",
    rest="from the paper alone",
    departures=(
        ENCODER,
        NO_COMPOSITES,
        Departure(
            "optimiser, rate, batch, epochs, lengths of the stages",
            "not taken from the paper",
            "Adam at 1e-4 that falls twice; 4; 30 epochs; 50, 20 and 30 % of them",
            "ours",
        ),
        Departure(
            "trimaps",
            "not taken from the paper",
            "P3M's kernels of 15 to 30",
            "the training images are P3M's",
        ),
    ),
)

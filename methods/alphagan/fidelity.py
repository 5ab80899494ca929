"""How AlphaGAN's training was compared with the published one; data only."""

from __future__ import annotations

from p3mbench.training.fidelity import (
    ENCODER,
    ESTIMATED,
    NO_COMPOSITES,
    Departure,
    Disagreement,
    Fidelity,
)

FIDELITY = Fidelity(
    losses="compared by reading CDOTAD/AlphaGAN-Matting (model/AlphaGAN.py, model/AlphaLoss.py; "
    "the weights at fa0f4ee); the authors' code is not published",
    rest="from the paper alone",
    departures=(
        ENCODER,
        NO_COMPOSITES,
        ESTIMATED,
        Departure(
            "epochs",
            "not given",
            "20",
            "ours",
        ),
        Departure(
            "normalisation in the discriminator",
            "batch normalisation",
            "instance normalisation",
            "equal for the paper's batch of one; verdicts do not depend on other samples",
        ),
    ),
    disagreements=(
        Disagreement(
            "learning rate (of the re-implementation's code; the preset follows the text)",
            "4e-4 by default",
            "2e-4",
            "none needed; --lr 4e-4 follows the code",
        ),
    ),
)

"""How AlphaGAN's training was compared with what is published; data only."""

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
            "with the paper's batch of one they are the same; so verdicts do not depend on others",
        ),
    ),
    disagreements=(
        Disagreement(
            "learning rate (the code is the re-implementation's, the preset has the text's)",
            "4e-4 by default",
            "2e-4",
            "none needed; --lr 4e-4 follows the code",
        ),
    ),
)

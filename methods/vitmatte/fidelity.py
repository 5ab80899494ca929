"""How ViTMatte's training was compared with the published one; data only."""

from __future__ import annotations

from p3mbench.training.fidelity import (
    DISTORTED,
    ENCODER,
    ESTIMATED,
    NO_COMPOSITES,
    TRIMAPS_AT_640,
    TWO_KERNELS,
    Departure,
    Fidelity,
)

FIDELITY = Fidelity(
    losses="equal to golden values and gradients of hustvl/ViTMatte 8cd7ef0 "
    "(modeling/criterion/matting_criterion.py)",
    rest="compared by reading hustvl/ViTMatte 5194861 and 8208811 (configs/ViTMatte_S_100ep.py, "
    "data/dim_dataset.py); the rates by layer are from earlier notes on its "
    "configs/common/optimizer.py",
    departures=(
        ENCODER,
        NO_COMPOSITES,
        ESTIMATED,
        DISTORTED,
        TWO_KERNELS,
        TRIMAPS_AT_640,
        Departure(
            "weight decay",
            "0.1; none for normalisations and the position embedding",
            "0.1 for all parameters",
            "a recipe has one weight decay",
        ),
        Departure(
            "precision",
            "mixed",
            "32 bits, unless --precision is given",
            "a recipe does not contain the precision",
        ),
    ),
)

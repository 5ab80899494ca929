"""How MatteFormer's training was compared with the published one; data only."""

from __future__ import annotations

from p3mbench.training.fidelity import (
    CLIPPING,
    DISTORTED,
    ENCODER,
    ESTIMATED,
    NO_COMPOSITES,
    TRIMAPS_AT_640,
    TWO_KERNELS,
    Departure,
    Disagreement,
    Fidelity,
)

FIDELITY = Fidelity(
    losses="equal to golden values and gradients of webtoon/matteformer f09f090 "
    "(trainers/trainer.py) during the warm-up; compared by reading afterwards (utils/util.py)",
    rest="compared by reading webtoon/matteformer 61bef5d (trainers/trainer.py, "
    "config/MatteFormer_Composition1k_titan.toml, dataloader/data_generator.py)",
    departures=(
        ENCODER,
        NO_COMPOSITES,
        ESTIMATED,
        DISTORTED,
        TWO_KERNELS,
        CLIPPING,
        TRIMAPS_AT_640,
        Departure(
            "batch",
            "10 for each GPU; the configuration does not give their number",
            "20 in all",
            "the paper trains on two",
        ),
        Departure(
            "steps in which the finer mattes refine",
            "a random half of the steps after the warm-up, for all images of a step",
            "the same; the draw is made on the GPU, and both variants are computed",
            "reading the draw would make the CPU wait for the GPU",
        ),
    ),
    disagreements=(Disagreement("learning rate", "1e-3", "4e-4", "--lr 4e-4"),),
)

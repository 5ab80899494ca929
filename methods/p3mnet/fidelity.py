"""How P3M-Net's training was compared with the published one; data only."""

from __future__ import annotations

from dataclasses import replace

from p3mbench.training.fidelity import ENCODER, Departure, Fidelity

COLOURS = Departure(
    "foreground and background colours",
    "files that the authors estimated; their release of 2024 has some",
    "estimated by p3mbench data foregrounds, or any files given with --foregrounds",
    "the release of 2021 has none, and no release shows unblurred faces",
)
R34 = Fidelity(
    losses="equal to golden values and gradients of JizhiziLi/P3M 9f9390f (core/train.py, "
    "core/evaluate.py), one whole step included",
    rest="compared by reading JizhiziLi/P3M (core/train.py, core/data.py, scripts/train.sh)",
    departures=(ENCODER, COLOURS),
)
OTHER_ENCODER = replace(
    R34,
    losses="the code of P3M-Net (R34), whose values are golden",
    rest="not compared: no training code of ViTAE-Transformer/P3M-Net was found",
    departures=(
        *R34.departures,
        Departure(
            "optimiser, rate, batch, epochs",
            "not found for this encoder",
            "those of P3M-Net (R34)",
            "the closest published values",
        ),
    ),
)
BASIC = replace(
    R34,
    losses="from the paper alone; each term is that of P3M-Net (R34), whose values are golden",
    rest="from the paper alone",
    departures=(
        *R34.departures,
        Departure(
            "weight of the classes",
            "not given for a network without side outputs",
            "the sum of P3M-Net's weights of global and side outputs",
            "classes have the same total weight",
        ),
    ),
)
BY_ENCODER = {"r34": R34, "basic": BASIC, "vitae-s": OTHER_ENCODER, "swin-t": OTHER_ENCODER}

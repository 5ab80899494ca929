"""How SHM's training was compared with the published one; data only."""

from __future__ import annotations

from p3mbench.training.fidelity import ENCODER, ESTIMATED, NO_COMPOSITES, Departure, Fidelity

FIDELITY = Fidelity(
    losses="from the paper alone; nikhilweee/semantic-human-matting 193dab5 (train.py, not the "
    "authors') has the same terms and weights in the end-to-end stage",
    rest="from the paper alone",
    departures=(
        ENCODER,
        NO_COMPOSITES,
        ESTIMATED,
        Departure(
            "patches",
            "400 for the T-Net, 320 for the M-Net, 800 end to end",
            "800 in all stages",
            "a recipe has one size",
        ),
        Departure(
            "batch, epochs, lengths of the stages",
            "not given",
            "8; 20 epochs; 30, 20 and 50 % of them",
            "ours",
        ),
        Departure(
            "auxiliary classification",
            "not mentioned",
            "PSPNet's, with its weight of 0.4",
            "the T-Net is PSPNet",
        ),
    ),
)

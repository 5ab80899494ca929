"""How HAttMatting's training was compared with the published one; data only."""

from __future__ import annotations

from p3mbench.training.fidelity import ENCODER, NO_COMPOSITES, Departure, Fidelity

FIDELITY = Fidelity(
    losses="from the paper alone; Windaway/HAttMatting 44b4643 (train_wganmatting.py, not the "
    "authors') has the same weights of 1, 0.1 and 0.05",
    rest="from the paper alone",
    departures=(
        ENCODER,
        NO_COMPOSITES,
        Departure(
            "discriminator",
            "its form is not given; Windaway's loss is a Wasserstein distance",
            "PatchGAN with least-squares losses",
            "as for AlphaGAN here",
        ),
        Departure(
            "batch, epochs, weight decay, clipping",
            "not taken from the paper",
            "4; 20 epochs; 5e-4; norm of 1",
            "ours; the weight decay is also Windaway's",
        ),
    ),
)

"""How MODNet's training was compared with the published one; data only."""

from __future__ import annotations

from p3mbench.training.fidelity import ENCODER, NO_COMPOSITES, Departure, Fidelity

FIDELITY = Fidelity(
    losses="equal to golden values and gradients of ZHKKKe/MODNet 28165a4 (src/trainer.py)",
    rest="compared by reading ZHKKKe/MODNet 27db49f (src/trainer.py, src/matting_dataset.py)",
    departures=(
        ENCODER,
        NO_COMPOSITES,
        Departure(
            "crops and trimaps",
            "not published for the released weights; a later example resizes whole images to "
            "512x512 and draws trimaps by kernels of 2 to 4 pixels, 5 to 14 times",
            "crops of 512, 768, 1024 or the whole height anywhere, kernels of 15 to 30",
            "P3M's sizes, since the training images are P3M's",
        ),
        Departure(
            "adaptation to videos",
            "self-supervised, after the training",
            "none",
            "the benchmark has no videos",
        ),
    ),
)

"""How GCA Matting's training was compared with the published one; data only."""

from __future__ import annotations

from p3mbench.training.fidelity import (
    CLIPPING,
    DISTORTED,
    ENCODER,
    ESTIMATED,
    NO_COMPOSITES,
    TWO_KERNELS,
    Fidelity,
)

FIDELITY = Fidelity(
    losses="compared by reading mmagic 07ceb60 (configs/gca) and webtoon/matteformer "
    "(trainers/trainer.py, a copy with golden values); "
    "Yaoyi-Li/GCA-Matting's own trainer could not be read",
    rest="compared by reading Yaoyi-Li/GCA-Matting 9214fb4 (config/gca-dist-all-data.toml, "
    "utils/config.py, dataloader/data_generator.py)",
    departures=(ENCODER, NO_COMPOSITES, ESTIMATED, DISTORTED, TWO_KERNELS, CLIPPING),
)

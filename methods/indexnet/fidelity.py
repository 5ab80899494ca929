"""How IndexNet Matting's training was compared with the published one; data only."""

from __future__ import annotations

from p3mbench.training.fidelity import ENCODER, ESTIMATED, NO_COMPOSITES, Departure, Fidelity

FIDELITY = Fidelity(
    losses="equal to golden values and gradients of poppinace/indexnet_matting 4beb06a "
    "(scripts/hltrainval.py); mmagic 0a560bb has the same terms and weights",
    rest="compared by reading poppinace/indexnet_matting 036c7da (scripts/hltrainval.py, "
    "scripts/hldataset.py, train.sh) and mmagic (configs/indexnet)",
    departures=(
        ENCODER,
        NO_COMPOSITES,
        ESTIMATED,
        Departure(
            "batch normalisation of the encoder",
            "frozen as ImageNet left it",
            "trained",
            "its MobileNetV2 cannot be loaded here, and random statistics should not be frozen",
        ),
        Departure(
            "trimaps",
            "pixels within 1 to 19 of a fractional alpha",
            "P3M's recipe with kernels of 3 to 39, which are about as wide",
            "trimaps in p3mbench use one kernel",
        ),
        Departure(
            "resizing of crops",
            "bicubic, trimaps by nearest neighbours",
            "linear, trimaps too",
            "all methods share one loader",
        ),
        Departure(
            "images smaller than a crop",
            "enlarged to 500 pixels",
            "cropped to the largest size that fits",
            "no image of P3M-10k is that small",
        ),
    ),
)

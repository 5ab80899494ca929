"""What GCA Matting is; importing this costs nothing (torch waits for ``load``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from p3mbench.method import (
    PRECISIONS,
    Checkpoint,
    Kind,
    MethodInfo,
    Predictor,
    TrainSetting,
    check_strategy,
)
from p3mbench.weights import required

if TYPE_CHECKING:
    from p3mbench.training.recipe import Training

LICENCE = "non-commercial (Adobe Deep Image Matting data set)"
TRAIN_SETS = ("Adobe Composition-1k/train",)


@dataclass(frozen=True)
class GCAMethod:
    """GCA Matting; takes the authors' checkpoints and mmagic's.

    Attributes:
        strategy: ``native``: at the image's own size, padded by reflection to multiples of 32 below
            and on the right, as the authors evaluate; ``margin``: with 32 pixels more on every
            side, as in their demo.
    """

    strategy: str = "native"

    info: ClassVar[MethodInfo] = MethodInfo(
        name="gca",
        title="GCA",
        kind=Kind.TRIMAP_BASED,
        year=2020,
        citation="Li and Lu, Natural Image Matting via Guided Contextual Attention, AAAI 2020, "
        "arXiv:2001.04069",
        learned=True,
        precisions=PRECISIONS,
        parameters=25_269_144,
        strategies=("native", "margin"),
        checkpoints=(
            Checkpoint(
                name="authors",
                file="gca-dist.pth",
                where="linked in the README of github.com/Yaoyi-Li/GCA-Matting, Google Drive id "
                "1ti_a46lKEH2Hk2fAB11BbyKfYj0rxNK0",
                train_setting=TrainSetting.OTHER,
                train_sets=TRAIN_SETS,
                licence=LICENCE,
            ),
            Checkpoint(
                name="all-data",
                file="gca-dist-all-data.pth",
                where="linked in the README of github.com/Yaoyi-Li/GCA-Matting, Google Drive id "
                "1GrFrV7guwOQB3N1-bx1iByw_LJNYnIw_",
                train_setting=TrainSetting.OTHER,
                train_sets=TRAIN_SETS,
                licence=LICENCE,
            ),
            Checkpoint(
                name="mmagic",
                file="gca_r34_4x10_200k_comp1k_SAD-33.38_20220615-65595f39.pth",
                where="https://download.openmmlab.com/mmediting/mattors/gca/",
                train_setting=TrainSetting.OTHER,
                train_sets=TRAIN_SETS,
                licence=LICENCE,
            ),
        ),
    )

    def __post_init__(self) -> None:
        check_strategy(self)

    def load(self, device: str, weights: Path | None) -> Predictor:
        """Read the checkpoint, in either layout, and make the predictor.

        Raises:
            WeightsError: no weights were given, or they are unsafe, damaged or of another network.
        """
        path = required(self.info, weights)
        from .method import load

        return load(device, path, self.strategy)

    def training(self) -> Training:
        """The network, losses and recipes it is trained with."""
        from .training import GCATraining

        return GCATraining()

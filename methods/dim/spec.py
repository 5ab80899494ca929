"""What Deep Image Matting is; importing this costs nothing (torch waits for ``load``)."""

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

CITATION = "Xu et al., Deep Image Matting, CVPR 2017, arXiv:1703.03872"
TRAIN_SETS = ("Adobe Composition-1k/train",)


@dataclass(frozen=True)
class DIMPlain:
    """Deep Image Matting as in the paper, without skips, by the re-implementation of mmagic.

    Attributes:
        strategy: ``native``: at the image's own size, padded to multiples of 32 by reflection.
        refiner: False for checkpoints of stage 1, which have no refining network.
    """

    strategy: str = "native"
    refiner: bool = True

    info: ClassVar[MethodInfo] = MethodInfo(
        name="dim",
        title="DIM",
        kind=Kind.TRIMAP_BASED,
        year=2017,
        citation=CITATION,
        learned=True,
        precisions=PRECISIONS,
        parameters=26_276_802,
        strategies=("native",),
        checkpoints=(
            Checkpoint(
                name="mmagic",
                file="dim_stage3_v16_pln_1x1_1000k_comp1k_SAD-50.6_20200609_111851-647f24b6.pth",
                where="https://download.openmmlab.com/mmediting/mattors/dim/",
                train_setting=TrainSetting.OTHER,
                train_sets=TRAIN_SETS,
                licence="non-commercial (Adobe Deep Image Matting data set)",
            ),
        ),
    )

    def __post_init__(self) -> None:
        check_strategy(self)

    def load(self, device: str, weights: Path | None) -> Predictor:
        """Read the checkpoint and make the predictor.

        Raises:
            WeightsError: no weights were given, or they are unsafe, damaged or of another network.
        """
        path = required(self.info, weights)
        from .method import load_plain

        return load_plain(device, path, self.refiner)

    def training(self) -> Training:
        """The network, losses and recipes it is trained with."""
        from .training import DIMTraining

        return DIMTraining(None, self.refiner)


@dataclass(frozen=True)
class DIMSkip:
    """Deep Image Matting with added skips, by the re-implementation of huochaitiantang.

    Attributes:
        strategy: ``resize``: both sides lowered to a multiple of 32 and capped at 1600.
        refiner: True for checkpoints of stage 3; only stage 1 is published.
        skips: False for the checkpoint ``stage1_sad_54.4.pth``: its tensors have the same names,
            but it was trained before the skips were added, and with them its mattes are wrong.
    """

    strategy: str = "resize"
    refiner: bool = False
    skips: bool = True

    info: ClassVar[MethodInfo] = MethodInfo(
        name="dim-skip",
        title="DIM (skips)",
        kind=Kind.TRIMAP_BASED,
        year=2017,
        citation=CITATION,
        learned=True,
        precisions=PRECISIONS,
        parameters=28_297_153,
        strategies=("resize",),
        checkpoints=(
            Checkpoint(
                name="stage1",
                file="stage1_skip_sad_52.9.pth",
                where="release V1.5 of github.com/huochaitiantang/pytorch-deep-image-matting",
                train_setting=TrainSetting.OTHER,
                train_sets=TRAIN_SETS,
                licence="none given; trained on the non-commercial Adobe data set",
            ),
        ),
    )

    def __post_init__(self) -> None:
        check_strategy(self)

    def load(self, device: str, weights: Path | None) -> Predictor:
        """Read the checkpoint and make the predictor.

        Raises:
            WeightsError: no weights were given, or they are unsafe, damaged or of another network.
        """
        path = required(self.info, weights)
        from .method import load_skip

        return load_skip(device, path, self.refiner, self.skips)

    def training(self) -> Training:
        """The network, losses and recipes it is trained with."""
        from .training import DIMTraining

        return DIMTraining(self.skips, self.refiner)

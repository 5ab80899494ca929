"""What MatteFormer is; importing this costs nothing (torch waits for ``load``)."""

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


@dataclass(frozen=True)
class MatteFormerMethod:
    """MatteFormer, as its authors ran it.

    Attributes:
        strategy: ``native``: at the image's own size, padded by reflection by 32 pixels and to
            multiples of 32; where the matte at 1/8 is uncertain that at 1/4 takes its place, and
            then the one at full size.
    """

    strategy: str = "native"

    info: ClassVar[MethodInfo] = MethodInfo(
        name="matteformer",
        title="MatteFormer",
        kind=Kind.TRIMAP_BASED,
        year=2022,
        citation="Park et al., MatteFormer: Transformer-Based Image Matting via Prior-Tokens, "
        "CVPR 2022, arXiv:2203.15662",
        learned=True,
        precisions=PRECISIONS,
        parameters=44_813_136,
        strategies=("native",),
        checkpoints=(
            Checkpoint(
                name="adobe",
                file="best_model.pth",
                where="linked in the README of github.com/webtoon/matteformer, Google Drive id "
                "1AU7uM1dtYjEhtOa_9OGfoQUE-tmW9mX5",
                train_setting=TrainSetting.OTHER,
                train_sets=("Adobe Composition-1k/train",),
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
        from .method import load

        return load(device, path)

    def training(self) -> Training:
        """The network, losses and recipes it is trained with."""
        from .training import MatteFormerTraining

        return MatteFormerTraining()

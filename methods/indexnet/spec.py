"""What IndexNet Matting is; importing this costs nothing (torch waits for ``load``)."""

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

TRAIN_SETS = ("Adobe Composition-1k/train",)


@dataclass(frozen=True)
class IndexNetMethod:
    """IndexNet Matting with a MobileNetV2 encoder; takes the authors' checkpoint and mmagic's.

    Attributes:
        strategy: how image and trimap are brought to sides that are multiples of 32.

            * ``enlarged``: the authors' way: up to the next multiples, the image with a cubic
              window and the trimap by nearest pixels; the matte goes back with a cubic window.
            * ``reduced``: mmagic's way: down to the multiples below, image and trimap with a cubic
              window.
    """

    strategy: str = "enlarged"

    info: ClassVar[MethodInfo] = MethodInfo(
        name="indexnet",
        title="IndexNet",
        kind=Kind.TRIMAP_BASED,
        year=2019,
        citation="Lu et al., Indices Matter: Learning to Index for Deep Image Matting, ICCV 2019, "
        "arXiv:1908.00672",
        learned=True,
        precisions=PRECISIONS,
        parameters=5_953_515,
        strategies=("enlarged", "reduced"),
        checkpoints=(
            Checkpoint(
                name="authors",
                file="indexnet_matting.pth.tar",
                where="in the repository github.com/poppinace/indexnet_matting, folder pretrained",
                train_setting=TrainSetting.OTHER,
                train_sets=TRAIN_SETS,
                licence="non-commercial (code and model; Adobe Deep Image Matting data set)",
            ),
            Checkpoint(
                name="mmagic",
                file="indexnet_mobv2_1x16_78k_comp1k_SAD-45.6_20200618_173817-26dd258d.pth",
                where="https://download.openmmlab.com/mmediting/mattors/indexnet/",
                train_setting=TrainSetting.OTHER,
                train_sets=TRAIN_SETS,
                licence="non-commercial (Adobe Deep Image Matting data set)",
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
        from .training import IndexNetTraining

        return IndexNetTraining()

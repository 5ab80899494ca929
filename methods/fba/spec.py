"""The facts on FBA Matting; ``load`` imports torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from p3mbench.errors import MethodError
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

STANDARDISATIONS = ("head", "2020")


@dataclass(frozen=True)
class FBA:
    """FBA Matting (ResNet-50, group norm and weight standardisation), as its authors ran it.

    Attributes:
        strategy: how the image is resized to the next multiple of 8 and the matte back.

            * ``native``: bilinearly, as the published code does, because it passes Lanczos as
              another argument of OpenCV.
            * ``native-lanczos``: with Lanczos, as the code intends.

        standardisation: the formula that standardises the filters. ``head`` is the current
            published code; ``2020`` is the code that ``FBA.pth`` was published with. With
            random weights the two differ by 0.0025 in alpha on average.
    """

    strategy: str = "native"
    standardisation: str = "head"

    info: ClassVar[MethodInfo] = MethodInfo(
        name="fba",
        title="FBA Matting",
        kind=Kind.TRIMAP_BASED,
        year=2020,
        citation="Forte, Pitie, F, B, Alpha Matting, arXiv:2003.07711",
        learned=True,
        precisions=PRECISIONS,
        parameters=34_693_031,
        strategies=("native", "native-lanczos"),
        version=2,  # 1 resized by Lanczos
        checkpoints=(
            Checkpoint(
                name="adobe",
                file="FBA.pth",
                where="linked in the README of github.com/MarcoForte/FBA_Matting, Google Drive id "
                "1T_oiKDE_biWf2kqexMEN7ObWqtXAzbB1",
                train_setting=TrainSetting.OTHER,
                train_sets=("Adobe Composition-1k/train",),
                licence="non-commercial (Adobe Deep Image Matting data set)",
            ),
        ),
    )

    def __post_init__(self) -> None:
        check_strategy(self)
        if self.standardisation not in STANDARDISATIONS:
            have = ", ".join(STANDARDISATIONS)
            raise MethodError(
                f"option standardisation of fba is one of {have}, not {self.standardisation!r}"
            )

    def load(self, device: str, weights: Path | None) -> Predictor:
        """Read the checkpoint and make the predictor.

        Raises:
            WeightsError: no weights were given, or they are unsafe, damaged or of another network.
        """
        path = required(self.info, weights)
        from .method import load

        return load(device, path, self.standardisation, self.strategy)

    def training(self) -> Training:
        """Return its network, losses and recipes."""
        from .training import FBATraining

        return FBATraining(self.standardisation)

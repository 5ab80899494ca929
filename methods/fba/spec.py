"""What FBA Matting is; importing this costs nothing (torch waits for ``load``)."""

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
        strategy: how an image is brought to the next multiple of 8 and its matte back.

            * ``native``: bilinearly, as the published code does: it names Lanczos in the place of
              another argument of OpenCV.
            * ``native-lanczos``: by Lanczos, which the code means.

        standardisation: the formula that standardises the filters. ``head`` is the published code
            as it stands today; ``2020`` is the code that ``FBA.pth`` was published with. With
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
        """The network, losses and recipes it is trained with."""
        from .training import FBATraining

        return FBATraining(self.standardisation)

"""What AlphaGAN is; importing this costs nothing (torch waits for ``load``)."""

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

WHERE = (
    "linked as SAD=68.61 in the README of github.com/CDOTAD/AlphaGAN-Matting (unofficial), Google "
    "Drive id 1yFRSjTNlAycmio8B-aibR7ZfYB9oZ-H3; a later one, SAD=61.9, is linked beside it, id "
    "1mICVWsQYGz3FrwiVZCnhsp56OAh-9coS"
)


@dataclass(frozen=True)
class AlphaGAN:
    """AlphaGAN's generator, by the re-implementation of CDOTAD; no official code exists.

    Attributes:
        strategy: ``resize``: both sides lowered to a multiple of 32 and capped at 6400.
    """

    strategy: str = "resize"

    info: ClassVar[MethodInfo] = MethodInfo(
        name="alphagan",
        title="AlphaGAN",
        kind=Kind.TRIMAP_BASED,
        year=2018,
        citation="Lutz et al., AlphaGAN: Generative Adversarial Networks for Natural Image "
        "Matting, BMVC 2018, arXiv:1807.10088",
        learned=True,
        precisions=PRECISIONS,
        parameters=40_302_336,
        strategies=("resize",),
        checkpoints=(
            Checkpoint(
                name="cdotad",
                file="netG_best_sad_68.pth",
                where=WHERE,
                train_setting=TrainSetting.OTHER,
                train_sets=("Adobe Composition-1k/train",),
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
        from .method import load

        return load(device, path)

    def training(self) -> Training:
        """The network, losses and recipes it is trained with."""
        from .training import AlphaGANTraining

        return AlphaGANTraining()

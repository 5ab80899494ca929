"""What MODNet is; importing this costs nothing (torch waits for ``load``)."""

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

WHERE = (
    "linked in pretrained/README.md of github.com/ZHKKKe/MODNet, Google Drive folder "
    "1umYmlCulvIFNaqPjwod1SayFmSRHziyR"
)


def checkpoint_of(name: str, file: str) -> Checkpoint:
    """One of the checkpoints of MODNet's authors, whose training images are not published."""
    return Checkpoint(
        name=name,
        file=file,
        where=WHERE,
        train_setting=TrainSetting.OTHER,
        train_sets=("MODNet authors' portraits (not published)",),
        licence="Apache-2.0",
    )


@dataclass(frozen=True)
class MODNetPhotographic:
    """MODNet with a MobileNetV2 encoder.

    Attributes:
        strategy: ``resize``, as the authors' demo: the shorter side becomes 512 unless 512 lies
            between the two, and areas are averaged, on the matte's way back too.
        side: what the shorter side becomes; 512 as published.
    """

    strategy: str = "resize"
    side: int = 512

    info: ClassVar[MethodInfo] = MethodInfo(
        name="modnet",
        title="MODNet",
        kind=Kind.TRIMAP_FREE,
        year=2022,
        citation="Ke et al., MODNet: Real-Time Trimap-Free Portrait Matting via Objective "
        "Decomposition, AAAI 2022, arXiv:2011.11961",
        learned=True,
        precisions=PRECISIONS,
        parameters=6_487_075,
        strategies=("resize",),
        checkpoints=(
            checkpoint_of("photographic", "modnet_photographic_portrait_matting.ckpt"),
            checkpoint_of("webcam", "modnet_webcam_portrait_matting.ckpt"),
        ),
    )

    def __post_init__(self) -> None:
        check_strategy(self)
        if self.side < 32:
            raise MethodError(f"option side of modnet must be 32 or more, not {self.side}")

    def load(self, device: str, weights: Path | None) -> Predictor:
        """Read the checkpoint and make the predictor.

        Raises:
            WeightsError: no weights were given, or they are unsafe, damaged or of another network.
        """
        path = required(self.info, weights)
        from .method import load

        return load(device, path, self.side)

    def training(self) -> Training:
        """The network, losses and recipes it is trained with."""
        from .training import MODNetTraining

        return MODNetTraining()

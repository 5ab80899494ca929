"""What HATT is; importing this costs nothing (torch waits for ``load``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from p3mbench.method import PRECISIONS, Kind, MethodInfo, Predictor, check_strategy
from p3mbench.weights import required

if TYPE_CHECKING:
    from p3mbench.training.recipe import Training


@dataclass(frozen=True)
class HATTMethod:
    """HAttMatting: channel attention on what the image means, spatial attention on how it looks.

    Built from the paper; see the network's module for what had to be decided.

    Attributes:
        strategy: ``resize``, the P3M paper's test protocol: at half size, the matte enlarged.
    """

    strategy: str = "resize"

    info: ClassVar[MethodInfo] = MethodInfo(
        name="hatt",
        title="HATT",
        kind=Kind.TRIMAP_FREE,
        year=2020,
        citation=(
            "Qiao et al., Attention-Guided Hierarchical Structure Aggregation for Image Matting, "
            "CVPR 2020"
        ),
        learned=True,
        precisions=PRECISIONS,
        parameters=61_372_354,
        strategies=("resize",),
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
        from .training import HATTTraining

        return HATTTraining()

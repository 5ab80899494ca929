"""What SHM is; importing this costs nothing (torch waits for ``load``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from p3mbench.errors import MethodError
from p3mbench.method import PRECISIONS, Kind, MethodInfo, Predictor, check_strategy
from p3mbench.weights import required

if TYPE_CHECKING:
    from p3mbench.training.recipe import Training

GUIDES = ("softmax", "logits")


@dataclass(frozen=True)
class SHMMethod:
    """Semantic Human Matting: one network guesses a trimap, another refines the matte by it.

    Built from the paper: its authors released neither code nor weights. See the network's module
    for what had to be decided.

    Attributes:
        guide: what the refining network is told of the trimap: ``softmax`` as in the paper, or
            ``logits`` for checkpoints of the public re-implementation nikhilweee.
        strategy: ``resize``, the P3M paper's test protocol: at half size, the matte enlarged.
    """

    guide: str = "softmax"
    strategy: str = "resize"

    info: ClassVar[MethodInfo] = MethodInfo(
        name="shm",
        title="SHM",
        kind=Kind.TRIMAP_FREE,
        year=2018,
        citation="Chen et al., Semantic Human Matting, ACM MM 2018, arXiv:1809.01354",
        learned=True,
        precisions=PRECISIONS,
        parameters=74_651_465,
        strategies=("resize",),
    )

    def __post_init__(self) -> None:
        check_strategy(self)
        if self.guide not in GUIDES:
            raise MethodError(f"option guide of shm must be softmax or logits, not {self.guide!r}")

    def load(self, device: str, weights: Path | None) -> Predictor:
        """Read the checkpoint and make the predictor.

        Raises:
            WeightsError: no weights were given, or they are unsafe, damaged or of another network.
        """
        path = required(self.info, weights)
        from .method import load

        return load(device, path, cast(Literal["softmax", "logits"], self.guide))

    def training(self) -> Training:
        """The network, losses and recipes it is trained with."""
        from .training import SHMTraining

        return SHMTraining(cast(Literal["softmax", "logits"], self.guide))

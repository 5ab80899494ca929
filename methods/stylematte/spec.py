"""The facts on StyleMatte; ``load`` imports torch and transformers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from p3mbench.errors import MethodError
from p3mbench.method import (
    Checkpoint,
    Kind,
    MethodInfo,
    Predictor,
    TrainSetting,
    check_extra,
    check_strategy,
)
from p3mbench.weights import required

WHERE = (
    "stylematte.zip, linked in the README of github.com/chroneus/stylematte "
    "(https://sc.link/lYkM5); unpack it first"
)
LICENCE = "none stated in its repository"


@dataclass(frozen=True)
class StyleMatte:
    """StyleMatte, as its authors ran it on P3M-500.

    Neither its weights nor an output of its code were at hand. Checked instead: names, shapes and
    size of the published file by the repository, the pixel decoder against transformers, padding
    and guided filter against their formulas.

    Attributes:
        strategy: ``native``: at the image's own size, padded by reflection to multiples of 8.
        epsilon: added to the variance in the guided filter: 1e-8 in its repository; copies of the
            code in other projects have 1e-4.
    """

    strategy: str = "native"
    epsilon: float = 1e-8

    info: ClassVar[MethodInfo] = MethodInfo(
        name="stylematte",
        title="StyleMatte",
        kind=Kind.TRIMAP_FREE,
        year=2023,
        citation="Chicherin, Efremyan, Adversarially-Guided Portrait Matting, arXiv:2305.02981",
        learned=True,
        parameters=34_912_123,
        strategies=("native",),
        checkpoints=(
            Checkpoint(
                name="pure",
                file="stylematte_pure.pth",
                where=WHERE,
                train_setting=TrainSetting.BLURRED,
                train_sets=("P3M-10k/train",),
                licence=LICENCE,
            ),
            Checkpoint(
                name="synth",
                file="stylematte_synth.pth",
                where=WHERE,
                train_setting=TrainSetting.OTHER,
                train_sets=("P3M-10k/train", "StyleMatteGAN's portraits"),
                licence=LICENCE,
            ),
        ),
        extra="vitmatte",
        imports=("transformers",),
    )

    def __post_init__(self) -> None:
        check_strategy(self)
        if not 0 < self.epsilon < 1:
            raise MethodError(
                f"option epsilon of stylematte must be between 0 and 1, not {self.epsilon}"
            )

    def load(self, device: str, weights: Path | None) -> Predictor:
        """Read the checkpoint and make the predictor.

        Raises:
            MethodError: the ``transformers`` package is not installed.
            WeightsError: no weights were given, or they are unsafe, damaged or of another network.
        """
        check_extra(self.info)
        path = required(self.info, weights)
        from .method import load

        return load(device, path, self.epsilon)

    def sample_weights(self, folder: Path) -> Path:
        """Write a thin network with random weights, for ``p3mbench check``."""
        check_extra(self.info)
        from .method import sample

        return sample(self.info.name, folder)

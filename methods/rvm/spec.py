"""The facts on RVM; ``load`` imports torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

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

REFINERS = ("deep", "fast")


def info_of(encoder: str, title: str, parameters: int) -> MethodInfo:
    """Describe RVM with an encoder; its documentation/training.md names the training sets."""
    return MethodInfo(
        name=f"rvm-{encoder}",
        title=f"RVM ({title})",
        kind=Kind.TRIMAP_FREE,
        year=2022,
        citation="Lin et al., Robust High-Resolution Video Matting with Temporal Guidance, "
        "WACV 2022, arXiv:2108.11515",
        learned=True,
        precisions=PRECISIONS,
        parameters=parameters,
        strategies=("auto", "native"),
        checkpoints=(
            Checkpoint(
                name="official",
                file=f"rvm_{encoder}.pth",
                where="https://github.com/PeterL1n/RobustVideoMatting/releases/download/v1.0.0/",
                train_setting=TrainSetting.OTHER,
                train_sets=(
                    "VideoMatte240K/train",
                    "Distinctions-646/train",
                    "Adobe Composition-1k/train",
                    "COCO/train",
                    "YouTubeVIS/train",
                    "Supervisely Person",
                ),
                licence="GPL-3.0",
            ),
        ),
    )


@dataclass(frozen=True)
class _RVM:
    strategy: str = "auto"
    refiner: str = "deep"

    info: ClassVar[MethodInfo]
    encoder: ClassVar[str]

    def __post_init__(self) -> None:
        check_strategy(self)
        if self.refiner not in REFINERS:
            have = ", ".join(REFINERS)
            raise MethodError(
                f"option refiner of {self.info.name} is one of {have}, not {self.refiner!r}"
            )

    def load(self, device: str, weights: Path | None) -> Predictor:
        """Read the checkpoint and make the predictor.

        Raises:
            WeightsError: no weights were given, or they are unsafe, damaged or of another network.
        """
        path = required(self.info, weights)
        from .method import load

        return load(device, path, self.encoder, self.strategy, self.refiner == "deep")

    def sample_weights(self, folder: Path) -> Path:
        """Write a thin network with random weights, for ``p3mbench check``."""
        from .method import sample

        return sample(self.encoder, self.info.name, folder)


@dataclass(frozen=True)
class RVMMobileNetV3(_RVM):
    """RVM with a MobileNetV3 encoder, on single images.

    The network gives the published code's outputs for the same weights: one frame, the next one
    with its states, and one at half size with the trained filter. ``fast`` is checked by formula.

    Attributes:
        strategy: the size of encoder and decoder.

            * ``auto``: the published rule; the longer side becomes 512 if it is larger, and a
              guided filter carries the matte to the image's size.
            * ``native``: the image's size, without the filter.

        refiner: the guided filter of ``auto``.

            * ``deep``: with the parts that were trained.
            * ``fast``: without them, as the published code offers.
    """

    info: ClassVar[MethodInfo] = info_of("mobilenetv3", "MobileNetV3", 3_748_633)
    encoder: ClassVar[str] = "mobilenetv3"


@dataclass(frozen=True)
class RVMResNet50(_RVM):
    """RVM with a ResNet-50 encoder, on single images; checked as rvm-mobilenetv3.

    Attributes:
        strategy: ``auto`` or ``native``, see rvm-mobilenetv3.
        refiner: ``deep`` or ``fast``, see rvm-mobilenetv3.
    """

    info: ClassVar[MethodInfo] = info_of("resnet50", "ResNet-50", 26_890_461)
    encoder: ClassVar[str] = "resnet50"

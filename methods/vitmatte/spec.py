"""What ViTMatte is; importing this costs nothing (torch and transformers wait for ``load``)."""

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
    check_extra,
    check_strategy,
)
from p3mbench.weights import required

if TYPE_CHECKING:
    from p3mbench.training.recipe import Training


@dataclass(frozen=True)
class ViTMatteS:
    """ViTMatte with a ViT-S backbone, as its authors ran it.

    Attributes:
        strategy: ``native``: at the image's own size. If either side is no multiple of 32, *both*
            are padded to the next one, a side that was a multiple by 32 whole pixels; so in the
            published code. The image processor of ``transformers`` pads less, and differs there.
    """

    strategy: str = "native"

    info: ClassVar[MethodInfo] = MethodInfo(
        name="vitmatte-s",
        title="ViTMatte-S",
        kind=Kind.TRIMAP_BASED,
        year=2023,
        citation="Yao et al., ViTMatte: Boosting Image Matting with Pretrained Plain Vision "
        "Transformers, Information Fusion 2024, arXiv:2305.15272",
        learned=True,
        precisions=PRECISIONS,
        parameters=25_814_753,
        strategies=("native",),
        checkpoints=(
            Checkpoint(
                name="composition-1k",
                file="ViTMatte_S_Com.pth",
                where="linked in the README of github.com/hustvl/ViTMatte, Google Drive id "
                "12VKhSwE_miF9lWQQCgK7mv83rJIls3Xe; also read: model.safetensors of "
                "hustvl/vitmatte-small-composition-1k on the Hugging Face hub",
                train_setting=TrainSetting.OTHER,
                train_sets=("Adobe Composition-1k/train",),
                licence="MIT, as its repository; the training data are for non-commercial use",
            ),
            Checkpoint(
                name="distinctions-646",
                file="ViTMatte_S_DIS.pth",
                where="linked in the README of github.com/hustvl/ViTMatte, Google Drive id "
                "18wIFlhFY9MPqyH0FGiB0PFk3Xp2xTHzx",
                train_setting=TrainSetting.OTHER,
                train_sets=("Distinctions-646/train",),
                licence="MIT, as its repository",
            ),
        ),
        extra="vitmatte",
        imports=("transformers",),
    )

    def __post_init__(self) -> None:
        check_strategy(self)

    def load(self, device: str, weights: Path | None) -> Predictor:
        """Read the checkpoint, in the authors' layout or the hub's, and make the predictor.

        Raises:
            MethodError: the ``transformers`` package is not installed.
            WeightsError: no weights were given, or they are unsafe, damaged or of another network.
        """
        check_extra(self.info)
        path = required(self.info, weights)
        from .method import load

        return load(device, path)

    def training(self) -> Training:
        """The network, losses and recipes it is trained with."""
        from .training import ViTMatteTraining

        return ViTMatteTraining()

"""The facts on ViTMatte; ``load`` imports torch and transformers."""

from __future__ import annotations

from dataclasses import dataclass, replace
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


CITATION = (
    "Yao et al., ViTMatte: Boosting Image Matting with Pretrained Plain Vision Transformers, "
    "Information Fusion 2024, arXiv:2305.15272"
)
HUB = {"S": "small", "B": "base"}


def published(letter: str, composition: str, distinctions: str) -> tuple[Checkpoint, ...]:
    """Return the checkpoints of a size: its authors' two, and the hub's for transformers.

    Args:
        letter: S or B, as in the files' names.
        composition, distinctions: ids on Google Drive of the files trained on Composition-1k and
            Distinctions-646.
    """

    linked = "linked in the README of github.com/hustvl/ViTMatte, Google Drive id "
    hub = f"hustvl/vitmatte-{HUB[letter]}"
    licence = "MIT, as its repository"
    adobe = Checkpoint(
        name="composition-1k",
        file=f"ViTMatte_{letter}_Com.pth",
        where=f"{linked}{composition}",
        train_setting=TrainSetting.OTHER,
        train_sets=("Adobe Composition-1k/train",),
        licence=f"{licence}; the training data are for non-commercial use",
    )
    other = replace(
        adobe,
        name="distinctions-646",
        file=f"ViTMatte_{letter}_DIS.pth",
        where=f"{linked}{distinctions}",
        train_sets=("Distinctions-646/train",),
        licence=licence,
    )
    converted = (
        replace(
            one,
            name=f"{one.name}-hub",
            file=f"vitmatte-{HUB[letter]}-{one.name}.safetensors",
            where=f"model.safetensors of {hub}-{one.name} on the Hugging Face hub, with "
            "transformers' names",
            licence="see its page on the hub",
        )
        for one in (adobe, other)
    )
    return adobe, other, *converted


@dataclass(frozen=True)
class ViTMatteS:
    """ViTMatte with a ViT-S backbone, as its authors ran it.

    Attributes:
        strategy: ``native``: at the image's own size. If either side is not a multiple of 32,
            *both* are padded to the next multiple, a side that is a multiple by 32 pixels, as in
            the published code. The image processor of ``transformers`` pads less and gives other
            mattes.
    """

    strategy: str = "native"

    info: ClassVar[MethodInfo] = MethodInfo(
        name="vitmatte-s",
        title="ViTMatte-S",
        kind=Kind.TRIMAP_BASED,
        year=2023,
        citation=CITATION,
        learned=True,
        precisions=PRECISIONS,
        parameters=25_814_753,
        strategies=("native",),
        checkpoints=published(
            "S", "12VKhSwE_miF9lWQQCgK7mv83rJIls3Xe", "18wIFlhFY9MPqyH0FGiB0PFk3Xp2xTHzx"
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
        """Return its network, losses and recipes."""
        from .training import ViTMatteTraining

        return ViTMatteTraining()


@dataclass(frozen=True)
class ViTMatteB:
    """ViTMatte with a ViT-B backbone, as its authors ran it.

    Checked against transformers' network of these sizes; no published output was at hand.

    Attributes:
        strategy: ``native``, as for vitmatte-s.
    """

    strategy: str = "native"

    info: ClassVar[MethodInfo] = replace(
        ViTMatteS.info,
        name="vitmatte-b",
        title="ViTMatte-B",
        parameters=96_686_561,
        checkpoints=published(
            "B", "1mOO5MMU4kwhNX96AlfpwjAoMM4V5w3k-", "1d97oKuITCeWgai2Tf3iNilt6rMSSYzkW"
        ),
    )

    def __post_init__(self) -> None:
        check_strategy(self)

    def load(self, device: str, weights: Path | None) -> Predictor:
        """Read the checkpoint, as `ViTMatteS.load`."""
        check_extra(self.info)
        path = required(self.info, weights)
        from .method import load

        return load(device, path, "base")

    def sample_weights(self, folder: Path) -> Path:
        """Write a thin network with random weights, for ``p3mbench check``."""
        check_extra(self.info)
        from .method import sample

        return sample("base", self.info.name, folder)

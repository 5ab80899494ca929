"""The facts on P3M-Net; ``load`` imports torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

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


MM = (2021, "Li et al., Privacy-Preserving Portrait Matting, ACM MM 2021, arXiv:2104.14222")
IJCV = (
    2023,
    "Ma et al., Rethinking Portrait Matting with Privacy Preserving, IJCV 2023, arXiv:2203.16828",
)


def checkpoint(file: str, repository: str, drive_id: str) -> Checkpoint:
    """Return the facts on a published checkpoint, trained on the face-blurred P3M-10k."""
    owner = {"P3M": "JizhiziLi", "P3M-Net": "ViTAE-Transformer"}[repository]
    return Checkpoint(
        name="p3m10k",
        file=file,
        where=f"linked in the README of github.com/{owner}/{repository}, "
        f"Google Drive id {drive_id}",
        train_setting=TrainSetting.BLURRED,
        train_sets=("P3M-10k/train",),
        licence="MIT",
    )


def info_of(
    name: str, title: str, paper: tuple[int, str], parameters: int, *checkpoints: Checkpoint
) -> MethodInfo:
    """The facts on one network of the family; ``paper`` is its year and citation."""
    return MethodInfo(
        name=name,
        title=title,
        kind=Kind.TRIMAP_FREE,
        year=paper[0],
        citation=paper[1],
        learned=True,
        precisions=PRECISIONS,
        parameters=parameters,
        strategies=("resize", "hybrid", "resize-2021", "hybrid-2021"),
        checkpoints=checkpoints,
    )


@dataclass(frozen=True)
class P3MNetR34:
    """P3M-Net with a ResNet-34 encoder, as its authors ran it.

    Attributes:
        strategy: how the image is resized for the network and the matte back.

            * ``resize``: at half size; the matte is enlarged.
            * ``hybrid``: foreground and background at half size, opacity at full size.
            * ``resize-2021``, ``hybrid-2021``: the same with scikit-image 0.14.5, which the
              authors pin: no anti-aliasing, and mattes that darken towards the border.

    The first two are equal to the published code on current scikit-image. The authors' sample
    mattes show the border behaviour of the current version, not of their pin. According to the
    authors, the paper's figures use RESIZE. ``hybrid`` includes a quirk: a pixel counts as known
    foreground if its enlarged trimap is *exactly* 255. Because of rounding, about 1 % of them fail
    the test and take the local opacity.
    """

    strategy: str = "resize"

    encoder: ClassVar[str] = "r34"
    # where its nano recipe differs from `recipe.nano`
    nano: ClassVar[Mapping[str, Any]] = {"width": 3 / 32, "steps": 1500}
    info: ClassVar[MethodInfo] = info_of(
        "p3mnet-r34",
        "P3M-Net (R34)",
        MM,
        39_478_060,
        checkpoint("p3mnet_pretrained_on_p3m10k.pth", "P3M", "1smX2YQGIpzKbfwDYHAwete00a_YMwoG1"),
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

        return load(device, path, self.encoder, self._draw(), self.strategy)

    def training(self) -> Training:
        """Return its network, losses and recipes."""
        from .training import P3MNetTraining

        return P3MNetTraining(self.encoder, self._draw(), self.nano)

    def _draw(self) -> int:
        return 0


@dataclass(frozen=True)
class P3MNetBasic(P3MNetR34):
    """The P3M paper's ablation baseline: both branches, without connections between them.

    Built from the paper; its authors released neither code nor weights. See the network's module
    for our decisions. Strategies as in `p3mnet-r34`.
    """

    encoder: ClassVar[str] = "basic"
    nano: ClassVar[Mapping[str, Any]] = {"width": 3 / 32, "steps": 5000, "lr": 7e-4}
    info: ClassVar[MethodInfo] = info_of("p3mnet-basic", "BASIC (R34)", MM, 37_666_860)


@dataclass(frozen=True)
class P3MNetViTAES(P3MNetR34):
    """P3M-Net with a ViTAE-S encoder; strategies as in `p3mnet-r34`.

    Attributes:
        features: number of the draw of the encoder's random features, 0 to 999. The published
            checkpoint does not contain them, and the published code draws new ones at every start,
            so its mattes vary from run to run. Here each draw is always the same. Other draws show
            how much the mattes depend on it.
    """

    features: int = 0

    encoder: ClassVar[str] = "vitae-s"
    nano: ClassVar[Mapping[str, Any]] = {"width": 1 / 8, "steps": 1000}
    info: ClassVar[MethodInfo] = info_of(
        "p3mnet-vitae-s",
        "P3M-Net (ViTAE-S)",
        IJCV,
        27_463_052,
        checkpoint(
            "P3M-Net_ViTAE-S_trained_on_P3M-10k.pth",
            "P3M-Net",
            "1QbSjPA_Mxs7rITp_a9OJiPeFRDwxemqK",
        ),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.features, int) or not 0 <= self.features < 1000:
            raise MethodError(f"option features must be 0 to 999, not {self.features!r}")

    def _draw(self) -> int:
        return self.features


@dataclass(frozen=True)
class P3MNetSwinT(P3MNetR34):
    """P3M-Net with a Swin-T encoder; strategies as in `p3mnet-r34`.

    Its authors published no weights.
    """

    encoder: ClassVar[str] = "swin-t"
    nano: ClassVar[Mapping[str, Any]] = {"width": 1 / 16, "steps": 1500}
    info: ClassVar[MethodInfo] = info_of("p3mnet-swin-t", "P3M-Net (Swin-T)", IJCV, 45_128_206)

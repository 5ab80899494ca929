"""The facts on the GFM networks; ``load`` imports torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

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

CITATION = (
    "Li et al., Bridging Composite and Real: Towards End-to-end Deep Image Matting, IJCV 2022, "
    "arXiv:2010.16188"
)
RESIZED = ("resize", "hybrid", "resize-2021", "hybrid-2021")


def info_of(
    name: str,
    title: str,
    file: str,
    drive_id: str,
    parameters: int,
    strategies: tuple[str, ...] = RESIZED,
) -> MethodInfo:
    """The facts on one published GFM; all were trained on animals only.

    Args:
        name: name of the method.
        title: title in tables.
        file: file name of the authors' checkpoint.
        drive_id: id of the checkpoint on Google Drive.
        parameters: number of parameters of the network.
        strategies: the first is the default.
    """
    checkpoint = Checkpoint(
        name="am2k",
        file=file,
        where=f"linked in the README of github.com/JizhiziLi/GFM, Google Drive id {drive_id}",
        train_setting=TrainSetting.OTHER,
        train_sets=("AM-2k/train",),
        licence="MIT",
    )
    return MethodInfo(
        name=name,
        title=title,
        kind=Kind.TRIMAP_FREE,
        year=2022,
        citation=CITATION,
        learned=True,
        precisions=PRECISIONS,
        parameters=parameters,
        strategies=strategies,
        checkpoints=(checkpoint,),
    )


@dataclass(frozen=True)
class GFMR34:
    """GFM with a ResNet-34 encoder, its glance giving background, transition and foreground (TT).

    Attributes:
        strategy: how the image is resized for the network and the matte back.

            * ``resize``: at half size; the matte is enlarged.
            * ``hybrid``: foreground and background at a third of the size, opacity at half.
            * ``resize-2021``, ``hybrid-2021``: the same with scikit-image 0.17.2, which the authors
              pin: the network's input is about one grey level darker.
            * ``third``, ``third-2021`` (RIM only, as its authors always ran it): at a third of the
              size; the matte is enlarged and clipped to [0, 1].

    The first two are equal to the published code on current scikit-image, the next two on the
    authors' pin. The published checkpoints were trained on animals (AM-2k). The P3M-10k paper
    trained GFM on portraits and published no weights. ``hybrid`` includes a quirk: a pixel counts
    as known foreground if its enlarged trimap is *exactly* 255. Because of rounding, about 1 % of
    them fail the test and take the focus decoder's opacity. ``hybrid-2021`` does not have the
    quirk.
    """

    strategy: str = "resize"

    encoder: ClassVar[str] = "r34"
    rosta: ClassVar[str] = "TT"
    # where its nano recipe differs from `recipe.nano`
    nano: ClassVar[Mapping[str, Any]] = {"width": 3 / 32, "steps": 1500}
    info: ClassVar[MethodInfo] = info_of(
        "gfm-r34", "GFM (R34)", "gfm_r34_tt.pth", "1AdtoIdYTLsjXfVe_a50tin0cFwZMSz93", 55_286_316
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

        return load(device, path, self.encoder, self.rosta, self.strategy)

    def training(self) -> Training:
        """Return its network, losses and recipes."""
        from .training import GFMTraining

        return GFMTraining(self.encoder, self.rosta, self.nano)


@dataclass(frozen=True)
class GFMD121(GFMR34):
    """GFM with a DenseNet-121 encoder (TT); strategies as in `gfm-r34`."""

    encoder: ClassVar[str] = "d121"
    nano: ClassVar[Mapping[str, Any]] = {"width": 1 / 16, "steps": 800}
    info: ClassVar[MethodInfo] = info_of(
        "gfm-d121", "GFM (D121)", "gfm_d121_tt.pth", "1knbK5uU8AitE5OFpul9FXaQm47pZO0N8", 46_961_772
    )


@dataclass(frozen=True)
class GFMR34FT(GFMR34):
    """GFM with a ResNet-34 encoder whose focus adds the transition to the glance's foreground."""

    rosta: ClassVar[str] = "FT"
    nano: ClassVar[Mapping[str, Any]] = {"width": 1 / 16, "steps": 800}
    info: ClassVar[MethodInfo] = info_of(
        "gfm-r34-ft",
        "GFM (R34, FT)",
        "gfm_r34_ft.pth",
        "1heWT3fodV5so--tG6hoytB11OHBfhd1_",
        55_285_739,
    )


@dataclass(frozen=True)
class GFMR34BT(GFMR34):
    """GFM with a ResNet-34 encoder whose focus is subtracted from the glance's not-background."""

    rosta: ClassVar[str] = "BT"
    nano: ClassVar[Mapping[str, Any]] = {"width": 1 / 16, "steps": 800}
    info: ClassVar[MethodInfo] = info_of(
        "gfm-r34-bt",
        "GFM (R34, BT)",
        "gfm_r34_bt.pth",
        "1vRWJtD8liZjb7GbNnmJCuO_xN4-bj-2l",
        55_285_739,
    )


@dataclass(frozen=True)
class GFMR34TwoBlocks(GFMR34):
    """GFM with a ResNet-34 encoder at twice the resolution, two stages deeper (TT); very slow."""

    encoder: ClassVar[str] = "r34_2b"
    nano: ClassVar[Mapping[str, Any]] = {"width": 1 / 32, "steps": 500}
    info: ClassVar[MethodInfo] = info_of(
        "gfm-r34-2b",
        "GFM (R34+2b)",
        "gfm_r34_2b_tt.pth",
        "1Y8dgOprcPWdUgHUPSdue0lkFAUVvW10Q",
        125_878_956,
    )


@dataclass(frozen=True)
class GFMR101(GFMR34):
    """GFM with a ResNet-101 encoder (TT); 497 million parameters."""

    encoder: ClassVar[str] = "r101"
    nano: ClassVar[Mapping[str, Any]] = {"width": 1 / 32, "steps": 1500}
    info: ClassVar[MethodInfo] = info_of(
        "gfm-r101",
        "GFM (R101)",
        "gfm_r101_tt.pth",
        "1oQMOfVkuxLujgFEQReWJM95chPlQBTiM",
        497_256_556,
    )


@dataclass(frozen=True)
class GFMD121RIM(GFMR34):
    """GFM with a DenseNet-121 encoder and all three representations, integrated (RIM)."""

    strategy: str = "third"

    encoder: ClassVar[str] = "d121"
    nano: ClassVar[Mapping[str, Any]] = {"width": 1 / 16, "steps": 2000}
    rosta: ClassVar[str] = "RIM"
    info: ClassVar[MethodInfo] = info_of(
        "gfm-d121-rim",
        "GFM (D121, RIM)",
        "gfm_d121_rim.pth",
        "1aMY5tJQ79IB-0NJ9WzcTu6ZOQTowiFWv",
        47_409_347,
        strategies=("third", "third-2021"),
    )

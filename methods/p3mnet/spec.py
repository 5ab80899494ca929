"""What P3M-Net is; importing this costs nothing (torch waits for ``load``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from p3mbench.errors import MethodError, WeightsError
from p3mbench.method import Checkpoint, Kind, MethodInfo, Predictor, TrainSetting
from p3mbench.weights import needs_weights

if TYPE_CHECKING:
    from p3mbench.training.recipe import Training


@dataclass(frozen=True)
class R34:
    """P3M-Net with a ResNet-34 encoder, as its authors ran it.

    Attributes:
        strategy: how an image is fed to the network and its matte brought back.

            * ``resize``: at half size; the matte is enlarged.
            * ``hybrid``: foreground and background decided at half size, opacity at full size.
            * ``resize-2021``, ``hybrid-2021``: the same under scikit-image 0.14.5, which the
              authors pin: no anti-aliasing, and a matte that darkens towards the border.

    The first two are equal to the published code on current scikit-image. The authors' own sample
    mattes show its border behaviour, not that of their pin, and their paper's figures are said to
    be RESIZE. ``hybrid`` includes a quirk: a pixel counts as known foreground if its enlarged
    trimap is *exactly* 255, which rounding denies to about 1 % of them; those take the local
    opacity.
    """

    strategy: str = "resize"

    info: ClassVar[MethodInfo] = MethodInfo(
        name="p3mnet-r34",
        title="P3M-Net (R34)",
        kind=Kind.TRIMAP_FREE,
        year=2021,
        citation="Li et al., Privacy-Preserving Portrait Matting, ACM MM 2021, arXiv:2104.14222",
        learned=True,
        strategies=("resize", "hybrid", "resize-2021", "hybrid-2021"),
        checkpoints=(
            Checkpoint(
                name="p3m10k",
                file="p3mnet_pretrained_on_p3m10k.pth",
                where="linked in the README of github.com/JizhiziLi/P3M, Google Drive id "
                "1smX2YQGIpzKbfwDYHAwete00a_YMwoG1",
                train_setting=TrainSetting.BLURRED,
                train_sets=("P3M-10k/train",),
                licence="MIT",
            ),
        ),
    )

    def __post_init__(self) -> None:
        if self.strategy not in self.info.strategies:
            have = ", ".join(self.info.strategies)
            raise MethodError(f"p3mnet-r34 has no strategy {self.strategy!r} (it has: {have})")

    def load(self, device: str, weights: Path | None) -> Predictor:
        """Read the checkpoint and make the predictor.

        Raises:
            WeightsError: no weights were given, or they are unsafe, damaged or of another network.
        """
        if weights is None:
            raise WeightsError(f"{self.info.name} {needs_weights(self.info)}")
        from .method import load

        return load(device, weights, self.strategy)

    def training(self) -> Training:
        """The network, losses and recipes it is trained with."""
        from .training import P3MNetTraining

        return P3MNetTraining()

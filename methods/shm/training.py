"""How SHM is trained: end to end, as the paper's last stage (Chen et al., ACM MM 2018)."""

from __future__ import annotations

from torch import Tensor, nn

from p3mbench.training.batch import Batch
from p3mbench.training.losses import alpha_loss, class_loss, composition_loss
from p3mbench.training.recipe import Recipe, nano

from ..inference import published_times
from .network import SHM, Guide, Outputs

PUBLISHED_BASE = 64
CLASSES = 0.01  # weight of the classification loss in the paper's joint training
AUXILIARY = 0.4  # of PSPNet's auxiliary head (Zhao et al., CVPR 2017)


class SHMTraining:
    """SHM, T-Net and M-Net together from the start; the paper trains each alone before that."""

    def __init__(self, guide: Guide) -> None:
        self.guide = guide

    def network(self, width: float) -> nn.Module:
        """The network, ``width`` times as wide, randomly initialised."""
        return SHM(base=published_times(PUBLISHED_BASE, width, 4), guide=self.guide)

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """The image in [0, 1]."""
        return (batch.image / 255,)

    def losses(self, outputs: Outputs, batch: Batch) -> dict[str, Tensor]:
        """Alpha and composition, half each, and the classes with a weight of 0.01 (eq. 5)."""
        layers = (batch.layers[0] / 255, batch.layers[1] / 255)
        image = self.inputs(batch)[0]
        classes = class_loss(outputs.trimap_logits, batch.classes)
        return {
            "alpha": 0.5 * alpha_loss(outputs.alpha, batch.alpha),
            "composition": 0.5 * composition_loss(outputs.alpha, image, layers) / 3,
            "classes": CLASSES
            * (classes + AUXILIARY * class_loss(outputs.auxiliary, batch.classes)),
        }

    def recipe(self, preset: str) -> Recipe:
        """``paper``: Adam at 1e-5 on 800-pixel patches of batch 1; the epochs are not given."""
        if preset == "nano":
            return nano(width=1 / 16, needs_layers=True)
        return Recipe(
            epochs=20,
            batch_size=8,
            crops=(800,),
            size=(800, 800),
            crop_rule="uniform",
            kernels=(15, 30),
            needs_layers=True,
            lr=1e-5,
            note="joint training only; batch size and epochs are ours, the paper gives none",
        )

    def shallow(self, network: nn.Module) -> nn.Module:
        """The T-Net's first layers."""
        return network.get_submodule("tnet.layer0")

"""How HATT is trained: SSIM and squared error; the paper's adversarial part is left out."""

from __future__ import annotations

from torch import Tensor, nn

from p3mbench.training.batch import Batch
from p3mbench.training.losses import squared_loss, ssim_loss
from p3mbench.training.recipe import Recipe, nano

from ..inference import normalised, published_times
from .network import HATT, Outputs

PUBLISHED_BASE = 64
SQUARED, SSIM = 1.0, 0.1  # the paper's weights; its adversarial loss has 0.05


class HATTTraining:
    """HAttMatting."""

    def network(self, width: float) -> nn.Module:
        """The network, ``width`` times as wide, randomly initialised."""
        return HATT(published_times(PUBLISHED_BASE, width, 4))

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """The normalised image."""
        return (normalised(batch.image / 255),)

    def losses(self, outputs: Outputs, batch: Batch) -> dict[str, Tensor]:
        """Squared error and 1 - SSIM of the matte."""
        return {
            "squared": SQUARED * squared_loss(outputs.alpha, batch.alpha),
            "ssim": SSIM * ssim_loss(outputs.alpha, batch.alpha),
        }

    def recipe(self, preset: str) -> Recipe:
        """``paper``: SGD at 0.007 that falls with the steps, crops of 512, 640 and 800, to 512."""
        if preset == "nano":
            return nano(width=1 / 16)
        return Recipe(
            epochs=20,
            batch_size=4,
            crops=(512, 640, 800),
            size=(512, 512),
            crop_rule="centre",
            kernels=(15, 30),
            optimiser="sgd",
            lr=0.007,
            momentum=0.9,
            weight_decay=5e-4,
            schedule="cosine",
            clip=1.0,
            note="no adversarial loss; cosine instead of polynomial decay; our weight decay",
        )

    def shallow(self, network: nn.Module) -> nn.Module:
        """The encoder's first convolution."""
        return network.get_submodule("encoder.conv1")

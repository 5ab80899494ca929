"""How HATT is trained: SSIM, squared error and an adversarial loss (Qiao et al., CVPR 2020).

The discriminator, a PatchGAN, sees the image beside the true or the predicted alpha.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from p3mbench.training.batch import Batch
from p3mbench.training.discriminator import PatchGAN
from p3mbench.training.losses import squared_loss, ssim_loss
from p3mbench.training.recipe import Recipe, nano

from ..inference import normalised
from .fidelity import FIDELITY
from .network import HATT, HATTOutputs, base_of

SQUARED, SSIM, ADVERSARIAL = 1.0, 0.1, 0.05


class HATTTraining:
    """HAttMatting."""

    fidelity = FIDELITY

    def network(self, width: float) -> nn.Module:
        """The network, ``width`` times as wide, randomly initialised."""
        return HATT(base_of(width))

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """The normalised image."""
        return (normalised(batch.image / 255),)

    def losses(self, outputs: HATTOutputs, batch: Batch) -> dict[str, Tensor]:
        """Squared error and 1 - SSIM of the matte."""
        return {
            "squared": SQUARED * squared_loss(outputs.alpha, batch.alpha),
            "ssim": SSIM * ssim_loss(outputs.alpha, batch.alpha),
        }

    def discriminator(self, width: float) -> nn.Module:
        """A PatchGAN of image and alpha."""
        return PatchGAN(4, base_of(width))

    def judged(self, outputs: HATTOutputs, batch: Batch) -> tuple[Tensor, Tensor]:
        """(N, 4, H, W) twice: the normalised image, and the true or the predicted alpha."""
        image = self.inputs(batch)[0]
        true, made = (torch.cat([image, alpha], dim=1) for alpha in (batch.alpha, outputs.alpha))
        return true, made

    def recipe(self, preset: str) -> Recipe:
        """``paper``: SGD at 0.007 that falls with the steps, crops of 512, 640 and 800, to 512."""
        if preset == "nano":
            return nano(width=1 / 16, steps=2000, lr=7e-4, adversarial=ADVERSARIAL)
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
            schedule="polynomial",
            clip=1.0,
            adversarial=ADVERSARIAL,
            note="discriminator's form, batch, epochs, weight decay and clipping are ours",
        )

    def shallow(self, network: nn.Module) -> nn.Module:
        """The encoder's first convolution."""
        return network.get_submodule("encoder.conv1")

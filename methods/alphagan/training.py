"""How AlphaGAN is trained: the paper's losses (Lutz et al., BMVC 2018, sec. 3.4).

A PatchGAN looks at the image composed with the true or with the predicted alpha, beside the trimap.
The weights of the three losses are those of the re-implementation whose network this is.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from p3mbench.training.batch import Batch
from p3mbench.training.discriminator import PatchGAN
from p3mbench.training.losses import alpha_loss, composition_loss
from p3mbench.training.recipe import NATIVE, Recipe, nano

from ..training_inputs import colours, with_levels
from .fidelity import FIDELITY
from .network import AlphaGANGenerator, base_of

ADVERSARIAL = 0.001


class AlphaGANTraining:
    """AlphaGAN: the generator, and the discriminator that it is trained with."""

    fidelity = FIDELITY

    def network(self, width: float) -> nn.Module:
        """The network, ``width`` times as wide, randomly initialised."""
        return AlphaGANGenerator(base_of(width))

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """Normalised RGB and the trimap over 255, as one tensor."""
        return (with_levels(batch),)

    def losses(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Alpha and composition, half each, in the unknown region."""
        image, layers = colours(batch)
        unknown = batch.unknown
        return {
            "alpha": 0.5 * alpha_loss(outputs, batch.alpha, unknown),
            "composition": 0.5 * composition_loss(outputs, image, layers, unknown) / 3,
        }

    def discriminator(self, width: float) -> nn.Module:
        """A PatchGAN of image and trimap."""
        return PatchGAN(4, base_of(width))

    def judged(self, outputs: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """(N, 4, H, W) in [-1, 1] twice: composed by the true or the predicted alpha; trimap.

        Where the trimap knows, the prediction has its value, as in the re-implementation.
        """
        _, (foreground, background) = colours(batch)
        pasted = torch.where(batch.unknown > 0, outputs, batch.trimap / 255)
        true, made = (
            torch.cat([a * foreground + (1 - a) * background, batch.trimap / 255], 1) * 2 - 1
            for a in (batch.alpha, pasted)
        )
        return true, made

    def recipe(self, preset: str) -> Recipe:
        """``paper``: Adam at 2e-4, batch 1, crops of 320, 480 or 640; the epochs are not given."""
        if preset == "nano":
            return nano(width=0.1, needs_layers=True, adversarial=ADVERSARIAL, **NATIVE)
        return Recipe(
            epochs=20,
            batch_size=1,
            crops=(320, 480, 640),
            size=(320, 320),
            crop_rule="centre",
            kernels=(3, 25),
            needs_layers=True,
            lr=2e-4,
            betas=(0.5, 0.999),
            adversarial=ADVERSARIAL,
            note="the number of epochs is ours; least-squares adversarial loss, as in the "
            "re-implementation",
        )

    def shallow(self, network: nn.Module) -> nn.Module:
        """The encoder's first convolution."""
        return network.get_submodule("encoder.resnet50.conv_1")

"""The training of IndexNet Matting: the losses of poppinace/indexnet_matting (hltrainval.py).

The losses are those of Lu et al., ICCV 2019, sec. 4.2, with a weight of one half each.
"""

from __future__ import annotations

from torch import Tensor, nn

from p3mbench.training.batch import Batch
from p3mbench.training.losses import absolute, by_image, composition_error
from p3mbench.training.recipe import NATIVE, Recipe, nano

from ..training_inputs import colours, with_levels
from .fidelity import FIDELITY
from .network import IndexNet


class IndexNetTraining:
    """IndexNet Matting."""

    fidelity = FIDELITY

    def network(self, width: float) -> nn.Module:
        """Make a randomly initialised network, ``width`` times as wide."""
        return IndexNet(width)

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """Return normalised RGB and the trimap over 255 as one tensor."""
        return (with_levels(batch),)

    def losses(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Alpha and composition, half each, in each image's unknown region.

        Composition is summed over the channels.
        """
        image, layers = colours(batch)
        unknown = batch.unknown
        alpha = absolute((outputs - batch.alpha) * unknown)
        composed = absolute(composition_error(outputs, image, layers) * unknown)
        return {
            "alpha": 0.5 * by_image(alpha, unknown),
            "composition": 0.5 * by_image(composed, unknown),
        }

    def recipe(self, preset: str) -> Recipe:
        """``paper``: Adam at 0.01, batch 16, 30 epochs, a tenth of the rate at 20 and at 26."""
        if preset == "nano":
            return nano(width=1 / 4, needs_layers=True, losses=2, **NATIVE)
        return Recipe(
            losses=2,
            epochs=30,
            batch_size=16,
            crops=(320, 480, 640),
            size=(320, 320),
            crop_rule="centre",
            kernels=(3, 39),
            needs_layers=True,
            lr=0.01,
            schedule="steps",
            rates=(("layer", 0.01),),  # of the encoder, which starts from ImageNet weights
            milestones=(20 / 30, 26 / 30),
            note="the authors start from a MobileNetV2 trained on ImageNet",
        )

    def shallow(self, network: nn.Module) -> nn.Module:
        """The encoder's first convolution."""
        return network.get_submodule("layer0")

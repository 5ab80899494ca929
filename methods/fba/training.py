"""How FBA is trained: the paper's losses (Forte and Pitie, 2020, sec. 3.3); there is no code."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from p3mbench.training.batch import Batch
from p3mbench.training.losses import (
    alpha_loss,
    composition_loss,
    exclusion_loss,
    gradient_loss,
    pyramid_loss,
)
from p3mbench.training.recipe import NATIVE, Recipe, nano

from ..inference import normalised
from .distances import distance_maps
from .fidelity import FIDELITY
from .network import FBANet, FBAOutputs, Standardisation, base_of

COLOURS = 0.25  # weight of all losses on foreground and background


class FBATraining:
    """FBA Matting."""

    fidelity = FIDELITY

    def __init__(self, standardisation: str) -> None:
        self.standardisation = Standardisation(standardisation)

    def network(self, width: float) -> nn.Module:
        """The network, ``width`` times as wide, randomly initialised.

        Alpha starts in the middle of its range, which ends in a clamp: what starts below 0 would
        never get a gradient.
        """
        network = FBANet(base_of(width), self.standardisation)
        with torch.no_grad():
            network.get_parameter("decoder.conv_up4.4.bias")[0] = 0.5
        return network

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """Image, trimap planes, normalised image, distance maps; see `FBANet.forward`."""
        image = batch.image / 255
        planes = torch.cat([batch.trimap == 0, batch.trimap == 255], dim=1).to(image.dtype)
        return image, planes, normalised(image), distance_maps(planes)

    def losses(self, outputs: FBAOutputs, batch: Batch) -> dict[str, Tensor]:
        """Of alpha: L1, composition, gradient, Laplacian; of colours: L1, Laplacian, exclusion.

        The image composed of the predicted colours by the true alpha counts as well.
        """
        image, alpha = batch.image / 255, outputs.alpha
        layers = (batch.layers[0] / 255, batch.layers[1] / 255)
        own = (outputs.fg, outputs.bg)
        colours = torch.stack(
            [
                alpha_loss(mine, true) + pyramid_loss(mine.mean(1, True), true.mean(1, True))
                for mine, true in zip(own, layers, strict=True)
            ]
        ).sum()
        recomposed = composition_loss(batch.alpha, image, own) / 3
        return {
            "alpha": alpha_loss(alpha, batch.alpha) + gradient_loss(alpha, batch.alpha),
            "laplacian": pyramid_loss(alpha, batch.alpha),
            "composition": composition_loss(alpha, image, layers) / 3,
            "colours": COLOURS * (colours + recomposed + exclusion_loss(*own)),
        }

    def recipe(self, preset: str) -> Recipe:
        """``paper``: RAdam at 1e-5 with weight decay, batch 1, 45 epochs, crops to 640."""
        if preset == "nano":
            return nano(width=1 / 8, needs_layers=True, losses=2, **NATIVE)
        return Recipe(
            losses=2,
            epochs=45,
            batch_size=1,
            crops=(640, 512, 320),
            size=(320, 320),
            crop_rule="centre",
            kernels=(3, 25),
            needs_layers=True,
            lr=1e-5,
            weight_decay=5e-3,
            optimiser="radam",
            schedule="steps",
            milestones=(40 / 45,),
            note="one weight decay for all parameters; the paper gives 1e-5 to those of the "
            "normalisations",
        )

    def shallow(self, network: nn.Module) -> nn.Module:
        """The encoder's first convolution."""
        return network.get_submodule("encoder.conv1")

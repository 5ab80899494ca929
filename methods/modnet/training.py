"""How MODNet is trained: the supervised losses of ZHKKKe/MODNet (src/trainer.py), in our words."""

from __future__ import annotations

import numpy as np
import torch.nn.functional as F
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

from p3mbench.training.batch import Batch
from p3mbench.training.constants import Numbers, constant
from p3mbench.training.recipe import Recipe, nano

from .fidelity import FIDELITY
from .network import MODNet, MODNetOutputs

SEMANTIC = 16  # the semantic map is that many times smaller than the image
BOUNDARY = 4.0  # how much more the unknown region counts


def _kernel() -> Numbers:
    """The published 3x3 kernel: SciPy's Gaussian of sigma 0.8 of a point in a plane of 3x3.

    SciPy reflects at the plane's borders, which folds the Gaussian's tails back into it.
    """
    point = np.zeros((3, 3))
    point[1, 1] = 1
    return ((tuple(map(tuple, gaussian_filter(point, 0.8).tolist())),),)


KERNEL = _kernel()


def smoothed(alpha: Tensor) -> Tensor:
    """(N, 1, H, W) through `KERNEL`, borders reflected."""
    padded = F.pad(alpha, (1, 1, 1, 1), mode="reflect")
    return F.conv2d(padded, constant(KERNEL, alpha))


class MODNetTraining:
    """MODNet, supervised; the paper's self-supervised adaptation to videos is not part of it."""

    fidelity = FIDELITY

    def network(self, width: float) -> nn.Module:
        """The network, ``width`` times as wide, randomly initialised."""
        return MODNet(width)

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """The image in [-1, 1]."""
        return (batch.image / 127.5 - 1,)

    def losses(self, outputs: MODNetOutputs, batch: Batch) -> dict[str, Tensor]:
        """Semantics at 1/16 (10 x), details at the boundary (10 x), the matte and its composition.

        A known pixel has no detail loss, and in the matte the unknown region counts 4 times more.
        """
        unknown, truth, matte = batch.unknown, batch.alpha, outputs.matte
        target = smoothed(batch.reduced(SEMANTIC))
        image = self.inputs(batch)[0]
        error = (matte - truth).abs()
        composed = (image * (matte - truth)).abs()
        weight = 1 + BOUNDARY * unknown
        return {
            "semantic": 10 * F.mse_loss(outputs.semantic, target),
            "detail": 10 * ((outputs.detail - truth).abs() * unknown).mean(),
            "matte": (weight * error).mean(),
            "composition": (weight * composed).mean(),
        }

    def recipe(self, preset: str) -> Recipe:
        """``paper``: SGD at 0.01, batch 16, 40 epochs, a tenth of the rate every 10."""
        if preset == "nano":
            return nano(
                width=0.25,
                losses=2,
                crops=(0, 208, 192),
                size=(192, 160),
                options=(("side", 160),),
            )
        return Recipe(
            losses=2,
            epochs=40,
            batch_size=16,
            crops=(0, 1024, 768, 512),
            size=(512, 512),
            crop_rule="uniform",
            kernels=(15, 30),
            optimiser="sgd",
            lr=0.01,
            schedule="steps",
            milestones=(0.25, 0.5, 0.75),
            note="the authors start from a MobileNetV2 trained on ImageNet",
        )

    def shallow(self, network: nn.Module) -> nn.Module:
        """The encoder's first convolution."""
        return network.get_submodule("backbone.model.features.0")

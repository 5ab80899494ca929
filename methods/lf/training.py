"""How LF is trained: the classifications, then their fusion, then all together.

Y. Zhang et al., CVPR 2019, sec. 3.4: a stage each; in the last one the loss is that of the matte.
Their losses: absolute difference, difference of
gradients and cross-entropy for each classification; for the matte the absolute difference, a tenth
as heavy where the trimap knows.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from p3mbench.training.batch import Batch
from p3mbench.training.losses import alpha_loss, gradient_loss
from p3mbench.training.recipe import Recipe, Stage, nano

from ..inference import normalised
from .fidelity import FIDELITY
from .network import LateFusion, LFOutputs, base_of

KNOWN = 0.1  # weight of pixels that the trimap knows
MARGIN = 1e-6  # keeps logarithms finite
CLASSES, FUSION, JOINT = "classes", "fusion", "joint"
STAGES = (  # how long each is, the paper does not say in steps
    Stage(name=CLASSES, share=0.5, trains=("encoder.", "foreground.", "background.")),
    Stage(name=FUSION, share=0.2, trains=("fusion.",)),
    Stage(name=JOINT, share=0.3),
)


def classification(seen: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    """Absolute difference and gradients everywhere, cross-entropy where the trimap knows."""
    entropy = F.binary_cross_entropy(seen.clamp(MARGIN, 1 - MARGIN), truth, reduction="none")
    certain = (entropy * known).sum() / (known.sum() + 1)
    return alpha_loss(seen, truth) + gradient_loss(seen, truth) + certain


class LFTraining:
    """Late Fusion."""

    fidelity = FIDELITY

    def network(self, width: float) -> nn.Module:
        """The network, ``width`` times as wide, randomly initialised."""
        return LateFusion(base_of(width))

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """The normalised image."""
        return (normalised(batch.image / 255),)

    def losses(self, outputs: LFOutputs, batch: Batch) -> dict[str, Tensor]:
        """See the module's docstring; without a stage, everything at once."""
        known = 1 - batch.unknown
        weight = batch.unknown + KNOWN * known
        parts = {}
        if batch.stage in ("", CLASSES):
            parts["foreground"] = classification(outputs.foreground, batch.alpha, known)
            parts["background"] = classification(outputs.background, 1 - batch.alpha, known)
        if batch.stage != CLASSES:
            parts["alpha"] = alpha_loss(outputs.alpha, batch.alpha, weight)
        return parts

    def recipe(self, preset: str) -> Recipe:
        """``paper``: crops of 512; optimiser, rate and length are ours, see ``note``."""
        if preset == "nano":
            return nano(width=1 / 16, steps=1200, stages=STAGES)
        return Recipe(
            epochs=30,
            batch_size=4,
            crops=(512, 640, 800),
            size=(512, 512),
            crop_rule="centre",
            kernels=(15, 30),
            lr=1e-4,
            schedule="steps",
            milestones=(0.5, 0.8),
            stages=STAGES,
            note="optimiser, rates, epochs and the lengths of the stages are ours; the authors "
            "start from a DenseNet-201 trained on ImageNet",
        )

    def shallow(self, network: nn.Module) -> nn.Module:
        """The encoder's first convolution."""
        return network.get_submodule("encoder.features.conv0")

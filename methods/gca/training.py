"""How GCA Matting is trained: the L1 loss of its paper (Li and Lu, AAAI 2020, sec. 3.3)."""

from __future__ import annotations

from torch import Tensor, nn

from p3mbench.training.batch import Batch
from p3mbench.training.losses import pooled
from p3mbench.training.recipe import NATIVE, Recipe, nano

from ..training_inputs import with_classes
from .fidelity import FIDELITY
from .network import GCA, base_of


class GCATraining:
    """GCA Matting."""

    fidelity = FIDELITY

    def network(self, width: float) -> nn.Module:
        """The network, ``width`` times as wide, randomly initialised."""
        return GCA(base_of(width))

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """Normalised RGB and the trimap's three planes, as one tensor."""
        return (with_classes(batch),)

    def losses(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        """The absolute error in the unknown region."""
        unknown = batch.unknown
        return {"alpha": pooled((outputs - batch.alpha).abs() * unknown, unknown)}

    def recipe(self, preset: str) -> Recipe:
        """``paper``: Adam at 4e-4, 200,000 steps of 40, warm-up, cosine, crops of 512."""
        if preset == "nano":
            return nano(width=1 / 8, losses=2, **NATIVE)
        return Recipe(
            losses=2,
            steps=200_000,
            batch_size=40,
            crops=(512,),
            size=(512, 512),
            crop_rule="centre",
            kernels=(1, 29),
            lr=4e-4,
            betas=(0.5, 0.999),
            needs_layers=True,
            jitter=True,
            schedule="late-cosine",
            warmup=5000 / 200_000,
            note="the authors start from ImageNet weights",
        )

    def shallow(self, network: nn.Module) -> nn.Module:
        """The encoder's first convolution."""
        return network.get_submodule("encoder.conv1")

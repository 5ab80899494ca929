"""How Deep Image Matting is trained: the paper's losses and stages (Xu et al., CVPR 2017, sec. 4).

Where there is a refining network, the matting network is trained, then the refining network alone,
then both; mmagic gives each stage the same number of steps.
"""

from __future__ import annotations

from torch import Tensor, nn

from p3mbench.training.batch import Batch
from p3mbench.training.fidelity import Fidelity
from p3mbench.training.losses import absolute, composition_error, pooled
from p3mbench.training.recipe import NATIVE, Recipe, Stage, nano

from ..training_inputs import colours, with_levels
from .fidelity import MMAGIC, SKIPS
from .network import DIM, DIMOutputs, SkipDIM, base_of

MATTING, REFINING, BOTH = "matting", "refining", "both"
STAGES = (  # parameters by their names in either re-implementation
    Stage(name=MATTING, share=1 / 3, trains=("backbone.", "conv", "deconv")),
    Stage(name=REFINING, share=1 / 3, trains=("refiner.", "refine_")),
    Stage(name=BOTH, share=1 / 3),
)
STEPS = 1_000_000  # of each stage


class DIMTraining:
    """DIM, by either re-implementation.

    Args:
        skips: None for the network without any (mmagic's), else `SkipDIM`'s argument.
        refiner: whether there is a refining network, which is trained along (stage 3).
    """

    def __init__(self, skips: bool | None, refiner: bool) -> None:
        self.skips, self.refiner = skips, refiner

    @property
    def fidelity(self) -> Fidelity:
        """What was compared, for either re-implementation."""
        return MMAGIC if self.skips is None else SKIPS

    def network(self, width: float) -> nn.Module:
        """The network, ``width`` times as wide, randomly initialised."""
        base = base_of(width)
        if self.skips is None:
            return DIM(base, self.refiner)
        return SkipDIM(base, self.refiner, self.skips)

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """Normalised RGB and the trimap over 255, as one tensor."""
        return (with_levels(batch),)

    def losses(self, outputs: DIMOutputs, batch: Batch) -> dict[str, Tensor]:
        """Alpha and composition, half each, in the unknown region; alpha of the refined matte."""
        image, layers = colours(batch)
        unknown, truth = batch.unknown, batch.alpha
        parts = {}
        if batch.stage != REFINING:
            alpha = absolute(outputs.alpha - truth) * unknown
            composed = absolute(composition_error(outputs.alpha, image, layers)) * unknown
            parts["alpha"] = 0.5 * pooled(alpha, unknown)
            parts["composition"] = 0.5 * pooled(composed, unknown) / 3
        if outputs.refined is not None and batch.stage != MATTING:
            parts["refined"] = pooled(absolute(outputs.refined - truth) * unknown, unknown)
        return parts

    @property
    def _stages(self) -> tuple[Stage, ...]:
        return STAGES if self.refiner else ()

    def recipe(self, preset: str) -> Recipe:
        """``paper``: Adam at 1e-5, batch 1, crops of 320, 480 or 640; mmagic's steps."""
        if preset == "nano":
            steps = 1800 if self._stages else 800
            return nano(
                width=1 / 8, steps=steps, needs_layers=True, losses=2, stages=self._stages, **NATIVE
            )
        return Recipe(
            losses=2,
            steps=STEPS * max(1, len(self._stages)),
            batch_size=1,
            crops=(320, 480, 640),
            size=(320, 320),
            crop_rule="centre",
            kernels=(1, 29),
            needs_layers=True,
            lr=1e-5,
            stages=self._stages,
            note="the authors start from a VGG-16 trained on ImageNet",
        )

    def shallow(self, network: nn.Module) -> nn.Module:
        """The encoder's first convolution."""
        name = "backbone.encoder.layer1.0" if isinstance(network, DIM) else "conv1_1"
        return network.get_submodule(name)

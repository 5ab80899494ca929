"""How SHM is trained: T-Net alone, M-Net alone, then end to end (Chen et al., ACM MM 2018, sec. 4).

The M-Net alone is given the true trimap and has Deep Image Matting's losses in its unknown region.
"""

from __future__ import annotations

from torch import Tensor, nn

from p3mbench.training.batch import Batch
from p3mbench.training.losses import alpha_loss, class_loss, composition_loss
from p3mbench.training.recipe import Recipe, Stage, nano

from ..training_inputs import class_planes, colours
from .fidelity import FIDELITY
from .network import SHM, Guide, SHMOutputs, base_of

CLASSES = 0.01  # weight of the classification loss in the paper's joint training
AUXILIARY = 0.4  # of PSPNet's auxiliary head (Zhao et al., CVPR 2017)
TNET, MNET, JOINT = "t-net", "m-net", "joint"
STAGES = (  # the paper does not say how long each is
    Stage(name=TNET, share=0.3, trains=("tnet.",)),
    Stage(name=MNET, share=0.2, trains=("mnet.",)),
    Stage(name=JOINT, share=0.5),
)


class SHMTraining:
    """SHM: T-Net, M-Net, both.

    Args:
        guide: see `network.SHM`.
    """

    fidelity = FIDELITY

    def __init__(self, guide: Guide) -> None:
        self.guide = guide

    def network(self, width: float) -> nn.Module:
        """The network, ``width`` times as wide, randomly initialised."""
        return SHM(base=base_of(width), guide=self.guide)

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """The image in [0, 1]; the true trimap as well while the M-Net is trained alone."""
        image = batch.image / 255
        if batch.stage != MNET:
            return (image,)
        return image, class_planes(batch)

    def losses(self, outputs: SHMOutputs, batch: Batch) -> dict[str, Tensor]:
        """Alpha and composition, half each, and the classes with a weight of 0.01 (eq. 5).

        While the T-Net is trained alone, the classes only; while the M-Net is, alpha and
        composition only, in the unknown region.
        """
        parts = {}
        if batch.stage != MNET:
            weight = 1.0 if batch.stage == TNET else CLASSES
            parts["classes"] = weight * class_loss(outputs.trimap_logits, batch.classes)
            auxiliary = class_loss(outputs.auxiliary, batch.classes)
            parts["auxiliary"] = weight * AUXILIARY * auxiliary
        if batch.stage != TNET:
            image, layers = colours(batch)
            region = batch.unknown if batch.stage == MNET else None
            alpha = outputs.raw if batch.stage == MNET else outputs.alpha
            parts["alpha"] = 0.5 * alpha_loss(alpha, batch.alpha, region)
            parts["composition"] = 0.5 * composition_loss(alpha, image, layers, region) / 3
        return parts

    def recipe(self, preset: str) -> Recipe:
        """``paper``: Adam at 1e-5 on patches of 800; batch size and epochs are not given."""
        if preset == "nano":
            return nano(width=1 / 16, steps=1200, needs_layers=True, stages=STAGES)
        return Recipe(
            epochs=20,
            batch_size=8,
            crops=(800,),
            size=(800, 800),
            crop_rule="uniform",
            kernels=(15, 30),
            needs_layers=True,
            lr=1e-5,
            stages=STAGES,
            note="batch size, epochs and the lengths of the stages are ours; the paper trains the "
            "T-Net on patches of 400 and the M-Net on 320, here all stages have 800",
        )

    def shallow(self, network: nn.Module) -> nn.Module:
        """The T-Net's first layers."""
        return network.get_submodule("tnet.layer0")

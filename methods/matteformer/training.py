"""How MatteFormer is trained: the losses of webtoon/matteformer (trainers/trainer.py), in words of
our own: L1, composition and Laplacian of the three mattes, finer ones where coarser are uncertain.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from p3mbench.training.batch import Batch
from p3mbench.training.losses import alpha_loss, composition_loss, pyramid_loss
from p3mbench.training.recipe import NATIVE, Recipe, nano

from ..inference import published_times
from ..training_inputs import colours, with_classes
from .network import HEAD, MatteFormer, Outputs

WEIGHTS = {"os1": 2.0, "os4": 1.0, "os8": 1.0}


class MatteFormerTraining:
    """MatteFormer."""

    def network(self, width: float) -> nn.Module:
        """The network, ``width`` times as wide, randomly initialised."""
        return MatteFormer(published_times(HEAD, width, 1))

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """Normalised RGB and the trimap's three planes, as one tensor."""
        return (with_classes(batch),)

    def losses(self, outputs: Outputs, batch: Batch) -> dict[str, Tensor]:
        """Each matte in the unknown region; the sum over the mattes is divided by five."""
        image, layers = colours(batch)
        unknown, truth = batch.unknown, batch.alpha
        found: dict[str, list[Tensor]] = {"alpha": [], "composition": [], "laplacian": []}
        for name, weight in WEIGHTS.items():
            matte = getattr(outputs, name)
            inside = torch.where(unknown > 0, matte, truth)
            found["alpha"].append(weight * alpha_loss(matte, truth, unknown) / 5)
            composed = composition_loss(matte, image, layers, unknown) / 3
            found["composition"].append(weight * composed / 5)
            found["laplacian"].append(weight * pyramid_loss(inside, truth) / 5)
        return {name: torch.stack(parts).sum() for name, parts in found.items()}

    def recipe(self, preset: str) -> Recipe:
        """``paper``: Adam at 4e-4, 200,000 steps of 20, warm-up, cosine, crops of 512."""
        if preset == "nano":
            return nano(width=3 / 32, needs_layers=True, **NATIVE)
        return Recipe(
            steps=200_000,
            batch_size=20,
            crops=(512,),
            size=(512, 512),
            crop_rule="centre",
            kernels=(3, 30),
            needs_layers=True,
            lr=4e-4,
            betas=(0.5, 0.999),
            schedule="cosine",
            warmup=10_000 / 200_000,
            note="the finer mattes are trained in the whole unknown region; the authors start from "
            "ImageNet weights",
        )

    def shallow(self, network: nn.Module) -> nn.Module:
        """The first convolution of the shortcut at full size."""
        return network.get_submodule("encoder.shortcut.0.0")

"""How MatteFormer is trained: the losses of webtoon/matteformer (trainers/trainer.py).

L1, composition and Laplacian of the three mattes. The coarsest counts everywhere. The finer ones
count in the unknown region while the rate rises; then, in half of the steps and at last in all,
only where the next coarser one is uncertain, and take its values elsewhere.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from p3mbench.training.batch import Batch
from p3mbench.training.losses import alpha_loss, composition_loss, pyramid_loss
from p3mbench.training.recipe import NATIVE, Recipe, Stage, nano

from ..inference import published_times
from ..training_inputs import colours, with_classes
from .method import CERTAIN
from .network import HEAD, MatteFormer, Outputs

WEIGHTS = {"os1": 2.0, "os4": 1.0, "os8": 1.0}
WIDEST = {"os4": 30, "os1": 15}  # side of the ellipse that widens what is uncertain, less than
WARM, MIXED, REFINED = "warm", "mixed", "refined"
WARMUP = 10_000 / 200_000
STAGES = (
    Stage(name=WARM, share=WARMUP),
    Stage(name=MIXED, share=2 * WARMUP),
    Stage(name=REFINED, share=1 - 3 * WARMUP),
)


def uncertain(alpha: Tensor, widest: int) -> Tensor:
    """(N, 1, H, W) of 0 and 1: where a matte is neither 0 nor 1, widened by chance.

    The ellipse's side is drawn by PyTorch from 1 to ``widest`` - 1 pixels for each matte.
    """
    found = []
    for plane in alpha.detach().float().cpu().numpy()[:, 0]:
        open_ = ((plane >= CERTAIN) & (plane <= 1 - CERTAIN)).astype(np.uint8)
        side = int(torch.randint(1, widest, ()))
        element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        found.append(torch.from_numpy(cv2.dilate(open_, element)))
    return torch.stack(found)[:, None].to(alpha)


def counted(outputs: Outputs, batch: Batch) -> dict[str, tuple[Tensor, Tensor]]:
    """By output: the matte, and (N, 1, H, W) of 0 and 1 where it counts."""
    everywhere = torch.ones_like(batch.unknown)
    found = {"os8": (outputs.os8, everywhere)}
    refining = batch.stage == REFINED or batch.stage == MIXED and bool(torch.rand(()) < 0.5)
    coarser = outputs.os8
    for name, widest in WIDEST.items():
        matte, region = getattr(outputs, name), batch.unknown
        if refining:
            region = uncertain(coarser, widest)
            matte = torch.where(region > 0, matte, coarser)
        found[name] = matte, region
        coarser = matte
    return found


class MatteFormerTraining:
    """MatteFormer."""

    def network(self, width: float) -> nn.Module:
        """The network, ``width`` times as wide, randomly initialised."""
        return MatteFormer(published_times(HEAD, width, 1))

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """Normalised RGB and the trimap's three planes, as one tensor."""
        return (with_classes(batch),)

    def losses(self, outputs: Outputs, batch: Batch) -> dict[str, Tensor]:
        """Each matte where it counts; the sum over the mattes is divided by five."""
        image, layers = colours(batch)
        truth = batch.alpha
        found: dict[str, list[Tensor]] = {"alpha": [], "composition": [], "laplacian": []}
        for name, (matte, region) in counted(outputs, batch).items():
            weight = WEIGHTS[name]
            found["alpha"].append(weight * alpha_loss(matte, truth, region) / 5)
            composed = composition_loss(matte, image, layers, region) / 3
            found["composition"].append(weight * composed / 5)
            found["laplacian"].append(weight * pyramid_loss(matte, truth, region) / 5)
        return {name: torch.stack(parts).sum() for name, parts in found.items()}

    def recipe(self, preset: str) -> Recipe:
        """``paper``: Adam at 4e-4, 200,000 steps of 20, warm-up, cosine, crops of 512."""
        if preset == "nano":
            return nano(width=3 / 32, needs_layers=True, stages=STAGES, losses=2, **NATIVE)
        return Recipe(
            losses=2,
            steps=200_000,
            batch_size=20,
            crops=(512,),
            size=(512, 512),
            crop_rule="centre",
            kernels=(3, 30),
            needs_layers=True,
            lr=4e-4,
            betas=(0.5, 0.999),
            jitter=True,
            schedule="cosine",
            warmup=WARMUP,
            stages=STAGES,
            note="without clipping gradients by their moving average, and without moving "
            "foregrounds and pasting them together, which composed training sets allow; the "
            "authors start from ImageNet weights",
        )

    def shallow(self, network: nn.Module) -> nn.Module:
        """The first convolution of the shortcut at full size."""
        return network.get_submodule("encoder.shortcut.0.0")

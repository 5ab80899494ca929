"""How MatteFormer is trained: the losses of webtoon/matteformer (trainers/trainer.py).

L1, composition and Laplacian of the three mattes. The coarsest counts everywhere. The finer ones
count in the unknown region while the rate rises; then, in half of the steps and at last in all,
only where the next coarser one is uncertain, and take its values elsewhere.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from p3mbench.training.batch import Batch
from p3mbench.training.constants import Numbers, constant
from p3mbench.training.losses import composition_error, pooled, pyramid_loss
from p3mbench.training.recipe import NATIVE, Recipe, Stage, nano

from ..inference import normalised
from ..training_inputs import with_classes
from .fidelity import FIDELITY
from .method import CERTAIN
from .network import MatteFormer, MatteFormerOutputs, head_of

WEIGHTS = {"os1": 2.0, "os4": 1.0, "os8": 1.0}
DIVISOR = 5
ENLARGED = 640 / 512
WIDEST = {"os4": 30, "os1": 15}  # side of the ellipse that widens what is uncertain, less than
WARM, MIXED, REFINED = "warm", "mixed", "refined"
WARMUP = 10_000 / 200_000
STAGES = (
    Stage(name=WARM, share=WARMUP),
    Stage(name=MIXED, share=2 * WARMUP),
    Stage(name=REFINED, share=1 - 3 * WARMUP),
)


@cache
def ellipses(widest: int) -> Numbers:
    """OpenCV's elliptical kernels of sides 1 to ``widest`` - 1, (widest - 1, 1, side, side).

    Their anchors are in the middle of planes of one odd side.
    """
    middle = widest // 2
    planes = np.zeros((widest - 1, 1, 2 * middle + 1, 2 * middle + 1))
    for k in range(widest - 1):
        side = k + 1
        start = middle - side // 2
        ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        planes[k, 0, start : start + side, start : start + side] = ellipse
    return _tuples(planes)


def _tuples(planes: npt.NDArray[np.float64]) -> Numbers:
    if planes.ndim == 1:
        return tuple(planes.tolist())
    return tuple(map(_tuples, planes))


def uncertain(alpha: Tensor, widest: int) -> Tensor:
    """(N, 1, H, W) of 0 and 1: where a matte is neither 0 nor 1, widened by chance.

    Each matte is brought to 5/4 of its size (640 for the published crops of 512) and back by
    nearest neighbours, and there widened by an ellipse of 1 to ``widest`` - 1 pixels. Everything,
    chance included, happens on the matte's device.
    """
    with torch.no_grad():
        size = alpha.shape[-2:]
        wide = F.interpolate(alpha, size=[round(side * ENLARGED) for side in size])
        unsure = ((wide >= CERTAIN) & (wide <= 1 - CERTAIN)).to(alpha.dtype)
        kernels = constant(ellipses(widest), alpha)
        chosen = torch.randint(0, widest - 1, (len(alpha),), device=alpha.device)
        counts = F.conv2d(
            unsure.transpose(0, 1), kernels[chosen], padding=widest // 2, groups=len(alpha)
        )
        widened = (counts.transpose(0, 1) > 0.5).to(alpha.dtype)
        return F.interpolate(widened, size=size)


def counted(outputs: MatteFormerOutputs, batch: Batch) -> dict[str, tuple[Tensor, Tensor]]:
    """By output: the matte, and (N, 1, H, W) of 0 and 1 where it counts."""
    unknown = batch.unknown
    found = {"os8": (outputs.os8, torch.ones_like(unknown))}
    if batch.stage == MIXED:  # one toss for the step, where the mattes are
        refining = torch.rand((), device=unknown.device) < 0.5
    coarser = outputs.os8
    for name, widest in WIDEST.items():
        matte, region = getattr(outputs, name), unknown
        if batch.stage in (MIXED, REFINED):
            unsure = uncertain(coarser, widest)
            refined = torch.where(unsure > 0, matte, coarser)
            if batch.stage == MIXED:
                matte = torch.where(refining, refined, matte)
                region = torch.where(refining, unsure, unknown)
            else:
                matte, region = refined, unsure
        found[name] = matte, region
        coarser = matte
    return found


class MatteFormerTraining:
    """MatteFormer."""

    fidelity = FIDELITY

    def network(self, width: float) -> nn.Module:
        """The network, ``width`` times as wide, randomly initialised."""
        return MatteFormer(head_of(width))

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """Normalised RGB and the trimap's three planes, as one tensor."""
        return (with_classes(batch),)

    def terms(self, outputs: MatteFormerOutputs, batch: Batch) -> dict[str, Tensor]:
        """The published terms of each matte where it counts, without weights."""
        truth = batch.alpha
        image, *layers = (normalised(x / 255) for x in (batch.image, *batch.layers))
        terms = {}
        for name, (matte, region) in counted(outputs, batch).items():
            error = composition_error(matte, image, (layers[0], layers[1]))
            terms[f"rec_{name}"] = pooled((matte - truth).abs() * region, region)
            terms[f"comp_{name}"] = pooled(error.abs() * region, region)
            terms[f"lap_{name}"] = pyramid_loss(matte, truth, region)
        return terms

    def losses(self, outputs: MatteFormerOutputs, batch: Batch) -> dict[str, Tensor]:
        """Each matte where it counts; the sum over the mattes is divided by five.

        Composition is summed over the channels of normalised colours.
        """
        terms = self.terms(outputs, batch)
        return {
            part: torch.stack([w * terms[f"{part}_{name}"] for name, w in WEIGHTS.items()]).sum()
            / DIVISOR
            for part in ("rec", "comp", "lap")
        }

    def recipe(self, preset: str) -> Recipe:
        """``paper``: Adam at 1e-3, 200,000 steps of 20, warm-up, cosine, crops of 512."""
        if preset == "nano":
            return nano(width=3 / 32, needs_layers=True, stages=STAGES, losses=3, **NATIVE)
        return Recipe(
            losses=3,
            steps=200_000,
            batch_size=20,
            crops=(512,),
            size=(512, 512),
            crop_rule="centre",
            kernels=(1, 29),
            needs_layers=True,
            lr=1e-3,
            betas=(0.5, 0.999),
            jitter=True,
            schedule="late-cosine",
            warmup=WARMUP,
            stages=STAGES,
            note="the authors start from ImageNet weights",
        )

    def shallow(self, network: nn.Module) -> nn.Module:
        """The first convolution of the shortcut at full size."""
        return network.get_submodule("encoder.shortcut.0.0")

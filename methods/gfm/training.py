"""How GFM is trained: the losses of JizhiziLi/GFM (train.py, core/util.py), in our words.

Three oddities of the published code are not repeated, because they are slips and not the paper's
method: cross-entropy of scores that a sigmoid has squashed already (here: of the scores'
logits), ground truth of FT and BT swapped between the plain and the RIM variant, and RIM's BT loss
that reads the outputs of FT.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from p3mbench.training.batch import Batch
from p3mbench.training.losses import alpha_loss, composition_loss, laplacian_loss
from p3mbench.training.recipe import Recipe, nano

from ..inference import published_times
from .network import GFM, Branches, Encoder, Outputs, Rosta

PUBLISHED_BASE = 64
MARGIN = 1e-6  # keeps the logarithm of a score finite


def classes_of(rosta: Rosta, batch: Batch) -> Tensor:
    """(N, H, W) int64: what the glance of a representation has to say.

    TT: background, transition, foreground. FT: sure foreground or not. BT: anything but sure
    background, or not.
    """
    if rosta is Rosta.TT:
        return batch.classes
    return (batch.classes == 2).long() if rosta is Rosta.FT else (batch.classes > 0).long()


def score_loss(scores: Tensor, classes: Tensor) -> Tensor:
    """Cross-entropy of (N, C, H, W) scores in [0, 1], through the logits they came from."""
    return F.cross_entropy(torch.logit(scores, eps=MARGIN), classes)


class GFMTraining:
    """GFM with one of its encoders and representations.

    Args:
        encoder, rosta: see `network.GFM`.
        changes: what the nano recipe has otherwise than `recipe.nano`.
    """

    def __init__(self, encoder: str, rosta: str, changes: Mapping[str, Any]) -> None:
        self.encoder, self.rosta = Encoder(encoder), Rosta(rosta)
        self.changes = changes

    def network(self, width: float) -> nn.Module:
        """The network, ``width`` times as wide, randomly initialised."""
        return GFM(self.encoder, self.rosta, base=published_times(PUBLISHED_BASE, width, 2))

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """The image in [0, 255], as the published networks take it."""
        return (batch.image,)

    def losses(self, outputs: Outputs, batch: Batch) -> dict[str, Tensor]:
        """For each representation: classes, focus in the unknown region, fusion; composition."""
        parts: dict[str, Tensor] = {}
        for rosta, branches in outputs.branches.items():
            for name, part in self._branch(rosta, branches, batch).items():
                parts[name] = parts[name] + part if name in parts else part
        if self.rosta is Rosta.RIM:
            parts["integrated"] = alpha_loss(outputs.fusion, batch.alpha)
            parts["integrated"] = parts["integrated"] + laplacian_loss(outputs.fusion, batch.alpha)
        layers = (batch.layers[0] / 255, batch.layers[1] / 255)
        parts["composition"] = composition_loss(outputs.fusion, batch.image / 255, layers)
        return parts

    def _branch(self, rosta: Rosta, branches: Branches, batch: Batch) -> dict[str, Tensor]:
        truth, unknown = batch.alpha, batch.unknown
        target = truth  # of the focus, in the unknown region
        if rosta is not Rosta.TT:
            known = classes_of(rosta, batch)[:, None].to(truth.dtype)
            target = truth - known if rosta is Rosta.FT else known - truth
        focus, fusion = branches.focus, branches.fusion
        return {
            "classes": score_loss(branches.glance, classes_of(rosta, batch)),
            "focus": alpha_loss(focus, target, unknown) + laplacian_loss(focus, target, unknown),
            "fusion": alpha_loss(fusion, truth) + laplacian_loss(fusion, truth),
        }

    def recipe(self, preset: str) -> Recipe:
        """``paper``: Adam at 1e-5, batch 32, 500 epochs, crops of 640, 960 or 1280 to 320."""
        if preset == "nano":
            size = (64, 64) if self.rosta is Rosta.RIM else (128, 96)  # RIM sees a third
            return nano(size=size, needs_layers=True, **self.changes)
        return Recipe(
            epochs=500,
            batch_size=32,
            crops=(640, 960, 1280),
            size=(320, 320),
            fallback=320,
            crop_rule="gfm",
            kernels=(25, 25) if self.rosta in (Rosta.TT, Rosta.RIM) else (50, 50),
            needs_layers=True,
            lr=1e-5,
            note="the authors start from ImageNet weights",
        )

    def shallow(self, network: nn.Module) -> nn.Module:
        """The encoder's first stage."""
        return network.get_submodule("encoder0")

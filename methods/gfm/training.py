"""How GFM is trained: the losses of JizhiziLi/GFM (train.py, core/util.py), in our words.

The published code departs from the paper's text in three places. `Recipe.formula` ``code`` does as
the code does, ``text`` as the text says:

* The glance answers scores, after a sigmoid, and the code takes their cross-entropy as if they were
  logits. By the text it is that of the logits that they came from.
* What the glance learns: the code gives FT the dilation and BT the alpha's full opacity, but in RIM
  FT the erosion and BT the dilation, which is what the text gives them everywhere.
* RIM's loss for BT reads the outputs of FT in the code, so that BT's heads learn by the integrated
  matte alone. By the text it reads its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from p3mbench.training.batch import Batch
from p3mbench.training.losses import alpha_loss, class_loss, composition_loss, laplacian_loss
from p3mbench.training.recipe import Recipe, nano

from .fidelity import FIDELITY
from .network import GFM, Branches, Encoder, GFMOutputs, Rosta, base_of

MARGIN = 1e-6  # keeps the logarithm of a score finite
PARTS = {  # of the loss, by the ends of their terms' names
    "classes": ("glance",),
    "focus": ("focus_alpha", "focus_laplacian"),
    "fusion": ("fusion_alpha", "fusion_laplacian"),
    "composition": ("fusion_composition",),
}
ENVELOPE = 50  # side of the kernel of dilation and erosion


def classes_of(rosta: Rosta, batch: Batch, integrating: bool) -> Tensor:
    """(N, H, W) int64: what the glance of a representation has to say.

    Args:
        rosta: TT, FT or BT.
        batch: with dilation and erosion, unless for TT.
        integrating: whether the representation is one of RIM's.

    Returns:
        For TT background, transition, foreground; for the others 1 where a map is 255.
    """
    if rosta is Rosta.TT:
        return batch.classes
    dilation, erosion = batch.envelope
    if batch.formula == "text" or integrating:
        planes = {Rosta.FT: erosion == 255, Rosta.BT: dilation == 255}
    else:
        planes = {Rosta.FT: dilation == 255, Rosta.BT: batch.alpha == 1}
    return planes[rosta][:, 0].long()


def glance_loss(scores: Tensor, classes: Tensor, formula: str) -> Tensor:
    """Cross-entropy of (N, C, H, W) scores in [0, 1] with (N, H, W) classes.

    By ``code`` the scores are taken for logits, by ``text`` their logits are taken.
    """
    if formula == "code":
        return class_loss(scores, classes)
    return class_loss(torch.logit(scores, eps=MARGIN), classes)


def focus_target(rosta: Rosta, batch: Batch) -> Tensor:
    """(N, 1, H, W) in [0, 1]: TT: the alpha; FT: alpha - erosion; BT: dilation - alpha."""
    if rosta is Rosta.TT:
        return batch.alpha
    dilation, erosion = batch.envelope
    return batch.alpha - erosion / 255 if rosta is Rosta.FT else dilation / 255 - batch.alpha


def focus_terms(focus: Tensor, target: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Alpha and Laplacian of a focus in the unknown region."""
    return {
        "focus_alpha": alpha_loss(focus, target, batch.unknown),
        "focus_laplacian": laplacian_loss(focus, target, batch.unknown),
    }


def fusion_terms(fusion: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Alpha, Laplacian and composition of a matte; colours in [0, 255], the last over 255."""
    return {
        "fusion_alpha": alpha_loss(fusion, batch.alpha),
        "fusion_laplacian": laplacian_loss(fusion, batch.alpha),
        "fusion_composition": composition_loss(fusion, batch.image, batch.layers) / 255,
    }


class GFMTraining:
    """GFM with one of its encoders and representations.

    Args:
        encoder, rosta: see `network.GFM`.
        changes: what the nano recipe has otherwise than `recipe.nano`.
    """

    fidelity = FIDELITY

    def __init__(self, encoder: str, rosta: str, changes: Mapping[str, Any]) -> None:
        self.encoder, self.rosta = Encoder(encoder), Rosta(rosta)
        self.changes = changes

    def network(self, width: float) -> nn.Module:
        """The network, ``width`` times as wide, randomly initialised."""
        return GFM(self.encoder, self.rosta, base=base_of(width))

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """The image in [0, 255], as the published networks take it."""
        return (batch.image,)

    def terms(self, outputs: GFMOutputs, batch: Batch) -> dict[str, Tensor]:
        """The published terms without weights.

        Of RIM's their names begin with ``tt_``, ``ft_``, ``bt_`` and ``final_``.
        """
        if self.rosta is not Rosta.RIM:
            (branches,) = outputs.branches.values()
            return self._branch(self.rosta, branches, batch)
        found: dict[str, Tensor] = {}
        for rosta in outputs.branches:
            slip = rosta is Rosta.BT and batch.formula == "code"
            read = outputs.branches[Rosta.FT if slip else rosta]
            for name, term in self._branch(rosta, read, batch).items():
                found[f"{rosta.lower()}_{name}"] = term
        for name, term in fusion_terms(outputs.fusion, batch).items():
            found[f"final_{name}"] = term
        return found

    def _branch(self, rosta: Rosta, read: Branches, batch: Batch) -> dict[str, Tensor]:
        classes = classes_of(rosta, batch, self.rosta is Rosta.RIM)
        return {
            "glance": glance_loss(read.glance, classes, batch.formula),
            **focus_terms(read.focus, focus_target(rosta, batch), batch),
            **fusion_terms(read.fusion, batch),
        }

    def losses(self, outputs: GFMOutputs, batch: Batch) -> dict[str, Tensor]:
        """Classes, focus in the unknown region, fusion, composition; a quarter of each.

        Of RIM's the sums over the representations and the integrated matte, with their full weight.
        """
        terms = self.terms(outputs, batch)
        weight = 1.0 if self.rosta is Rosta.RIM else 0.25
        parts = {}
        for part, ends in PARTS.items():
            members = [term for name, term in terms.items() if name.endswith(ends)]
            parts[part] = weight * torch.stack(members).sum()
        return parts

    @property
    def _outlined(self) -> bool:
        """Whether its targets are made of dilation and erosion."""
        return self.rosta is not Rosta.TT

    def recipe(self, preset: str) -> Recipe:
        """``paper``: Adam at 1e-5, batch 32, 500 epochs, crops of 640, 960 or 1280 to 320."""
        if preset == "nano":
            size = (64, 64) if self.rosta is Rosta.RIM else (128, 96)  # RIM sees a third
            return nano(
                size=size,
                needs_layers=True,
                envelope=10 if self._outlined else 0,
                formula="text",
                losses=2,
                **self.changes,
            )
        return Recipe(
            losses=2,
            epochs=500,
            batch_size=32,
            crops=(640, 960, 1280),
            size=(320, 320),
            fallback=320,
            crop_rule="gfm",
            kernels=(25, 25),
            envelope=ENVELOPE if self._outlined else 0,
            needs_layers=True,
            lr=1e-5,
            note="the authors start from ImageNet weights",
        )

    def shallow(self, network: nn.Module) -> nn.Module:
        """The encoder's first stage."""
        return network.get_submodule("encoder0")

"""How P3M-Net is trained: the losses of JizhiziLi/P3M (train.py, core/util.py), in our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from p3mbench.training.batch import Batch
from p3mbench.training.fidelity import Fidelity
from p3mbench.training.losses import alpha_loss, class_loss, composition_loss, laplacian_loss
from p3mbench.training.recipe import Recipe, nano

from ..inference import normalised
from .architectures import network_of
from .basic import BasicOutputs
from .fidelity import BY_ENCODER
from .network import P3MNetOutputs

FIRST = {  # what sees the image first
    "r34": "encoder0",
    "basic": "encoder0",
    "vitae-s": "encoder.layers.0.RC.proj1",
    "swin-t": "encoder.patch_embed.proj1",
}
SIDES = ("side2", "side1", "side0")


class P3MNetTraining:
    """P3M-Net with one of its encoders; BASIC likewise.

    Args:
        encoder: see `architectures.network_of`.
        features: likewise.
        changes: what the nano recipe has otherwise than `recipe.nano`.
    """

    def __init__(self, encoder: str, features: int, changes: Mapping[str, Any]) -> None:
        self.encoder, self.features, self.changes = encoder, features, changes

    @property
    def fidelity(self) -> Fidelity:
        """What was compared, for each encoder."""
        return BY_ENCODER[self.encoder]

    def network(self, width: float) -> nn.Module:
        """The network, ``width`` times as wide, randomly initialised.

        The authors start from ImageNet weights of their encoders; give those with
        ``p3mbench train --encoder FILE`` to do the same.
        """
        return network_of(self.encoder, width, self.features)

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """The normalised image."""
        return (normalised(batch.image / 255),)

    def terms(self, outputs: P3MNetOutputs | BasicOutputs, batch: Batch) -> dict[str, Tensor]:
        """The published terms, without their weights; composition in normalised colours."""
        local, fusion, truth, unknown = outputs.local, outputs.fusion, batch.alpha, batch.unknown
        foreground, background = (normalised(layer / 255) for layer in batch.layers)
        image = normalised(batch.image / 255)
        terms = {
            "ce_global": class_loss(outputs.global_, batch.classes),
            "local_alpha": alpha_loss(local, truth, unknown),
            "local_laplacian": laplacian_loss(local, truth, unknown),
            "fusion_alpha": alpha_loss(fusion, truth),
            "fusion_laplacian": laplacian_loss(fusion, truth),
            "fusion_composition": composition_loss(fusion, image, (foreground, background)),
        }
        if isinstance(outputs, P3MNetOutputs):
            for side in SIDES:
                terms[f"ce_{side}"] = class_loss(getattr(outputs, side), batch.classes)
        return terms

    def losses(self, outputs: P3MNetOutputs | BasicOutputs, batch: Batch) -> dict[str, Tensor]:
        """Classes with deep supervision; opacity in the unknown region; the whole matte.

        (side2 + side1 + side0 + 3 global) / 6 + 2 (alpha + Laplacian, unknown region, local)
        + 3 (alpha + Laplacian, fusion) + composition of fusion. BASIC has no sides: its classes
        have the weight that all together have.
        """
        terms = self.terms(outputs, batch)
        classes = terms["ce_global"]
        if isinstance(outputs, P3MNetOutputs):
            sides = torch.stack([terms[f"ce_{side}"] for side in SIDES])
            classes = (3 * classes + sides.sum()) / 6
        return {
            "classes": classes,
            "local": 2 * (terms["local_alpha"] + terms["local_laplacian"]),
            "fusion": 3 * (terms["fusion_alpha"] + terms["fusion_laplacian"]),
            "composition": terms["fusion_composition"],
        }

    def recipe(self, preset: str) -> Recipe:
        """``paper``: Adam at 1e-5, batch 8, 150 epochs, crops of 512, 768 or 1024."""
        if preset == "nano":
            return nano(needs_layers=True, losses=2, **self.changes)
        return Recipe(
            losses=2,
            epochs=150,
            batch_size=8,
            crops=(512, 768, 1024),
            size=(512, 512),
            fallback=512,
            crop_rule="p3m",
            kernels=(15, 30),
            needs_layers=True,
            lr=1e-5,
            note="the authors start from ImageNet weights",
        )

    def shallow(self, network: nn.Module) -> nn.Module:
        """The encoder's first convolution, whose map has the image's size."""
        return network.get_submodule(FIRST[self.encoder])

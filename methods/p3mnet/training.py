"""How P3M-Net is trained: the losses of JizhiziLi/P3M (train.py, core/util.py), in our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from p3mbench.training.batch import Batch
from p3mbench.training.losses import alpha_loss, class_loss, composition_loss, laplacian_loss
from p3mbench.training.recipe import Recipe, nano

from ..inference import normalised
from .architectures import network_of
from .basic import BasicOutputs
from .network import Outputs

FIRST = {  # what sees the image first
    "r34": "encoder0",
    "basic": "encoder0",
    "vitae-s": "encoder.layers.0.RC.proj1",
    "swin-t": "encoder.patch_embed.proj1",
}


class P3MNetTraining:
    """P3M-Net with one of its encoders; BASIC likewise.

    Args:
        encoder: see `architectures.network_of`.
        features: likewise.
        changes: what the nano recipe has otherwise than `recipe.nano`.
    """

    def __init__(self, encoder: str, features: int, changes: Mapping[str, Any]) -> None:
        self.encoder, self.features, self.changes = encoder, features, changes

    def network(self, width: float) -> nn.Module:
        """The network, ``width`` times as wide, randomly initialised.

        The authors start from ImageNet weights of their encoders; give those with
        ``p3mbench train --encoder FILE`` to do the same.
        """
        return network_of(self.encoder, width, self.features)

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """The normalised image."""
        return (normalised(batch.image / 255),)

    def losses(self, outputs: Outputs | BasicOutputs, batch: Batch) -> dict[str, Tensor]:
        """Classes with deep supervision; opacity in the unknown region; the whole matte.

        (side2 + side1 + side0 + 3 global) / 6 + 2 (alpha + Laplacian, unknown region, local)
        + 3 (alpha + Laplacian, fusion) + composition of fusion in normalised colours. BASIC has
        no sides: its classes have the weight that all together have.
        """
        classes = class_loss(outputs.global_, batch.classes)
        if isinstance(outputs, Outputs):
            sides = (outputs.side2, outputs.side1, outputs.side0)
            classes = (3 * classes + sum(class_loss(x, batch.classes) for x in sides)) / 6
        local, fusion, truth, unknown = outputs.local, outputs.fusion, batch.alpha, batch.unknown
        foreground, background = (normalised(layer / 255) for layer in batch.layers)
        image = normalised(batch.image / 255)
        return {
            "classes": classes,
            "local": 2 * alpha_loss(local, truth, unknown)
            + 2 * laplacian_loss(local, truth, unknown),
            "fusion": 3 * alpha_loss(fusion, truth) + 3 * laplacian_loss(fusion, truth),
            "composition": composition_loss(fusion, image, (foreground, background)),
        }

    def recipe(self, preset: str) -> Recipe:
        """``paper``: Adam at 1e-5, batch 8, 150 epochs, crops of 512, 768 or 1024."""
        if preset == "nano":
            return nano(needs_layers=True, **self.changes)
        return Recipe(
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

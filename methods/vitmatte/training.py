"""How ViTMatte is trained: the losses of hustvl/ViTMatte (modeling/criterion), in our words."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from p3mbench.training.batch import Batch
from p3mbench.training.losses import LEVELS, pyramid_loss, sobel
from p3mbench.training.recipe import NATIVE, Recipe, nano

from .fidelity import FIDELITY

AREA = 512 * 512  # of the published crops; terms over a region are scaled to it
OWN = 0.01  # weight of the matte's own gradient
LAYERS, DECAY = 12, 0.65  # of the layer-wise learning rates (configs/common/optimizer.py)


def layer_rates() -> tuple[tuple[str, float], ...]:
    """The deeper a layer of the backbone, the nearer its rate to the decoder's."""
    backbone = "model.backbone"
    rates = [(f"{backbone}.embeddings.", DECAY ** (LAYERS + 1))]
    for layer in range(LAYERS):
        name = f"{backbone}.encoder.layer.{layer}."
        rates += [(name, DECAY ** (LAYERS - layer)), (f"{name}residual.", 1.0)]
    return tuple(rates)


def region_loss(alpha: Tensor, truth: Tensor, region: Tensor) -> Tensor:
    """Mean absolute error in a region, times 512 x 512 over the size of an image."""
    return ((alpha - truth) * region).abs().mean() * scale_of(region)


def scale_of(region: Tensor) -> Tensor:
    """What makes a mean over all pixels of 512x512 one over the region; an empty one is a pixel."""
    return len(region) * AREA / region.sum().clamp(min=1)


def gradient_penalty(alpha: Tensor, truth: Tensor, region: Tensor) -> Tensor:
    """Error of the Sobel responses in a region, and a little of the matte's own ones.

    Means over all pixels for either direction, summed; borders are padded with zeros.
    """
    scale = scale_of(region)
    mine, true = (sobel(F.pad(x, (1, 1, 1, 1))) for x in (alpha, truth))
    wrong, own = (((x * region).abs().mean(dim=(0, 2, 3))).sum() for x in (mine - true, mine))
    return scale * (wrong + OWN * own)


class ViTMatteTraining:
    """ViTMatte-S."""

    fidelity = FIDELITY

    def network(self, width: float) -> nn.Module:
        """The network, ``width`` times as wide, randomly initialised."""
        from .network import ViTMatte, head_of  # needs transformers; recipes do not

        return ViTMatte(head_of(width))

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """The image in [0, 1] and the trimap's values over 255."""
        return batch.image / 255, batch.trimap / 255

    def losses(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        """L1 in the unknown and in the known region, Laplacian over its levels, gradient."""
        unknown, truth = batch.unknown, batch.alpha
        return {
            "unknown": region_loss(outputs, truth, unknown),
            "known": region_loss(outputs, truth, 1 - unknown),
            "laplacian": pyramid_loss(outputs, truth) / LEVELS,
            "gradient": gradient_penalty(outputs, truth, unknown),
        }

    def recipe(self, preset: str) -> Recipe:
        """``paper``: AdamW at 5e-4, 134,687 steps of 32, crops of 512, layer-wise rates."""
        if preset == "nano":
            return nano(width=1 / 8, losses=3, **NATIVE)
        return Recipe(
            losses=3,
            steps=134_687,
            batch_size=32,
            crops=(512,),
            size=(512, 512),
            crop_rule="centre",
            kernels=(1, 29),
            needs_layers=True,
            jitter=True,
            optimiser="adamw",
            lr=5e-4,
            weight_decay=0.1,
            schedule="steps",
            rates=layer_rates(),
            milestones=(0.3, 0.9),
            factors=(0.1, 0.05),
            warmup=250 / 134_687,
            note="the authors start from DINO weights",
        )

    def shallow(self, network: nn.Module) -> nn.Module:
        """The first convolution of the detail stream."""
        return network.get_submodule("model.decoder.convstream.convs.0")

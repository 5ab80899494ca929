"""How ViTMatte is trained: the losses of hustvl/ViTMatte (modeling/criterion), in our words."""

from __future__ import annotations

from torch import Tensor, nn

from p3mbench.training.batch import Batch
from p3mbench.training.losses import alpha_loss, gradient_loss, pyramid_loss
from p3mbench.training.recipe import NATIVE, Recipe, nano

from ..inference import published_times

LAYERS, DECAY = 12, 0.65  # of the layer-wise learning rates (configs/common/optimizer.py)


def layer_rates() -> tuple[tuple[str, float], ...]:
    """The deeper a layer of the backbone, the nearer its rate to the decoder's."""
    backbone = "model.backbone"
    rates = [(f"{backbone}.embeddings.", DECAY ** (LAYERS + 1))]
    for layer in range(LAYERS):
        name = f"{backbone}.encoder.layer.{layer}."
        rates += [(name, DECAY ** (LAYERS - layer)), (f"{name}residual.", 1.0)]
    return tuple(rates)


class ViTMatteTraining:
    """ViTMatte-S."""

    def network(self, width: float) -> nn.Module:
        """The network, ``width`` times as wide, randomly initialised."""
        from .network import PUBLISHED_HEAD, ViTMatte  # needs transformers; recipes do not

        return ViTMatte(head=published_times(PUBLISHED_HEAD, width, 4))

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """The image in [0, 1] and the trimap's values over 255."""
        return batch.image / 255, batch.trimap / 255

    def losses(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        """L1 in the unknown and in the known region, Laplacian, gradient."""
        unknown = batch.unknown
        return {
            "unknown": alpha_loss(outputs, batch.alpha, unknown),
            "known": alpha_loss(outputs, batch.alpha, 1 - unknown),
            "laplacian": pyramid_loss(outputs, batch.alpha),
            "gradient": gradient_loss(outputs, batch.alpha),
        }

    def recipe(self, preset: str) -> Recipe:
        """``paper``: AdamW at 5e-4, batch 32, 100 epochs, crops of 512, layer-wise rates."""
        if preset == "nano":
            return nano(width=1 / 8, losses=2, **NATIVE)
        return Recipe(
            losses=2,
            epochs=100,
            batch_size=32,
            crops=(512,),
            size=(512, 512),
            crop_rule="centre",
            kernels=(3, 30),
            optimiser="adamw",
            lr=5e-4,
            weight_decay=0.1,
            schedule="steps",
            rates=layer_rates(),
            milestones=(0.3, 0.9),
            factors=(0.1, 0.05),
            warmup=250 / 134_687,
            note="weight decay on all parameters; the authors start from DINO weights",
        )

    def shallow(self, network: nn.Module) -> nn.Module:
        """The first convolution of the detail stream."""
        return network.get_submodule("model.decoder.convstream.convs.0")

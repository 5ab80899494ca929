"""The adversarial part of a training: a second network that learns to tell true from made.

I. Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014, with the least-squares losses of
X. Mao et al., ICCV 2017: the discriminator wants 1 for what is true and 0 for what the network
made, the network wants 1 for what it made. Only training has it; checkpoints for use do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from torch import Tensor, nn

from p3mbench.training.recipe import Adversarial

LR, BETAS = 2e-4, (0.5, 0.999)  # Adam's; AlphaGAN's and the PatchGAN's
LEAK = 0.2
DOUBLINGS = (2, 4, 8)


class PatchGAN(nn.Module):
    """(N, C, H, W) -> (N, 1, h, w): one verdict for each patch of 70x70 pixels.

    The discriminator of P. Isola et al., "Image-to-Image Translation with Conditional Adversarial
    Networks", CVPR 2017. They train with batches of one, for which batch normalisation is what
    stands here, instance normalisation; so verdicts do not depend on the batch.

    Args:
        channels: of the input.
        base: channels of the first convolution; 64 in the paper.
    """

    def __init__(self, channels: int, base: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(channels, base, 4, 2, 1), nn.LeakyReLU(LEAK)]
        width = base
        for times in DOUBLINGS:
            stride = 1 if times == DOUBLINGS[-1] else 2
            layers += [
                nn.Conv2d(width, times * base, 4, stride, 1),
                nn.InstanceNorm2d(times * base),
                nn.LeakyReLU(LEAK),
            ]
            width = times * base
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, 1, 4, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """See the class; sides of 32 at least."""
        verdicts: Tensor = self.layers(x)
        return verdicts


def fooling_loss(verdicts: Tensor) -> Tensor:
    """What the network minimises: the squared distance of the verdicts on its work from 1."""
    return F.mse_loss(verdicts, torch.ones_like(verdicts))


def telling_loss(true: Tensor, made: Tensor) -> Tensor:
    """What the discriminator minimises: half the squared distances from 1 and from 0."""
    return (F.mse_loss(true, torch.ones_like(true)) + made.square().mean()) / 2


class Adversary:
    """A discriminator, its optimiser, and the two turns of the game.

    Args:
        fabric: of the run.
        training: makes the discriminator, and says what it looks at.
        width: factor on the discriminator's channels.
        state: what `state` returned when an interrupted run was saved.
    """

    def __init__(
        self,
        fabric: Fabric,
        training: Adversarial,
        width: float,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        discriminator = training.discriminator(width)
        optimiser = torch.optim.Adam(discriminator.parameters(), LR, betas=BETAS)
        if state is not None:
            discriminator.load_state_dict(state["network"])
            optimiser.load_state_dict(state["optimiser"])
        self.fabric, self.inner, self.judged = fabric, discriminator, training.judged
        self.network, self.optimiser = fabric.setup(discriminator, optimiser)

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        return {"network": self.inner.state_dict(), "optimiser": self.optimiser.state_dict()}

    def fooled(self, made: Tensor) -> Tensor:
        """The network's adversarial loss; the discriminator gets no gradient from it."""
        self.inner.requires_grad_(False)
        with self.fabric.autocast():
            return fooling_loss(self.inner(made))

    def learn(self, true: Tensor, made: Tensor) -> float:
        """One step of the discriminator on detached examples; its loss."""
        self.inner.requires_grad_(True)
        verdicts = self.network(torch.cat([true.detach(), made.detach()]))
        loss = telling_loss(*verdicts.float().split(len(true)))
        self.fabric.backward(loss)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return float(loss.detach())

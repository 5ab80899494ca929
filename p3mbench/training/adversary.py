"""Adversarial training: a discriminator that is trained against the network.

I. Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014. Checkpoints for inference do not
contain it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from p3mbench.training.discriminator import fooling_loss, telling_loss
from p3mbench.training.recipe import Adversarial

LR, BETAS = 2e-4, (0.5, 0.999)  # Adam's; AlphaGAN's and the PatchGAN's


class Adversary:
    """A discriminator, its optimiser, and the two steps of adversarial training.

    Args:
        fabric: Fabric of the run.
        training: makes the discriminator and its inputs.
        width: factor on the discriminator's channels.
        state: the result of `state` from an interrupted run.
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
        self.fabric, self.inner, self.judged = fabric, discriminator, training.judged
        self.network, self.optimiser = fabric.setup(discriminator, optimiser)
        if state is not None:
            optimiser.load_state_dict(state["optimiser"])  # after setup: it needs its device

    def state(self) -> dict[str, Any]:
        """Return everything that the next step depends on."""
        return {"network": self.inner.state_dict(), "optimiser": self.optimiser.state_dict()}

    def fooled(self, made: Tensor) -> Tensor:
        """Compute the network's adversarial loss, without gradient for the discriminator."""
        self.inner.requires_grad_(False)
        with self.fabric.autocast():
            return fooling_loss(self.inner(made))

    def learn(self, true: Tensor, made: Tensor) -> Tensor:
        """Train the discriminator for one step on detached examples; return its loss."""
        self.inner.requires_grad_(True)
        verdicts = self.network(torch.cat([true.detach(), made.detach()]))
        loss = telling_loss(*verdicts.float().split(len(true)))
        self.fabric.backward(loss)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return loss.detach()

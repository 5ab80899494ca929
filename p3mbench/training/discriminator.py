"""The discriminator of adversarial training, and the losses of both sides.

Least-squares losses, X. Mao et al., ICCV 2017: the discriminator aims at 1 for true examples and 0
for generated ones; the network aims at 1 for generated ones.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEAK = 0.2
DOUBLINGS = (2, 4, 8)


class PatchGAN(nn.Module):
    """(N, C, H, W) -> (N, 1, h, w): one verdict for each patch of 70x70 pixels.

    The discriminator of P. Isola et al., "Image-to-Image Translation with Conditional Adversarial
    Networks", CVPR 2017. They train with batches of one, where batch normalisation equals instance
    normalisation. We use instance normalisation, so verdicts do not depend on the batch.

    Args:
        channels: number of channels of the input.
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
        """See the class; sides must be at least 32."""
        verdicts: Tensor = self.layers(x)
        return verdicts


def fooling_loss(verdicts: Tensor) -> Tensor:
    """The network's loss: squared distance of the verdicts on its outputs from 1."""
    return F.mse_loss(verdicts, torch.ones_like(verdicts))


def telling_loss(true: Tensor, made: Tensor) -> Tensor:
    """The discriminator's loss: half the sum of the squared distances from 1 and from 0."""
    return (F.mse_loss(true, torch.ones_like(true)) + made.square().mean()) / 2

"""The network that learns to tell true from made, and what either side of the game minimises.

Least-squares losses, X. Mao et al., ICCV 2017: the discriminator wants 1 for what is true and 0 for
what the network made, the network wants 1 for what it made.
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

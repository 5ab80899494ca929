"""Guided filters that carry a small matte to the size of the photograph.

K. He, J. Sun, "Fast Guided Filter", arXiv:1505.00996: in each 3x3 window of the small image the
matte is a linear function of the image; its coefficients are enlarged and applied to the large
image. H. Wu et al., "Fast End-to-End Trainable Guided Filter", CVPR 2018, arXiv:1803.05619, learn
the slope from the window's moments; RVM adds the decoder's features.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIDE = 3  # of the windows
EPSILON = 1e-5  # added to the variance by the filter without learned parts
COLOURS = 4  # red, green, blue and their mean; foreground and matte are filtered in the same order


class Moments(NamedTuple):
    """Means, covariance and variance of guide and target over windows, each (N, 4, H, W)."""

    guide: Tensor
    target: Tensor
    covariance: Tensor
    variance: Tensor


def with_grey(image: Tensor) -> Tensor:
    """(N, 3, H, W) RGB with its mean as a fourth channel."""
    return torch.cat([image, image.mean(dim=1, keepdim=True)], dim=1)


def moments(guide: Tensor, target: Tensor, window: Tensor) -> Moments:
    """Return the moments under a (4, 1, 3, 3) window; borders are padded with zeros."""

    def mean(x: Tensor) -> Tensor:
        return F.conv2d(x, window, padding=SIDE // 2, groups=COLOURS)

    first, second = mean(guide), mean(target)
    covariance = mean(guide * target) - first * second
    return Moments(first, second, covariance, mean(guide * guide) - first * first)


def applied(slope: Tensor, found: Moments, image: Tensor) -> Tensor:
    """Enlarge slopes and offsets bilinearly and apply them to the (N, 4, H, W) image."""
    lines = torch.cat([slope, found.target - slope * found.guide], dim=1)
    size = image.shape[2:]
    slopes, offsets = F.interpolate(lines, size, mode="bilinear", align_corners=False).chunk(2, 1)
    return slopes * image + offsets


def fast_guided(image: Tensor, small: Tensor, target: Tensor) -> Tensor:
    """Filter without learned parts.

    Args:
        image: (N, 3, H, W) RGB in [0, 1].
        small: (N, 3, h, w), the same, reduced.
        target: (N, 4, h, w) foreground colours and matte at the small size.

    Returns:
        (N, 4, H, W) foreground colours and matte.
    """
    window = torch.full((COLOURS, 1, SIDE, SIDE), 1 / SIDE**2).to(small)
    found = moments(with_grey(small), target, window)
    return applied(found.covariance / (found.variance + EPSILON), found, with_grey(image))


class DeepGuidedFilter(nn.Module):
    """Filter whose slope comes from a small network.

    Args:
        hidden: channels of the decoder's features.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.box_filter = nn.Conv2d(COLOURS, COLOURS, SIDE, padding=1, groups=COLOURS, bias=False)
        nn.init.constant_(self.box_filter.weight, 1 / SIDE**2)
        layers: list[nn.Module] = []
        for inputs in (2 * COLOURS + hidden, hidden):
            convolution = nn.Conv2d(inputs, hidden, 1, bias=False)
            layers += [convolution, nn.BatchNorm2d(hidden), nn.ReLU(inplace=True)]
        self.conv = nn.Sequential(*layers, nn.Conv2d(hidden, COLOURS, 1))

    def forward(self, image: Tensor, small: Tensor, target: Tensor, features: Tensor) -> Tensor:
        """As `fast_guided`; ``features`` are the decoder's, (N, hidden, h, w)."""
        found = moments(with_grey(small), target, self.box_filter.weight)
        slope = self.conv(torch.cat([found.covariance, found.variance, features], dim=1))
        return applied(slope, found, with_grey(image))

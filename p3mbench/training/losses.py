"""The losses of matting papers, each once; a method's ``training.py`` puts weights on them.

All take (N, C, H, W) tensors and return a scalar. ``region`` is a (N, 1, H, W) tensor of zeros and
ones, or of weights.
"""

from __future__ import annotations

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

LEVELS = 5
SMOOTH = 1e-12  # under the root of the absolute value, as in P3M and Deep Image Matting


def absolute(a: Tensor, b: Tensor) -> Tensor:
    """|a - b| with a gradient at 0: sqrt((a - b)^2 + 1e-12)."""
    return torch.sqrt((a - b) ** 2 + SMOOTH)


def alpha_loss(alpha: Tensor, truth: Tensor, region: Tensor | None = None) -> Tensor:
    """Mean absolute error, over the image or over a region (Xu et al., CVPR 2017, eq. 1).

    Over a region the sum is divided by its size plus 1 (P3M's code), so an empty one gives 0.
    """
    if region is None:
        return absolute(alpha, truth).mean()
    return (absolute(alpha, truth) * region).sum() / (region.sum() + 1)


def squared_loss(alpha: Tensor, truth: Tensor) -> Tensor:
    """Mean squared error."""
    return F.mse_loss(alpha, truth)


def class_loss(logits: Tensor, classes: Tensor) -> Tensor:
    """Cross-entropy of (N, C, H, W) logits with (N, H, W) class numbers."""
    return F.cross_entropy(logits, classes)


def composition_loss(
    alpha: Tensor,
    image: Tensor,
    layers: tuple[Tensor, Tensor],
    region: Tensor | None = None,
) -> Tensor:
    """Absolute error of the image composed with ``alpha`` (Xu et al., CVPR 2017, eq. 2).

    Args:
        alpha: (N, 1, H, W).
        image: (N, 3, H, W), in any scale.
        layers: foreground and background, (N, 3, H, W) each, in the image's scale.
        region: where it counts; the whole image if None.

    Returns:
        The sum over the channels, averaged over pixels.
    """
    foreground, background = layers
    composed = alpha * foreground + (1 - alpha) * background
    error = absolute(composed, image).sum(dim=1, keepdim=True)
    if region is None:
        return error.mean()
    return (error * region).sum() / (region.sum() + 1)


@lru_cache
def _p3m_kernel() -> Tensor:
    """P3M's 5x5 smoothing kernel: the *sum* of two squared 1-D Gaussians of sigma 1."""
    steps = torch.arange(5, dtype=torch.float32) - 2
    line = torch.exp(-(steps**2) / 2) ** 2
    kernel = line[:, None] + line[None, :]
    return (kernel / kernel.sum()).view(1, 1, 5, 5)


@lru_cache
def _binomial_kernel() -> Tensor:
    """Burt and Adelson's 5x5 kernel, 1-4-6-4-1 in both directions."""
    line = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    return (line[:, None] * line[None, :]).view(1, 1, 5, 5)


def laplacian_levels(x: Tensor, kernel: Tensor, levels: int = LEVELS) -> list[Tensor]:
    """The detail that blurring takes away, at ``levels`` sizes, each half of the one before.

    Args:
        x: (N, 1, H, W).
        kernel: (1, 1, 5, 5), of sum 1; borders are replicated.
    """
    kernel = kernel.to(x)
    found = []
    for _ in range(levels):
        blurred = F.conv2d(F.pad(x, (2, 2, 2, 2), mode="replicate"), kernel)
        found.append(x - blurred)
        x = F.avg_pool2d(blurred, 2, ceil_mode=True)
    return found


def laplacian_loss(alpha: Tensor, truth: Tensor, region: Tensor | None = None) -> Tensor:
    """P3M's Laplacian loss: the mean absolute error of five levels of detail, summed.

    With a ``region`` both mattes are set to 0 outside it first (P3M's code).
    """
    if region is not None:
        alpha, truth = alpha * region, truth * region
    kernel = _p3m_kernel()
    pairs = zip(laplacian_levels(alpha, kernel), laplacian_levels(truth, kernel), strict=True)
    return torch.stack([F.l1_loss(a, b) for a, b in pairs]).sum()


def pyramid_levels(x: Tensor, levels: int = LEVELS) -> list[Tensor]:
    """The Laplacian pyramid of Burt and Adelson (1983): what halving and doubling again loses.

    Args:
        x: (N, 1, H, W), sides of 3 x 2^(levels - 1) pixels at least; borders are reflected.
    """
    kernel = _binomial_kernel().to(x)
    found = []
    for _ in range(levels):
        halved = _smoothed(x, kernel)[..., ::2, ::2]
        doubled = torch.zeros_like(x)
        doubled[..., ::2, ::2] = halved
        found.append(x - _smoothed(doubled, 4 * kernel))
        x = halved
    return found


def _smoothed(x: Tensor, kernel: Tensor) -> Tensor:
    return F.conv2d(F.pad(x, (2, 2, 2, 2), mode="reflect"), kernel)


def pyramid_loss(alpha: Tensor, truth: Tensor, region: Tensor | None = None) -> Tensor:
    """The Laplacian loss of Hou and Liu (ICCV 2019), as FBA, MatteFormer and ViTMatte have it.

    Level s counts 2^s. Over a ``region``, each level is averaged over what every second pixel of
    the region before leaves of it (webtoon/matteformer).
    """
    parts = []
    for s, (a, b) in enumerate(zip(pyramid_levels(alpha), pyramid_levels(truth), strict=True)):
        if region is None:
            parts.append(2.0**s * F.l1_loss(a, b))
            continue
        parts.append(2.0**s * ((a - b).abs() * region).sum() / region.sum().clamp(min=1))
        region = region[..., ::2, ::2]
    return torch.stack(parts).sum()


def gradient_loss(alpha: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute error of the horizontal and vertical Sobel responses."""
    line = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 8
    kernel = torch.stack([line, line.T])[:, None].to(alpha)
    sides = [F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), kernel) for x in (alpha, truth)]
    return F.l1_loss(sides[0], sides[1])


def exclusion_loss(foreground: Tensor, background: Tensor) -> Tensor:
    """Mean product of the gradients of foreground and background, so that an edge belongs to one.

    Forte and Pitie, 2020, sec. 3.3: |grad F|_1 |grad B|_1, by differences of neighbours.

    Args:
        foreground, background: (N, C, H, W).
    """
    sizes = []
    for layer in (foreground, background):
        across = (layer[..., :-1, 1:] - layer[..., :-1, :-1]).abs()
        down = (layer[..., 1:, :-1] - layer[..., :-1, :-1]).abs()
        sizes.append((across + down).sum(dim=1))
    return (sizes[0] * sizes[1]).mean()


def ssim_loss(alpha: Tensor, truth: Tensor, size: int = 11) -> Tensor:
    """1 - SSIM, averaged (Wang et al., 2004), with a ``size`` x ``size`` window of ones.

    Constants are those of a range of 1: 0.01^2 and 0.03^2.
    """

    def mean(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, size, stride=1)

    a, b = mean(alpha), mean(truth)
    spread = mean(alpha**2) - a**2, mean(truth**2) - b**2, mean(alpha * truth) - a * b
    likeness = (2 * a * b + 1e-4) * (2 * spread[2] + 9e-4)
    scale = (a**2 + b**2 + 1e-4) * (spread[0] + spread[1] + 9e-4)
    return (1 - likeness / scale).mean()

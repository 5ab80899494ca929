"""The losses of matting papers; a method's ``training.py`` weights them.

All take (N, C, H, W) tensors and return a scalar. ``region`` is a (N, 1, H, W) tensor of zeros and
ones, or of weights. Papers define the mean over a region in four ways:

* `alpha_loss` and `composition_loss` pool all images and divide by the region's size plus 1. Each
  pixel outside adds the root's 1e-6 (JizhiziLi/P3M).
* `pooled` pools all images and divides by the size (MatteFormer, GCA, mmagic's DIM).
* `by_image` divides each image's sum by its own size and averages over images (IndexNet).
* ViTMatte's mean, in its own module, is scaled to a crop of 512x512.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from p3mbench.training.constants import Numbers, constant

LEVELS = 5
SMOOTH = 1e-12  # under the root of the absolute value, as in P3M and Deep Image Matting


def absolute(difference: Tensor) -> Tensor:
    """Compute |difference| with a gradient at 0: sqrt(difference^2 + 1e-12)."""
    return torch.sqrt(difference**2 + SMOOTH)


def pooled(values: Tensor, region: Tensor) -> Tensor:
    """Divide the sum of ``values``, which are 0 outside the region, by its size in all images.

    An empty region counts as one pixel.
    """
    return values.sum() / region.sum().clamp(min=1)


def by_image(values: Tensor, region: Tensor) -> Tensor:
    """Compute `pooled` for each image and average over the images."""
    sums, sizes = (x.flatten(1).sum(dim=1) for x in (values, region))
    return (sums / sizes.clamp(min=1)).mean()


def alpha_loss(alpha: Tensor, truth: Tensor, region: Tensor | None = None) -> Tensor:
    """Mean absolute error over the image or a region (Xu et al., CVPR 2017, eq. 1).

    A region is handled as in P3M's code: the difference is set to 0 outside, and the sum over all
    pixels is divided by the region's size plus 1.
    """
    if region is None:
        return absolute(alpha - truth).mean()
    return absolute((alpha - truth) * region).sum() / (region.sum() + 1)


def squared_loss(alpha: Tensor, truth: Tensor) -> Tensor:
    """Mean squared error."""
    return F.mse_loss(alpha, truth)


def class_loss(logits: Tensor, classes: Tensor) -> Tensor:
    """Cross-entropy of (N, C, H, W) logits with (N, H, W) class numbers."""
    return F.cross_entropy(logits, classes)


def composition_error(alpha: Tensor, image: Tensor, layers: tuple[Tensor, Tensor]) -> Tensor:
    """Compose with ``alpha`` and subtract the image; returns (N, 3, H, W).

    Args:
        alpha: (N, 1, H, W).
        image: (N, 3, H, W), in any scale.
        layers: foreground and background, (N, 3, H, W) each, in the image's scale.
    """
    foreground, background = layers
    return alpha * foreground + (1 - alpha) * background - image


def composition_loss(
    alpha: Tensor,
    image: Tensor,
    layers: tuple[Tensor, Tensor],
    region: Tensor | None = None,
) -> Tensor:
    """Absolute error of the image composed with ``alpha`` (Xu et al., CVPR 2017, eq. 2).

    Args:
        alpha, image, layers: see `composition_error`.
        region: see `alpha_loss`; the whole image if None.

    Returns:
        The sum over the channels, averaged over pixels.
    """
    error = composition_error(alpha, image, layers)
    if region is None:
        return absolute(error).sum(dim=1).mean()
    return absolute(error * region).sum() / (region.sum() + 1)


def _p3m_kernel() -> Numbers:
    """P3M's 5x5 smoothing kernel: the *sum* of two squared 1-D Gaussians of sigma 1."""
    line = [math.exp(-(step**2)) for step in range(-2, 3)]
    total = sum(a + b for a in line for b in line)
    return ((tuple(tuple((a + b) / total for b in line) for a in line),),)


P3M_KERNEL = _p3m_kernel()
_LINE = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
BINOMIAL_KERNEL: Numbers = ((tuple(tuple(a * b for b in _LINE) for a in _LINE),),)


def laplacian_levels(x: Tensor, levels: int = LEVELS) -> list[Tensor]:
    """Build P3M's pyramid: the detail that smoothing removes at each size, and the rest.

    Each size is half the previous one; a last odd row or column is dropped.

    Args:
        x: (N, 1, H, W) with sides of at least 2^levels pixels; borders are replicated.

    Returns:
        ``levels`` planes of detail, then the low-pass plane.
    """
    kernel = constant(P3M_KERNEL, x)
    found = []
    for _ in range(levels):
        blurred = F.conv2d(F.pad(x, (2, 2, 2, 2), mode="replicate"), kernel)
        found.append(x - blurred)
        x = F.avg_pool2d(blurred, 2)
    return [*found, x]


def laplacian_loss(alpha: Tensor, truth: Tensor, region: Tensor | None = None) -> Tensor:
    """P3M's Laplacian loss: the sum of the levels' mean absolute errors, with the low-pass plane.

    With a ``region``, both mattes are first set to 0 outside it (P3M's code).
    """
    if region is not None:
        alpha, truth = alpha * region, truth * region
    pairs = zip(laplacian_levels(alpha), laplacian_levels(truth), strict=True)
    return torch.stack([F.l1_loss(a, b) for a, b in pairs]).sum()


def pyramid_levels(x: Tensor, levels: int = LEVELS) -> list[Tensor]:
    """Build the Laplacian pyramid of Burt and Adelson (1983): what halving and doubling loses.

    A level with odd height or width first loses its last row or column.

    Args:
        x: (N, 1, H, W) with sides of at least 4 x 2^(levels - 1) pixels; borders are reflected.

    Returns:
        ``levels`` planes of detail, without the low-pass plane.
    """
    kernel = constant(BINOMIAL_KERNEL, x)
    found = []
    for _ in range(levels):
        x = x[..., : x.shape[-2] // 2 * 2, : x.shape[-1] // 2 * 2]
        halved = _smoothed(x, kernel)[..., ::2, ::2]
        doubled = torch.zeros_like(x)
        doubled[..., ::2, ::2] = halved
        found.append(x - _smoothed(doubled, 4 * kernel))
        x = halved
    return found


def _smoothed(x: Tensor, kernel: Tensor) -> Tensor:
    return F.conv2d(F.pad(x, (2, 2, 2, 2), mode="reflect"), kernel)


def pyramid_loss(alpha: Tensor, truth: Tensor, region: Tensor | None = None) -> Tensor:
    """The Laplacian loss of Hou and Liu (ICCV 2019), as in FBA, MatteFormer and ViTMatte.

    Level s has the weight 2^s. Over a ``region``, each level is averaged over every second pixel of
    the previous level's region (webtoon/matteformer).
    """
    parts = []
    for s, (a, b) in enumerate(zip(pyramid_levels(alpha), pyramid_levels(truth), strict=True)):
        if region is None:
            parts.append(2.0**s * F.l1_loss(a, b))
            continue
        region = region[..., : a.shape[-2], : a.shape[-1]]
        parts.append(2.0**s * pooled((a - b).abs() * region, region))
        region = region[..., ::2, ::2]
    return torch.stack(parts).sum()


SOBEL: Numbers = (
    (((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0)),),
    (((-1.0, -2.0, -1.0), (0.0, 0.0, 0.0), (1.0, 2.0, 1.0)),),
)


def sobel(x: Tensor) -> Tensor:
    """Compute the horizontal and vertical Sobel responses: (N, 1, H + 2, W + 2) -> (N, 2, H, W).

    The weights 1, 2, 1 are not normalised, so a ramp of 1 per pixel gives 8.
    """
    return F.conv2d(x, constant(SOBEL, x))


def gradient_loss(alpha: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute error of the horizontal and vertical Sobel responses, divided by 8.

    Borders are replicated.
    """
    difference = F.pad(alpha - truth, (1, 1, 1, 1), mode="replicate")
    return sobel(difference).abs().mean() / 8


def exclusion_loss(foreground: Tensor, background: Tensor) -> Tensor:
    """Mean product of the gradients of foreground and background; an edge should be in one only.

    Forte and Pitie, 2020, sec. 3.3: |grad F|_1 |grad B|_1, with differences of neighbours.

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
    """Mean of 1 - SSIM (Wang et al., 2004) with a ``size`` x ``size`` window of ones.

    The constants are those for a range of 1: 0.01^2 and 0.03^2.
    """

    def mean(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, size, stride=1)

    a, b = mean(alpha), mean(truth)
    spread = mean(alpha**2) - a**2, mean(truth**2) - b**2, mean(alpha * truth) - a * b
    likeness = (2 * a * b + 1e-4) * (2 * spread[2] + 9e-4)
    scale = (a**2 + b**2 + 1e-4) * (spread[0] + spread[1] + 9e-4)
    return (1 - likeness / scale).mean()

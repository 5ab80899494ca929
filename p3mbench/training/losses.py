"""The losses of matting papers, each once; a method's ``training.py`` puts weights on them.

All take (N, C, H, W) tensors and return a scalar. ``region`` is a (N, 1, H, W) tensor of zeros and
ones, or of weights. Papers differ in what a mean over a region is, so there are four:

* `alpha_loss` and `composition_loss` divide by the region's size plus 1, all images pooled, and
  pixels outside count the root's 1e-6 each (JizhiziLi/P3M);
* `pooled` divides by the size, all images pooled (MatteFormer, GCA, mmagic's DIM);
* `by_image` divides each image's sum by its own size, and averages over images (IndexNet);
* ViTMatte's, in its own module, is scaled to a crop of 512x512.
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
    """|difference| with a gradient at 0: sqrt(difference^2 + 1e-12)."""
    return torch.sqrt(difference**2 + SMOOTH)


def pooled(values: Tensor, region: Tensor) -> Tensor:
    """The sum of ``values``, which are 0 outside the region, over its size in all images.

    An empty region counts as one pixel.
    """
    return values.sum() / region.sum().clamp(min=1)


def by_image(values: Tensor, region: Tensor) -> Tensor:
    """As `pooled` for each image, averaged over the images."""
    sums, sizes = (x.flatten(1).sum(dim=1) for x in (values, region))
    return (sums / sizes.clamp(min=1)).mean()


def alpha_loss(alpha: Tensor, truth: Tensor, region: Tensor | None = None) -> Tensor:
    """Mean absolute error, over the image or over a region (Xu et al., CVPR 2017, eq. 1).

    Over a region as P3M's code has it: the difference is set to 0 outside, and the sum over all
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
    """(N, 3, H, W): the image composed with ``alpha`` minus the image.

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
        region: where it counts, see `alpha_loss`; the whole image if None.

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
    """P3M's pyramid: the detail that smoothing takes away at ``levels`` sizes, and what is left.

    Each size is half of the one before; a last odd row or column is dropped.

    Args:
        x: (N, 1, H, W), sides of 2^levels pixels at least; borders are replicated.

    Returns:
        ``levels`` planes of detail and, last, the low-pass plane.
    """
    kernel = constant(P3M_KERNEL, x)
    found = []
    for _ in range(levels):
        blurred = F.conv2d(F.pad(x, (2, 2, 2, 2), mode="replicate"), kernel)
        found.append(x - blurred)
        x = F.avg_pool2d(blurred, 2)
    return [*found, x]


def laplacian_loss(alpha: Tensor, truth: Tensor, region: Tensor | None = None) -> Tensor:
    """P3M's Laplacian loss: the mean absolute errors of the levels, low-pass included, summed.

    With a ``region`` both mattes are set to 0 outside it first (P3M's code).
    """
    if region is not None:
        alpha, truth = alpha * region, truth * region
    pairs = zip(laplacian_levels(alpha), laplacian_levels(truth), strict=True)
    return torch.stack([F.l1_loss(a, b) for a, b in pairs]).sum()


def pyramid_levels(x: Tensor, levels: int = LEVELS) -> list[Tensor]:
    """The Laplacian pyramid of Burt and Adelson (1983): what halving and doubling again loses.

    A level of odd height or width loses its last row or column first.

    Args:
        x: (N, 1, H, W), sides of 4 x 2^(levels - 1) pixels at least; borders are reflected.

    Returns:
        ``levels`` planes of detail; the low-pass plane that is left is not among them.
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
    """The Laplacian loss of Hou and Liu (ICCV 2019), as FBA, MatteFormer and ViTMatte have it.

    Level s counts 2^s. Over a ``region``, each level is averaged over what every second pixel of
    the region before leaves of it (webtoon/matteformer).
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
    """(N, 2, H, W): the horizontal and vertical Sobel responses of (N, 1, H + 2, W + 2).

    Weights 1, 2, 1 as they are, so that a ramp of 1 a pixel gives 8.
    """
    return F.conv2d(x, constant(SOBEL, x))


def gradient_loss(alpha: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute error of the horizontal and vertical Sobel responses, over 8.

    Borders are replicated.
    """
    difference = F.pad(alpha - truth, (1, 1, 1, 1), mode="replicate")
    return sobel(difference).abs().mean() / 8


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

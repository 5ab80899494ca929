"""The published test-time steps, literally: with the calls that the published code makes.

Each function takes a network, an (H, W, 3) uint8 image and an (H, W) uint8 trimap, and returns the
alpha, (H, W) float32. `inference` compares them with ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from skimage import transform
from torch import Tensor, nn

Image = np.ndarray[Any, np.dtype[np.uint8]]
Alpha = np.ndarray[Any, np.dtype[np.float32]]
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
sk_resize: Callable[..., np.ndarray] = transform.resize  # without types
HALVES = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)


def normal(image: np.ndarray, statistics: tuple[tuple[float, ...], ...] = IMAGENET) -> Tensor:
    """(H, W, 3) in [0, 1] to a normalised batch, as ToTensor and Normalize do."""
    x = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float()[None]
    mean, std = (torch.tensor(s).view(1, 3, 1, 1) for s in statistics)
    return (x - mean) / std


def lowered(shape: tuple[int, ...], ratio: float) -> tuple[int, int]:
    """Sides scaled, lowered to multiples of 32, 1600 at most."""
    height, width = (min(1600, int(side * ratio) - int(side * ratio) % 32) for side in shape[:2])
    return height, width


def plane(x: Tensor) -> Alpha:
    """The matte of a batch of one."""
    return x[0, 0].detach().cpu().numpy()


def by_resizing(
    ratio: float, matte: Callable[[Any], Tensor], scaled: bool = True
) -> Callable[..., Alpha]:
    """P3M's RESIZE, GFM's TEST, and the P3M paper's procedure for methods without code.

    Args:
        ratio: size of the input relative to the image.
        matte: function from the network's outputs to the fused matte.
        scaled: whether the network takes normalised colours (else levels).
    """

    def literal(network: nn.Module, image: Image, trimap: Image) -> Alpha:
        small = sk_resize(image, lowered(image.shape, ratio)) * 255.0
        levels = torch.from_numpy(small.transpose(2, 0, 1)).float()[None]
        x = normal(small / 255.0) if scaled else levels
        alpha = sk_resize(plane(matte(network(x))), image.shape[:2])
        return alpha.astype(np.float32)

    return literal


def modnet(network: nn.Module, image: Image, trimap: Image) -> Alpha:
    """MODNet's demo: averaged to a shorter side of 512, and back."""
    x = normal(image / 255.0, HALVES)
    height, width = image.shape[:2]
    if max(height, width) < 512 or min(height, width) > 512:
        if width >= height:
            rh, rw = 512, int(width / height * 512)
        else:
            rh, rw = int(height / width * 512), 512
    else:
        rh, rw = height, width
    x = F.interpolate(x, size=(rh - rh % 32, rw - rw % 32), mode="area")
    matte = F.interpolate(network(x).matte, size=(height, width), mode="area")
    return plane(matte)


def pasted(alpha: np.ndarray, trimap: Image) -> Alpha:
    """Set the trimap's known pixels."""
    alpha[trimap == 0], alpha[trimap == 255] = 0.0, 1.0
    return np.asarray(alpha, np.float32)


def one_hot(trimap: Image) -> Tensor:
    """(1, 3, H, W) background, unknown, foreground."""
    classes = np.select([trimap < 85, trimap >= 170], [0, 2], 1)
    return F.one_hot(torch.from_numpy(classes), 3).permute(2, 0, 1).float()[None]


def reflected(x: np.ndarray, margin: int = 0) -> np.ndarray:
    """Padded to multiples of 32 at the bottom and right, and by a margin all around."""
    below, right = (-side % 32 for side in x.shape[:2])
    pads = [(margin, margin + below), (margin, margin + right), (0, 0)]
    return np.pad(x, pads[: x.ndim], mode="reflect")


def levels(image: np.ndarray, trimap: np.ndarray) -> Tensor:
    """(1, 4, H, W): normalised colours and the trimap over 255."""
    hint = torch.from_numpy(trimap.astype(np.float32) / 255)[None, None]
    return torch.cat([normal(image / 255.0), hint], dim=1)


def dim(network: Any, image: Image, trimap: Image) -> Alpha:
    """mmagic: reflected, no resizing."""
    height, width = trimap.shape
    alpha = plane(network(levels(reflected(image), reflected(trimap))).best)
    return pasted(alpha[:height, :width].copy(), trimap)


def linear(best: Callable[[Any], Tensor], longest: int) -> Callable[..., Alpha]:
    """huochaitiantang's DIM and CDOTAD's AlphaGAN: OpenCV's linear resizing of 8 bits, and back."""

    def literal(network: nn.Module, image: Image, trimap: Image) -> Alpha:
        height, width = (min(longest, side - side % 32) for side in trimap.shape)
        small = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
        hint = cv2.resize(trimap, (width, height), interpolation=cv2.INTER_LINEAR)
        alpha = plane(best(network(levels(small, hint))))
        size = trimap.shape[::-1]
        return pasted(cv2.resize(alpha, size, interpolation=cv2.INTER_LINEAR), trimap)

    return literal


def indexnet(network: nn.Module, image: Image, trimap: Image) -> Alpha:
    """The authors' demo: sides raised to multiples of 32 by cubic and nearest resizing."""
    height, width = (-(-side // 32) * 32 for side in trimap.shape)
    large = cv2.resize(image.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    hint = cv2.resize(trimap, (width, height), interpolation=cv2.INTER_NEAREST)
    small = plane(network(levels(large, hint)))
    alpha = cv2.resize(small, trimap.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return pasted(np.clip(alpha, 0, 1), trimap)


def gca(network: nn.Module, image: Image, trimap: Image) -> Alpha:
    """The authors' demo without its margin, as our default strategy."""
    x = torch.cat([normal(reflected(image) / 255.0), one_hot(reflected(trimap))], dim=1)
    height, width = trimap.shape
    return pasted(plane(network(x))[:height, :width].copy(), trimap)


def matteformer(network: Any, image: Image, trimap: Image) -> Alpha:
    """The authors' inference, progressive refinement included."""
    pixels, hint = reflected(image, 32), reflected(trimap, 32)
    out = network(torch.cat([normal(pixels / 255.0), one_hot(hint)], dim=1))
    alpha = plane(out.os8).copy()
    for finer, side in ((out.os4, 15), (out.os1, 7)):
        small = cv2.resize(alpha, (640, 640), interpolation=cv2.INTER_NEAREST)
        band = ((small >= 1 / 255) & (small <= 1 - 1 / 255)).astype(np.uint8)
        ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        wide = cv2.dilate(band, ellipse)
        wide = cv2.resize(wide, alpha.shape[::-1], interpolation=cv2.INTER_NEAREST)
        alpha[wide > 0] = plane(finer)[wide > 0]
    height, width = trimap.shape
    return pasted(alpha[32 : 32 + height, 32 : 32 + width].copy(), trimap)


def fba(network: nn.Module, image: Image, trimap: Image) -> Alpha:
    """The authors' demo: Lanczos to multiples of 8, distance maps, filters standardised again."""
    height, width = trimap.shape
    size = (-(-width // 8) * 8, -(-height // 8) * 8)
    known = np.stack([trimap == 0, trimap == 255], axis=2).astype(np.float64)
    photo = cv2.resize(image / 255.0, size, interpolation=cv2.INTER_LANCZOS4)
    planes = cv2.resize(known, size, interpolation=cv2.INTER_LANCZOS4)
    maps = np.zeros((*planes.shape[:2], 6), np.float32)
    for k in range(2):
        if planes[..., k].any():
            seen = (255 * (1 - planes[..., k])).astype(np.int64).astype(np.uint8)
            far = -(cv2.distanceTransform(seen, cv2.DIST_L2, 0) ** 2)
            for j, spread in enumerate((0.02, 0.08, 0.16)):
                maps[..., 3 * k + j] = np.exp(far / (2 * (spread * 320) ** 2))

    def batch(x: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(x.transpose(2, 0, 1))).float()[None]

    alpha = plane(network(batch(photo), batch(planes), normal(photo), batch(maps)).alpha)
    return pasted(cv2.resize(alpha, (width, height), interpolation=cv2.INTER_LANCZOS4), trimap)


def vitmatte(network: nn.Module, image: Image, trimap: Image) -> Alpha:
    """The authors' inference, without resizing."""
    photo = torch.from_numpy(image.transpose(2, 0, 1).copy()).float()[None] / 255
    hint = torch.from_numpy(trimap.copy()).float()[None, None] / 255
    return plane(network(photo, hint))


def fusion(outputs: Any) -> Tensor:
    """The fused matte of P3M-Net and GFM."""
    matte: Tensor = outputs.fusion
    return matte


def alpha_of(outputs: Any) -> Tensor:
    """The matte of SHM, LF and HATT."""
    matte: Tensor = outputs.alpha
    return matte


LITERAL: dict[str, Callable[..., Alpha]] = {
    **dict.fromkeys(
        ("p3mnet-r34", "p3mnet-basic", "p3mnet-swin-t", "p3mnet-vitae-s"), by_resizing(0.5, fusion)
    ),
    **dict.fromkeys(
        ("gfm-r34", "gfm-d121", "gfm-r34-ft", "gfm-r34-bt", "gfm-r101", "gfm-r34-2b"),
        by_resizing(0.5, fusion, scaled=False),
    ),
    "gfm-d121-rim": by_resizing(1 / 3, fusion, scaled=False),
    "shm": lambda network, image, trimap: by_resizing(0.5, alpha_of)(
        Unscaled(network), image, trimap
    ),
    "lf": by_resizing(0.5, alpha_of),
    "hatt": by_resizing(0.5, alpha_of),
    "modnet": modnet,
    "dim": dim,
    "dim-skip": linear(lambda out: out.best, 1600),
    "alphagan": linear(lambda out: out, 6400),
    "indexnet": indexnet,
    "gca": gca,
    "matteformer": matteformer,
    "fba": fba,
    "vitmatte-s": vitmatte,
}


class Unscaled(nn.Module):
    """Undo `normal`, because SHM's network takes colours in [0, 1]."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Any:
        """As the network's."""
        mean, std = (torch.tensor(s).view(1, 3, 1, 1) for s in IMAGENET)
        return self.network(x * std + mean)

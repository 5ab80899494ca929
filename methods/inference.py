"""Shared code around a network's forward pass: arrays to tensors, exact inference on CUDA.

This module imports torch, so only a network's ``method.py`` may import it, never its ``spec.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from p3mbench.method import Float32Array, UInt8Array
from p3mbench.training.constants import constant
from p3mbench.weights import load_into, recorded_width

from .unfilled import Unfilled

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@contextmanager
def exact_inference() -> Iterator[None]:
    """Disable gradients and, on CUDA, TF32 and algorithms that are chosen by timing.

    PyTorch allows TF32 in convolutions by default, which moves a matte by about 1e-3.
    """
    with (
        torch.inference_mode(),
        torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        ),
    ):
        yield


Network = TypeVar("Network", bound=nn.Module)


def loaded(build: Callable[[float], Network], weights: Path) -> Network:
    """Make a network and load a checkpoint file into it.

    Args:
        build: makes the network from a width factor; 1 is the published width.
        weights: the file; its header gives the width. Files without that header have width 1.

    Raises:
        WeightsError: the file is unsafe, damaged or of another network.
    """
    width = recorded_width(weights)
    with Unfilled():
        network = build(width)
    load_into(network, weights)
    return network


class OneNetwork(Generic[Network]):
    """Base of the predictors that compute with one network; `modules` shows the network.

    Args:
        network: has its weights; it is moved to ``device`` and put into evaluation mode.
        device: ``cpu`` or a CUDA device of PyTorch.
    """

    channels_last: ClassVar[bool] = False  # see `ready`

    def __init__(self, network: Network, device: str) -> None:
        self.network = ready(network, device, self.channels_last)
        self.device = device

    def modules(self) -> tuple[nn.Module, ...]:
        """See `p3mbench.method.ModularPredictor`."""
        return (self.network,)


def ready(network: Network, device: str, channels_last: bool = False) -> Network:
    """Prepare a network for inference on ``device``.

    Args:
        network: has its weights.
        device: ``cpu`` or a CUDA device of PyTorch.
        channels_last: use the memory layout that convolutions prefer: up to 1.5 times as fast on a
            CPU, but sums are rounded in a different order. Do not use it for networks that unpool:
            at a near tie the last bit decides where a value goes.
    """
    if channels_last:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network.to(device).eval()


def to_batch(image: npt.NDArray[Any], device: str) -> Tensor:
    """Convert (H, W, C) of any dtype to a contiguous (1, C, H, W) float32 tensor on ``device``."""
    planes = np.array(image.transpose(2, 0, 1), dtype=np.float32, order="C")  # always a copy
    return torch.from_numpy(planes[None]).to(device)


def normalised(
    batch: Tensor,
    mean: tuple[float, float, float] = IMAGENET_MEAN,
    std: tuple[float, float, float] = IMAGENET_STD,
) -> Tensor:
    """Normalise the channels of (N, 3, H, W), by default with ImageNet's statistics."""
    centre, spread = (constant(values, batch).view(1, 3, 1, 1) for values in (mean, std))
    return (batch - centre) / spread


def image_and_classes(image: UInt8Array, trimap: UInt8Array, device: str) -> Tensor:
    """Return (1, 6, H, W): normalised RGB, and the trimap as background, unknown, foreground."""
    classes = np.stack([trimap < 85, (trimap >= 85) & (trimap < 170), trimap >= 170], axis=2)
    colours = normalised(to_batch(image, device) / 255)
    return torch.cat([colours, to_batch(classes, device)], dim=1)


def image_and_levels(image: npt.NDArray[Any], trimap: npt.NDArray[Any], device: str) -> Tensor:
    """Return (1, 4, H, W): normalised RGB, and the trimap / 255; both (H, W[, 3]) in [0, 255]."""
    colours = normalised(to_batch(image, device) / 255)
    return torch.cat([colours, to_batch(trimap[..., None], device) / 255], dim=1)


def plane_of(batch: Tensor) -> Float32Array:
    """Convert a (1, 1, H, W) tensor to an (H, W) float32 array."""
    plane: Float32Array = batch[0, 0].float().cpu().numpy()
    return plane


def arrays_of(outputs: dict[str, Tensor]) -> dict[str, Float32Array]:
    """Convert named tensors to float32 arrays; keep the batch axis."""
    return {name: value.float().cpu().numpy() for name, value in outputs.items()}


def checked_trimap(image: UInt8Array, trimap: UInt8Array | None, name: str) -> UInt8Array:
    """Return ``trimap`` if it has the image's size; ``name`` is the method's name.

    Raises:
        ValueError: the trimap is missing or its size differs.
    """
    if trimap is None:
        raise ValueError(f"trimap is missing: {name} estimates its unknown region only")
    if trimap.shape != image.shape[:2]:
        raise ValueError(f"trimap is {trimap.shape}, but the image is {image.shape[:2]}")
    return trimap


def published_times(published: int, width: float, step: int) -> int:
    """Return ``width`` times a published number of channels, as a multiple of ``step`` above 0."""
    return max(step, step * round(published * width / step))


def check_multiple(image: UInt8Array, factor: int) -> None:
    """Refuse an image with sides that the network cannot process.

    Raises:
        ValueError: the height or width is not a positive multiple of ``factor``.
    """
    height, width = image.shape[:2]
    if height % factor or width % factor or not image.size:
        raise ValueError(
            f"image is {height}x{width}, but both sides must be multiples of {factor}: "
            "resize or crop it first, or call predict, which takes any size"
        )

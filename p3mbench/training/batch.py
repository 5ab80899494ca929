"""What a training step sees: a batch of crops with everything that published losses ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Crops of one size, on one device.

    Attributes:
        image: (N, 3, H, W) float32 RGB in [0, 255], not normalised.
        alpha: (N, 1, H, W) float32 in [0, 1].
        trimap: (N, 1, H, W) float32 in [0, 255]; exactly 128 is unknown. Values between the three
            levels occur where a recipe resizes trimaps linearly, as P3M does.
        dilation, erosion: (N, 1, H, W) float32 in [0, 255]: 255 near any foreground, and 255 far
            within sure foreground; None where the recipe has no ``band``.
        foreground, background: (N, 3, H, W) float32 RGB in [0, 255], estimated; None where the
            recipe has no composition loss.
        donor: (N, 3, H, W) float32 RGB in [0, 255], other people's faces laid over the targets'
            faces, for copy-and-paste; None where there is none.
        paste: (N, 1, H, W) float32, 1 where a donor's pixel takes the target's place.
        stage: which of the recipe's stages is on, "" if it has none.
    """

    image: Tensor
    alpha: Tensor
    trimap: Tensor
    foreground: Tensor | None = None
    background: Tensor | None = None
    donor: Tensor | None = None
    paste: Tensor | None = None
    dilation: Tensor | None = None
    erosion: Tensor | None = None
    stage: str = ""

    @property
    def unknown(self) -> Tensor:
        """(N, 1, H, W) float32, 1 in the unknown region."""
        return (self.trimap == 128).to(self.alpha.dtype)

    @property
    def classes(self) -> Tensor:
        """(N, H, W) int64: 0 background, 1 anything between, 2 foreground."""
        classes = torch.ones_like(self.trimap[:, 0], dtype=torch.long)
        classes[self.trimap[:, 0] == 0] = 0
        classes[self.trimap[:, 0] == 255] = 2
        return classes

    @property
    def layers(self) -> tuple[Tensor, Tensor]:
        """Foreground and background.

        Raises:
            ValueError: the recipe does not say that it needs them.
        """
        if self.foreground is None or self.background is None:
            raise ValueError("batch has no foregrounds: set needs_layers in the recipe")
        return self.foreground, self.background

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on another device."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> Batch:
        """The same batch in memory that a GPU copies from; PyTorch's loader calls this."""
        return self._each(Tensor.pin_memory)

    def _each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        changed: dict[str, Any] = {
            name: change(value) for name, value in values.items() if isinstance(value, Tensor)
        }
        return replace(self, **changed)

    def reduced(self, factor: int) -> Tensor:
        """(N, 1, H / factor, W / factor): the alpha, bilinearly, for heads at a smaller size."""
        return F.interpolate(self.alpha, scale_factor=1 / factor, mode="bilinear")

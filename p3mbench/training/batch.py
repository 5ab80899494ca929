"""The input of a training step: a batch of crops with all inputs of the published losses."""

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
            levels occur if a recipe resizes trimaps linearly, as P3M does.
        foreground, background: (N, 3, H, W) float32 RGB in [0, 255], estimated; None if the
            recipe has no composition loss.
        donor: (N, 3, H, W) float32 RGB in [0, 255], other people's faces aligned with the
            targets' faces, for copy-and-paste; None without it.
        paste: (N, 1, H, W) float32, 1 where a donor's pixel replaces the target's.
        dilation, erosion: (N, 1, H, W) float32 in [0, 255]: the dilation of ``alpha != 0`` and
            the erosion of ``alpha == 255``; see `Recipe.envelope`. None if the recipe has none.
        stage: name of the current stage of the recipe; "" if it has none.
        formula: `Recipe.formula`.
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
    formula: str = "code"

    @property
    def unknown(self) -> Tensor:
        """(N, 1, H, W) float32, 1 in the unknown region."""
        return (self.trimap == 128).to(self.alpha.dtype)

    @property
    def classes(self) -> Tensor:
        """(N, H, W) int64: 0 background, 1 anything between, 2 foreground."""
        trimap = self.trimap[:, 0]
        return (trimap > 0).long() + (trimap == 255).long()

    @property
    def layers(self) -> tuple[Tensor, Tensor]:
        """Foreground and background.

        Raises:
            ValueError: the recipe does not request them.
        """
        if self.foreground is None or self.background is None:
            raise ValueError("batch has no foregrounds: set needs_layers in the recipe")
        return self.foreground, self.background

    @property
    def envelope(self) -> tuple[Tensor, Tensor]:
        """Dilation and erosion.

        Raises:
            ValueError: the recipe does not request them.
        """
        if self.dilation is None or self.erosion is None:
            raise ValueError("batch has no dilation and erosion: set envelope in the recipe")
        return self.dilation, self.erosion

    def to(self, device: torch.device | str) -> Batch:
        """Copy the batch to a device."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> Batch:
        """Copy the batch to page-locked memory; PyTorch's loader calls this."""
        return self._each(Tensor.pin_memory)

    def _each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        changed: dict[str, Any] = {
            name: change(value) for name, value in values.items() if isinstance(value, Tensor)
        }
        return replace(self, **changed)

    def reduced(self, factor: int) -> Tensor:
        """Reduce the alpha bilinearly to (N, 1, H / factor, W / factor), for heads of that size."""
        return F.interpolate(self.alpha, scale_factor=1 / factor, mode="bilinear")

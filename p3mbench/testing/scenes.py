"""Small synthetic images with trimaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from p3mbench.method import UInt8Array

CONTENTS = ("portrait", "black", "white", "flat", "noise")


@dataclass(frozen=True)
class CheckScene:
    """The input of ``predict``: (H, W, 3) uint8 RGB and an (H, W) uint8 trimap."""

    image: UInt8Array
    trimap: UInt8Array

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        return self.trimap.shape[0], self.trimap.shape[1]

    @property
    def size(self) -> str:
        """Width x height, for messages."""
        return f"{self.shape[1]}x{self.shape[0]}"


def scene(height: int, width: int, seed: int = 0, content: str = "portrait") -> CheckScene:
    """Make a scene.

    The trimap has background and foreground if there are at least two pixels, and unknown pixels if
    there are at least three. A single pixel is foreground.

    Args:
        height, width: in pixels, 1 or more.
        seed: seed of the portrait or noise.
        content: one of `CONTENTS`: a soft disc on another colour, or an extreme image.
    """
    y = (np.arange(height)[:, None] + 0.5) / height - 0.5
    x = (np.arange(width)[None, :] + 0.5) / width - 0.5
    distance = np.hypot(x, y)
    rng = np.random.default_rng((seed, height, width))
    if content == "portrait":
        alpha = np.clip((0.35 - distance) / 0.1 + 0.5, 0, 1)[..., None]
        colours = rng.integers(0, 256, (2, 3))
        image = alpha * colours[0] + (1 - alpha) * colours[1]
        image = image + rng.normal(0, 6, image.shape)
    elif content == "noise":
        image = rng.integers(0, 256, (height, width, 3)).astype(np.float64)
    else:
        level = {"black": 0.0, "white": 255.0, "flat": 90.0}[content]
        image = np.full((height, width, 3), level)
    return CheckScene(np.clip(image, 0, 255).astype(np.uint8), _trimap(distance))


def _trimap(distance: np.ndarray) -> UInt8Array:
    trimap = np.full(distance.shape, 128, np.uint8)
    trimap[distance < 0.25] = 255
    trimap[distance > 0.45] = 0
    flat = trimap.reshape(-1)  # a view; sizes too small for the rings get their known pixels here
    order = np.argsort(distance, axis=None, kind="stable")
    if not (flat == 255).any():
        flat[order[0]] = 255
    if distance.size > 1 and not (flat == 0).any():
        flat[order[-1]] = 0
    if distance.size > 2 and not (flat == 128).any():
        flat[order[1]] = 128
    return trimap

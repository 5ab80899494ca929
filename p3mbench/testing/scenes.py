"""Small pictures with trimaps, made from their size, a seed and a kind of content."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from p3mbench.method import UInt8Array

CONTENTS = ("portrait", "black", "white", "flat", "noise")


@dataclass(frozen=True)
class CheckScene:
    """What ``predict`` is given: (H, W, 3) uint8 RGB and an (H, W) uint8 trimap."""

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
    """A scene of that size.

    The trimap holds background and foreground wherever there are two pixels, and unknown ones
    wherever there are three; that of a single pixel is foreground.

    Args:
        height, width: in pixels, 1 or more.
        seed: another one gives another portrait or noise.
        content: one of `CONTENTS`: a soft disc before another colour, or something extreme.
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
    flat = trimap.reshape(-1)  # a view: sizes too small for the rings get their known pixels here
    order = np.argsort(distance, axis=None, kind="stable")
    if not (flat == 255).any():
        flat[order[0]] = 255
    if distance.size > 1 and not (flat == 0).any():
        flat[order[-1]] = 0
    if distance.size > 2 and not (flat == 128).any():
        flat[order[1]] = 128
    return trimap

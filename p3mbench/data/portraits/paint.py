"""Paint with supersampled coverage, layers, noise, and colours in linear light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.data.portraits.surface import Float, Light, Material, Points, shade

SUPERSAMPLING = 3
SHIFT = 4  # fractional bits of OpenCV's drawing coordinates
Plate = npt.NDArray[np.uint8]


def linear(*rgb: float) -> Float:
    """Convert sRGB bytes to (3,) linear RGB."""
    encoded = np.asarray(rgb, np.float32) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4).astype(
        np.float32
    )


def develop(colour: Float) -> Float:
    """Convert linear light to display values in [0, 1]: a soft shoulder, then the sRGB curve."""
    bright = np.maximum(colour, 0)
    rolled = np.where(bright < 0.6, bright, 1 - 0.4 * np.exp((0.6 - bright) / 0.4))
    return np.where(
        rolled <= 0.0031308, 12.92 * rolled, 1.055 * np.power(rolled, 1 / 2.4) - 0.055
    ).astype(np.float32)


def plate(shape: tuple[int, int]) -> Plate:
    """Make an empty supersampled drawing plate for an (H, W) image."""
    return np.zeros((shape[0] * SUPERSAMPLING, shape[1] * SUPERSAMPLING), np.uint8)


def coverage(drawn: Plate, shape: tuple[int, int]) -> Float:
    """Compute the drawn share of each pixel, (H, W) in [0, 1], from a plate of 0 and 255."""
    small = cv2.resize(drawn.astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small / 255, np.float32)


def cover(inside: Float) -> Float:
    """Compute the coverage of the region where a smooth (H, W) field is positive."""
    height, width = inside.shape
    size = (width * SUPERSAMPLING, height * SUPERSAMPLING)
    fine = cv2.resize(inside, size, interpolation=cv2.INTER_LINEAR) > 0
    return coverage(fine.view(np.uint8) * np.uint8(255), (height, width))


def _fixed(points: Points) -> npt.NDArray[np.int32]:
    """Convert pixel coordinates to the fixed-point ones of a plate."""
    on_plate = (np.asarray(points)[..., :2] + 0.5) * SUPERSAMPLING - 0.5
    return np.rint(np.clip(on_plate, -8000, 16000) * (1 << SHIFT)).astype(np.int32)


def fill(target: Plate, points: Points, value: int = 255) -> None:
    """Draw a filled polygon, (N, 2 or 3) in pixels, on a plate."""
    cv2.fillPoly(target, [_fixed(points)], value, lineType=cv2.LINE_8, shift=SHIFT)


def strokes(
    target: Plate, lines: Points, values: npt.NDArray[np.int_] | int, thickness: float
) -> None:
    """Draw polylines.

    Args:
        target: the plate.
        lines: (N, K, 2 or 3) in pixels.
        values: grey value of each line, or of all.
        thickness: in pixels of the image; on the plate at least 1.
    """
    fixed = _fixed(lines)
    shades = np.broadcast_to(np.asarray(values), (len(fixed),))
    width = max(1, round(thickness * SUPERSAMPLING))
    for line, value in zip(fixed, shades.tolist(), strict=True):
        cv2.polylines(target, [line], False, value, width, cv2.LINE_8, SHIFT)


def polygons(outlines: Sequence[Points], shape: tuple[int, int]) -> Float:
    """Compute the coverage (H, W) of polygons, each (N, 2 or 3) in pixels."""
    drawn = plate(shape)
    for outline in outlines:
        fill(drawn, outline)
    return coverage(drawn, shape)


def lines(drawn: Sequence[Points], thickness: float, shape: tuple[int, int]) -> Float:
    """Compute the coverage (H, W) of polylines of one thickness in pixels."""
    target = plate(shape)
    for line in drawn:
        strokes(target, line[None], 255, thickness)
    return coverage(target, shape)


def smooth(
    points: Sequence[Sequence[float]] | Points, count: int = 60, closed: bool = True
) -> Points:
    """Return a Catmull-Rom curve of ``count`` points through (N, D) points."""
    p = np.asarray(points, np.float64)
    if closed:
        p = np.vstack([p[-1], p, p[:2]])
    else:
        p = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    spans = len(p) - 3
    t = np.linspace(0, spans, count, endpoint=not closed)
    i = np.minimum(t.astype(int), spans - 1)
    u = (t - i)[:, None]
    a, b, c, d = p[i], p[i + 1], p[i + 2], p[i + 3]
    curve = 2 * b + (c - a) * u + (2 * a - 5 * b + 4 * c - d) * u**2
    return np.asarray((curve + (3 * b - a - 3 * c + d) * u**3) / 2)


def noise(
    rng: np.random.Generator, shape: tuple[int, int], cells: tuple[float, float], octaves: int = 3
) -> Float:
    """Draw a smooth random field (H, W), about zero mean and unit variance.

    Args:
        cells: (down, across) count of the coarsest cells; the draw does not depend on ``shape``.
        octaves: number of octaves, each twice as fine and half as strong.
    """
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        grid = [max(2, round(c * 2**octave)) + 1 for c in cells]
        field = rng.standard_normal(grid, np.float32)
        total += cv2.resize(field, shape[::-1], interpolation=cv2.INTER_CUBIC) * 0.5**octave
    return np.asarray(total / np.sqrt(sum(0.25**o for o in range(octaves))), np.float32)


@dataclass(frozen=True)
class Lit:
    """A light and the material that it falls on."""

    light: Light
    material: Material


@dataclass
class Layers:
    """Premultiplied linear colour (H, W, 3) and alpha (H, W), painted back to front."""

    colour: Float
    alpha: Float

    @classmethod
    def empty(cls, shape: tuple[int, int]) -> Layers:
        """Make empty layers."""
        return cls(np.zeros((*shape, 3), np.float32), np.zeros(shape, np.float32))

    def over(self, colour: Float, alpha: Float) -> None:
        """Paint a layer on top: colour (H, W, 3) or (3,), not premultiplied; alpha (H, W)."""
        keep = 1 - alpha
        self.colour *= keep[..., None]
        self.colour += colour * alpha[..., None]
        self.alpha *= keep
        self.alpha += alpha

    def part(self, rows: slice, columns: slice) -> Layers:
        """Return a view of a part; painting on it changes these layers."""
        return Layers(self.colour[rows, columns], self.alpha[rows, columns])

    def lay(self, albedo: Float, height: Float, covered: Float, unit: float, lit: Lit) -> None:
        """Light a surface and paint it where ``covered`` is positive.

        Args:
            albedo: (H, W, 3) or (3,) linear; height: (H, W) in units; covered: (H, W) in [0, 1].
            unit: pixels per unit.
            lit: the light and the material.
        """
        rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
        if not len(rows):
            return
        margin = round(unit * 0.5) + 2
        box = (
            slice(max(0, int(rows[0]) - margin), int(rows[-1]) + margin),
            slice(max(0, int(columns[0]) - margin), int(columns[-1]) + margin),
        )
        base = albedo[box] if albedo.ndim == 3 else albedo
        shaded = shade(base, height[box], unit, lit.light, lit.material)
        self.part(*box).over(shaded, covered[box])

    def darken(self, amount: Float) -> None:
        """Cast a shadow: ``amount`` (H, W) in [0, 1] of the light is lost, a bit less in red."""
        self.colour *= 1 - amount[..., None] * np.array([0.92, 1.0, 1.0], np.float32)

    def behind(self) -> Float:
        """Return the painted colour, not premultiplied, (H, W, 3)."""
        return np.asarray(self.colour / np.maximum(self.alpha, 1e-4)[..., None], np.float32)

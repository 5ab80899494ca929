"""Surfaces (smooth unions of ellipsoids seen from the front) and the light on them.

Heads and bodies are height fields. Coordinates belong to a figure: the unit is half a head's
width, x points right, y down and z to the camera; the projection is orthographic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.floating[Any]]
Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ellipsoid:
    """A part of a body.

    Attributes:
        centre, radii: (x, y, z) in units.
        tilt: radians about z.
    """

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    tilt: float = 0.0


@dataclass(frozen=True)
class Pose:
    """The pose of a rigid part of a figure in the image.

    Attributes:
        origin: (x, y) in pixels.
        unit: pixels per unit.
        turn: (3, 3) rotation.
        shape: (H, W) of the image.
    """

    origin: tuple[float, float]
    unit: float
    turn: Points
    shape: tuple[int, int]

    def project(self, points: Points) -> Points:
        """Project (..., 3) points in units to (..., 3): x and y in pixels, z in units."""
        turned = points @ self.turn.T
        turned[..., :2] = turned[..., :2] * self.unit + self.origin
        return np.asarray(turned, np.float64)

    def window(self, rows: slice, columns: slice) -> Pose:
        """Return the same pose in a part of the image."""
        x, y = self.origin
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        return replace(self, origin=(x - columns.start, y - rows.start), shape=shape)

    def around(self, left: float, top: float, right: float, bottom: float) -> tuple[slice, slice]:
        """Return the rows and columns of the image that contain a box in units, never empty."""
        height, width = self.shape
        x, y = (np.array([(left, right), (top, bottom)]) * self.unit).tolist()
        rows = [int(np.clip(self.origin[1] + v, 0, height)) for v in y]
        columns = [int(np.clip(self.origin[0] + v, 0, width)) for v in x]
        first = min(rows[0], height - 24), min(columns[0], width - 24)
        return (
            slice(first[0], max(rows[1], first[0] + 24)),
            slice(first[1], max(columns[1], first[1] + 24)),
        )

    def grid(self) -> tuple[Float, Float]:
        """Return x and y in units at every pixel centre, before the turn."""
        height, width = self.shape
        x = (np.arange(width) - self.origin[0]) / self.unit
        y = (np.arange(height) - self.origin[1]) / self.unit
        return x[None, :].astype(np.float32), y[:, None].astype(np.float32)


@dataclass(frozen=True)
class Relief:
    """Height to the camera in units, and the signed distance (positive inside), both (H, W)."""

    height: Float
    inside: Float


@dataclass(frozen=True)
class Light:
    """The light of a scene, the same for every figure.

    Attributes:
        key: unit vector towards the lamp.
        colour, ambient: linear RGB of the lamp and of the surroundings.
        rim: strength of the light from behind.
    """

    key: tuple[float, float, float]
    colour: tuple[float, float, float]
    ambient: tuple[float, float, float]
    rim: float


def rotation(yaw: float, pitch: float, roll: float) -> Points:
    """Return a (3, 3) rotation; radians. Positive yaw looks to the image's right, pitch down."""
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    cr, sr = np.cos(roll), np.sin(roll)
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_x @ about_y)


def relief(parts: Sequence[Ellipsoid], pose: Pose, sharpness: float = 14.0) -> Relief:
    """Compute the smooth union of ellipsoids as a height field.

    Args:
        parts: at least one.
        sharpness: sharpness of the joins; the fillet is about ``1 / sharpness`` units wide.
    """
    x, y = pose.grid()
    heights, insides = zip(*(_one(part, pose.turn, x, y) for part in parts), strict=True)
    return Relief(_soft_max(heights, sharpness), _soft_max(insides, 3 * sharpness))


def _one(part: Ellipsoid, turn: Points, x: Float, y: Float) -> tuple[Float, Float]:
    own = turn @ rotation(0, 0, part.tilt)
    a = own @ np.diag(1 / np.square(part.radii)) @ own.T
    centre = turn @ np.asarray(part.centre)
    dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
    xx, yy = a[0, 0] - a[0, 2] ** 2 / a[2, 2], a[1, 1] - a[1, 2] ** 2 / a[2, 2]
    xy = 2 * (a[0, 1] - a[0, 2] * a[1, 2] / a[2, 2])
    squared = np.float32(xx) * dx * dx + np.float32(xy) * dx * dy + np.float32(yy) * dy * dy
    inner = np.sqrt(np.maximum(1 - squared, 0)) * np.float32(1 / np.sqrt(a[2, 2]))
    slant = np.float32(a[0, 2] / a[2, 2]) * dx + np.float32(a[1, 2] / a[2, 2]) * dy
    out = (1 - np.sqrt(squared)) * np.float32(1 / np.sqrt(np.sqrt(xx * yy)))
    # Outside it falls off by its longer radius, so that a lip does not extend over the cheek.
    fall = np.float32(2 / np.sqrt(min(xx, yy))) * np.minimum(1 - np.sqrt(squared), 0)
    height = np.float32(centre[2]) - slant + inner + fall
    return height.astype(np.float32), out.astype(np.float32)


def _soft_max(values: Sequence[Float], sharpness: float) -> Float:
    top = np.maximum.reduce(values)
    total = np.zeros_like(top)
    for value in values:
        total += np.exp(np.maximum(np.float32(sharpness) * (value - top), -40))
    return np.asarray(top + np.log(total) / np.float32(sharpness), np.float32)


def blur(values: Float, sigma: float) -> Float:
    """Blur (H, W) or (H, W, C) by a Gaussian, edges repeated; sigma in pixels."""
    if sigma < 0.2:
        return values
    if sigma > 5 and min(values.shape[:2]) > 16:  # as good, and four times as fast
        half = (values.shape[1] // 2, values.shape[0] // 2)
        small = blur(np.asarray(cv2.resize(values, half, interpolation=cv2.INTER_AREA)), sigma / 2)
        back = cv2.resize(small, values.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return np.asarray(back, np.float32)
    return np.asarray(
        cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), np.float32
    )


def inflate(coverage: Float, unit: float, width: float, depth: float) -> Float:
    """Compute a rounded height over a flat shape: high inside, falling to its edge.

    Args:
        coverage: (H, W) in [0, 1].
        unit: pixels per unit.
        width: width of the rounded rim, in units.
        depth: height of the middle, in units.
    """
    soft = blur(coverage, unit * width) + blur(coverage, unit * width / 3)
    return np.asarray(soft * np.float32(depth / 2), np.float32)


@dataclass(frozen=True)
class Material:
    """How a surface reflects light.

    Attributes:
        wrap: per channel, how far light extends past the terminator (skin: most in red).
        gloss: strength of the highlight.
        tightness: exponent of the highlight.
        crease: how much hollows darken.
    """

    wrap: tuple[float, float, float] = (0.25, 0.25, 0.25)
    gloss: float = 0.03
    tightness: float = 16.0
    crease: float = 1.2


def shade(albedo: Float, height: Float, unit: float, light: Light, material: Material) -> Float:
    """Compute the linear colours (H, W, 3) of a lit height field.

    Args:
        albedo: (H, W, 3) or (3,) linear RGB.
        height: (H, W) in units.
        unit: pixels per unit.
    """
    across = np.clip(cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=unit / 8), -3, 3)
    down = np.clip(cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=unit / 8), -3, 3)
    up = 1 / np.sqrt(across**2 + down**2 + 1)
    lx, ly, lz = light.key
    facing = (lz - lx * across - ly * down) * up
    sky = 0.72 + 0.28 * down * up + 0.12 * up  # more light from above than from below
    hollow = np.maximum(blur(height, unit * 0.16) - height, 0) + 0.5 * np.maximum(
        blur(height, unit * 0.45) - height, 0
    )
    crease = np.exp(-material.crease * hollow)
    half = np.array([lx, ly, lz + 1.0]) / np.linalg.norm([lx, ly, lz + 1.0])
    mirror = np.maximum((half[2] - half[0] * across - half[1] * down) * up, 0)
    shine = material.gloss * mirror**material.tightness
    edge = light.rim * np.clip(1 - up, 0, 1) ** 3 * np.clip(0.4 - lx * -across * up, 0, 1)
    planes = []
    for channel in range(3):
        wrap = material.wrap[channel]
        diffuse = np.clip((facing + wrap) / (1 + wrap), 0, 1)
        arriving = light.colour[channel] * diffuse + light.ambient[channel] * sky
        base = albedo[..., channel]
        planes.append(base * (arriving * crease + edge) + light.colour[channel] * shine * crease)
    return np.asarray(np.dstack(planes), np.float32)

"""Simulate a camera, from linear light to a JPEG file like those of data sets.

The order is that of a real camera: lens, sensor (shot and read noise, demosaicing), white balance
and exposure, tone curve, sharpening, JPEG. Light mixes before the tone curve, so the colours of the
finished image are *not* alpha * foreground + (1 - alpha) * background: matting methods that assume
this are as wrong here as on photographs. The matte comes from the lens and stays exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.data.portraits.paint import develop
from p3mbench.data.portraits.surface import Float, blur

UInt8 = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Camera:
    """Settings of one exposure.

    Attributes:
        exposure: factor on all light.
        balance: (R, G, B) factors that the white balance leaves of the light's colour.
        vignette: share of the light that the corners lose.
        shot, read: variance of the noise per unit of light, and its standard deviation in the dark;
            both in linear light from 0 to 1.
        demosaic: sigma in pixels of the blur by the interpolation of the sensor's colours.
        contrast: strength of the S curve on display values.
        saturation: factor on colourfulness.
        sharpen: amount of the unsharp mask; its radius is 0.9 pixels.
        quality: quality of the JPEG file, 0 to 100.
    """

    exposure: float
    balance: tuple[float, float, float]
    vignette: float
    shot: float
    read: float
    demosaic: float
    contrast: float
    saturation: float
    sharpen: float
    quality: int


def draw_camera(rng: np.random.Generator) -> Camera:
    """Draw settings that portrait photographers and their editors choose.

    Noise ranges from a base-ISO studio shot to a high-ISO indoor one. An image of 256 pixels
    represents a photograph of 1,000 and more scaled down. Scaling averages noise and JPEG blocks
    and hides the halved chroma, so a quarter of the noise is left and the quality is high (90 to
    97).
    """
    warmth = float(rng.normal(0, 0.05))
    noisy = float(rng.uniform(0, 1)) ** 2
    return Camera(
        exposure=float(rng.uniform(0.75, 1.25)),
        balance=(1 + warmth, 1.0, 1 - 1.2 * warmth),
        vignette=float(rng.uniform(0.0, 0.35)),
        shot=1e-5 + 2.5e-4 * noisy,
        read=2e-4 + 1.2e-3 * noisy,
        demosaic=float(rng.uniform(0.3, 0.55)),
        contrast=float(rng.uniform(0.0, 0.5)),
        saturation=float(rng.uniform(0.75, 1.2)),
        sharpen=float(rng.uniform(0.1, 0.7)),
        quality=int(rng.integers(90, 98)),
    )


def exposed(light: Float, camera: Camera) -> Float:
    """Return the linear light behind lens and filters: (H, W, 3)."""
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in light.shape[:2])
    fall = 1 - camera.vignette * (y[:, None] ** 2 + x[None, :] ** 2) / 2
    factor = camera.exposure * np.asarray(camera.balance, np.float32)
    return np.asarray(light * fall[..., None] * factor, np.float32)


def sensed(light: Float, camera: Camera, rng: np.random.Generator) -> Float:
    """Return the sensor's reading: linear light with noise, slightly blurred by demosaicing."""
    sigma = np.sqrt(camera.shot * np.clip(light, 0, 1.5) + camera.read**2)
    noisy = light + sigma * rng.standard_normal(light.shape, np.float32)
    return blur(np.asarray(noisy, np.float32), camera.demosaic)


def toned(light: Float, camera: Camera) -> UInt8:
    """Apply tone curve, contrast and saturation; returns (H, W, 3) uint8."""
    shown = develop(light)
    grey = shown @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    shown = grey[..., None] + camera.saturation * (shown - grey[..., None])
    shown = np.clip(shown, 0, 1)
    curve = shown * shown * (3 - 2 * shown)
    shown = shown + camera.contrast * (curve - shown)
    return np.asarray(np.rint(np.clip(shown, 0, 1) * 255), np.uint8)


def sharpened(image: UInt8, camera: Camera) -> UInt8:
    """Apply an unsharp mask; outlines get the halos of photographs."""
    own = image.astype(np.float32)
    raised = own + camera.sharpen * (own - blur(own, 0.9))
    return np.asarray(np.rint(np.clip(raised, 0, 255)), np.uint8)


def compressed(image: UInt8, camera: Camera) -> UInt8:
    """Return the image after writing it as a JPEG file and reading it again."""
    how = [cv2.IMWRITE_JPEG_QUALITY, camera.quality,
           cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]  # fmt: skip
    _, code = cv2.imencode(".jpg", image[..., ::-1], how)
    return np.ascontiguousarray(
        np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]
    )

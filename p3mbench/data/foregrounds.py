"""Foreground and background colours, which composition losses need and P3M-10k does not hold.

Estimated by PyMatting's multi-level method (Germer et al., ICPR 2020), once per image and variant,
in parallel, and kept as PNG files: ``FOLDER/VARIANT/foreground/ID.png`` and ``.../background/``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from p3mbench.data.sample import Sample, TrimapSource, as_bytes
from p3mbench.errors import DataError
from p3mbench.images import UInt8Array
from p3mbench.writing import write_bytes

LAYERS = ("foreground", "background")


def estimate_layers(image: UInt8Array, alpha: UInt8Array) -> tuple[UInt8Array, UInt8Array]:
    """Foreground and background of an image, rounded to bytes.

    Args:
        image: (H, W, 3) uint8 RGB.
        alpha: (H, W) uint8 0..255.

    Returns:
        Two (H, W, 3) uint8 RGB images; where one of them does not show, it is filled smoothly.
    """
    from pymatting import estimate_foreground_ml

    layers = estimate_foreground_ml(image / 255.0, alpha / 255.0, return_background=True)
    first, second = (np.clip(np.rint(x * 255), 0, 255).astype(np.uint8) for x in layers)
    return first, second


def layer_path(folder: Path, variant: str, layer: str, sample: str) -> Path:
    """Where one layer of a sample is kept."""
    return folder / variant / layer / f"{sample}.png"


def has_layers(folder: Path, variant: str, sample: str) -> bool:
    """Whether both layers of a sample are there."""
    return all(layer_path(folder, variant, layer, sample).is_file() for layer in LAYERS)


def read_layers(
    folder: Path, variant: str, sample: str, shape: tuple[int, int]
) -> tuple[UInt8Array, UInt8Array]:
    """The layers of a sample of ``shape`` (H, W).

    Raises:
        DataError: they are missing, damaged or of another size.
    """
    found = []
    for layer in LAYERS:
        path = layer_path(folder, variant, layer, sample)
        if not path.is_file():
            raise DataError(f"{path}: is missing; make it with p3mbench data foregrounds")
        pixels = _read_layer(path)
        if pixels.shape[:2] != shape:
            raise DataError(f"{path}: is not of its image's size; remove it and make it anew")
        found.append(pixels)
    return found[0], found[1]


def _read_layer(path: Path) -> UInt8Array:
    """(H, W, 3) uint8 RGB by OpenCV, twice as fast as what reads anybody's images.

    A PNG file cut short would come back grey at the bottom, so its end is looked at.
    """
    content = path.read_bytes()
    pixels = None
    if content[-8:-4] == b"IEND":
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise DataError(f"{path}: is damaged; remove it and make it anew")
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)


def make_layers(
    samples: Sequence[Sample],
    variant: str,
    folder: Path,
    jobs: int = 1,
    progress: Callable[[int], object] = lambda _: None,
) -> int:
    """Estimate and keep the layers that are missing.

    Args:
        samples: whose layers are wanted.
        variant: what the faces look like.
        folder: where they are kept.
        jobs: worker processes.
        progress: called with the number of images after each one.

    Returns:
        How many were made; those on disk already are left alone.

    Raises:
        DataError: an image or alpha cannot be read.
    """
    missing = [sample for sample in samples if not has_layers(folder, variant, sample.id)]
    make = partial(_make, variant=variant, folder=folder)
    if jobs == 1:
        for sample in missing:
            make(sample)
            progress(1)
        return len(missing)
    with ProcessPoolExecutor(jobs) as pool:
        for _ in pool.map(make, missing):
            progress(1)
    return len(missing)


def _make(sample: Sample, variant: str, folder: Path) -> None:
    scene = sample.load(variant, TrimapSource())
    layers = estimate_layers(scene.image, as_bytes(scene.alpha))
    for name, pixels in zip(LAYERS, layers, strict=True):
        path = layer_path(folder, variant, name, sample.id)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(
            path, cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes()
        )

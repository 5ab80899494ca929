"""Estimate the foreground and background colours that composition losses need and P3M-10k lacks.

The method is PyMatting's multi-level method (Germer et al., ICPR 2020). It runs once per image and
variant, in parallel, and the results are kept as PNG files: ``FOLDER/VARIANT/foreground/ID.png``
and ``.../background/``.
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
    """Estimate foreground and background of an image, rounded to bytes.

    Args:
        image: (H, W, 3) uint8 RGB.
        alpha: (H, W) uint8 0..255.

    Returns:
        Two (H, W, 3) uint8 RGB images; each is filled smoothly where it is invisible.
    """
    from pymatting import estimate_foreground_ml

    layers = estimate_foreground_ml(image / 255.0, alpha / 255.0, return_background=True)
    first, second = (np.clip(np.rint(x * 255), 0, 255).astype(np.uint8) for x in layers)
    return first, second


def layer_path(folder: Path, variant: str, layer: str, sample: str) -> Path:
    """Return the file of one layer of a sample."""
    return folder / variant / layer / f"{sample}.png"


def has_layers(folder: Path, variant: str, sample: str) -> bool:
    """Return whether both layers of a sample exist."""
    return all(layer_path(folder, variant, layer, sample).is_file() for layer in LAYERS)


def read_layers(
    folder: Path, variant: str, sample: str, shape: tuple[int, int]
) -> tuple[UInt8Array, UInt8Array]:
    """Read the layers of a sample of ``shape`` (H, W).

    Raises:
        DataError: they are missing, damaged or have another size.
    """
    found = []
    for layer in LAYERS:
        path = layer_path(folder, variant, layer, sample)
        if not path.is_file():
            raise DataError(f"{path}: is missing; make it with p3mbench data foregrounds")
        pixels = _read_layer(path)
        if pixels.shape[:2] != shape:
            raise DataError(f"{path}: does not have its image's size; remove it and make it again")
        found.append(pixels)
    return found[0], found[1]


def _read_layer(path: Path) -> UInt8Array:
    """Read (H, W, 3) uint8 RGB by OpenCV, twice as fast as the reader of users' images.

    OpenCV reads a truncated PNG file and leaves its bottom grey, so the file's end is checked.
    """
    content = path.read_bytes()
    pixels = None
    if content[-8:-4] == b"IEND":
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise DataError(f"{path}: is damaged; remove it and make it again")
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)


def make_layers(
    samples: Sequence[Sample],
    variant: str,
    folder: Path,
    jobs: int = 1,
    progress: Callable[[int], object] = lambda _: None,
) -> int:
    """Estimate and write the missing layers.

    Args:
        samples: the samples.
        variant: what the faces look like.
        folder: folder of the layers.
        jobs: worker processes.
        progress: called with the number of images after each one.

    Returns:
        The number of layers made; existing ones stay.

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

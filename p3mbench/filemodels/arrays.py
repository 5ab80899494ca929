"""From an image to a network's input, and from its output to a matte; NumPy only, no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.errors import PredictionError
from p3mbench.filemodels.definition import ModelInput, ModelOutput
from p3mbench.method import Float32Array, UInt8Array

FAR = 0.5  # a matte this far outside of [0, 1] has not been through its activation
_CV2 = {
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
}
_PADS = {"zero": "constant", "edge": "edge", "reflect": "reflect"}


@dataclass(frozen=True)
class Prepared:
    """The input of a network for one image.

    Attributes:
        image: (1, C, h, w), or (1, h, w, C), float32, normalised; C is 3, 4 or 6.
        trimap: (1, 1, h, w), or (1, h, w, 1), float32 in [0, 1]; None unless it is separate.
        content: (height, width) of the image in the input, from its upper left corner.
        longest: longer side of the original image.
    """

    image: Float32Array
    trimap: Float32Array | None
    content: tuple[int, int]
    longest: int


def prepared(image: UInt8Array, trimap: UInt8Array | None, given: ModelInput) -> Prepared:
    """Resize, pad and normalise an image.

    Args:
        image: (H, W, 3) uint8 RGB.
        trimap: (H, W) uint8 in {0, 128, 255}; required if ``given.trimap`` is not "none".
        given: how.
    """
    content = content_size((image.shape[0], image.shape[1]), given)
    target = given.size or _up(content, given.multiple)
    picture = _padded(resized(image, content, given.resize), target, given.pad)
    picture = picture[..., ::-1] if given.order == "bgr" else picture
    picture = picture.astype(np.float32) / np.float32(255 if given.range == 1 else 1)
    mean, std = (np.asarray(values, np.float32) for values in (given.mean, given.std))
    planes = [(picture - mean) / std]
    separate = None
    if given.trimap != "none":
        if trimap is None:
            raise ValueError("this method needs a trimap")
        hints = _hints(resized(trimap, content, "nearest"), given)
        hints = _padded(hints, target, given.pad)
        if given.trimap == "separate":
            separate = _batch(hints, given.layout)
        else:
            planes.append(hints)
    whole = np.concatenate(planes, axis=2) if len(planes) > 1 else planes[0]
    return Prepared(_batch(whole, given.layout), separate, content, max(image.shape[:2]))


def content_size(shape: tuple[int, int], given: ModelInput) -> tuple[int, int]:
    """Return the (height, width) that an image of ``shape`` gets, before any padding.

    Without padding, both sides are lowered to the multiple, as in most published test codes; a side
    below the multiple is raised to it.
    """
    if given.size is not None:
        if not given.pad:
            return given.size
        scale = min(given.size[0] / shape[0], given.size[1] / shape[1])
        height, width = (max(1, round(side * scale)) for side in shape)
        return min(height, given.size[0]), min(width, given.size[1])
    sides = _scaled(shape, given)
    if given.pad:
        return sides
    lowered = (max(given.multiple, side - side % given.multiple) for side in sides)
    height, width = lowered
    return height, width


def _scaled(shape: tuple[int, int], given: ModelInput) -> tuple[int, int]:
    target = given.shorter or given.longest
    reference = min(shape) if given.shorter else max(shape)
    between = given.keep_between and min(shape) <= target <= max(shape)
    if not target or between or (target >= reference and not given.enlarge):
        return shape
    # side / reference * target, in this order: the truncation of published codes depends on it
    height, width = (
        target if side == reference else max(1, int(side / reference * target)) for side in shape
    )
    return height, width


def _up(sides: tuple[int, int], multiple: int) -> tuple[int, int]:
    return sides[0] + -sides[0] % multiple, sides[1] + -sides[1] % multiple


def _padded(array: npt.NDArray[Any], target: tuple[int, int], pad: str) -> npt.NDArray[Any]:
    """Pad (h, w, C) below and on the right."""
    below, right = target[0] - array.shape[0], target[1] - array.shape[1]
    if not below and not right:
        return array
    sides = [(0, below), (0, right), (0, 0)]
    return np.pad(array, sides, mode=_PADS[pad])  # type: ignore[call-overload, no-any-return]


def _hints(trimap: UInt8Array, given: ModelInput) -> Float32Array:
    """Return a trimap as (h, w, 1) levels in [0, 1], or (h, w, 3): background, unknown, known."""
    if given.trimap == "one-hot":
        return np.stack([trimap == level for level in (0, 128, 255)], axis=2).astype(np.float32)
    return trimap[..., None].astype(np.float32) / np.float32(255)


def _batch(array: npt.NDArray[Any], layout: str) -> Float32Array:
    planes = array.transpose(2, 0, 1) if layout == "nchw" else array
    return np.ascontiguousarray(planes[None], dtype=np.float32)


def finished(
    found: npt.NDArray[Any], made: Prepared, shape: tuple[int, int], given: ModelOutput
) -> Float32Array:
    """Make a matte of an output.

    Args:
        found: the output, with or without axes for batch and channels.
        made: the input that it was computed from.
        shape: (height, width) of the image.
        given: how.

    Returns:
        (height, width) float32 in [0, 1].

    Raises:
        PredictionError: the output is no plane, or its values are far outside of [0, 1].
    """
    plane = _plane(np.asarray(found, np.float32), given)
    if given.activation == "minmax":
        low, high = float(plane.min()), float(plane.max())
        plane = (plane - low) / (high - low) if high > low else np.zeros_like(plane)
    low, high = float(plane.min()), float(plane.max())
    if low < -FAR or high > 1 + FAR:
        raise PredictionError(
            f"the output has values in [{low:.4g}, {high:.4g}]; set 'activation' in [output], for "
            "instance to sigmoid"
        )
    axes = (2, 3) if given.layout == "nchw" and made.image.shape[1] <= 6 else (1, 2)
    size = (made.image.shape[axes[0]], made.image.shape[axes[1]])
    if made.content != size:
        plane = resized(plane, size, given.resize)[: made.content[0], : made.content[1]]
    matte = resized(np.ascontiguousarray(plane), shape, given.resize)
    return np.asarray(np.clip(matte, 0, 1), np.float32)


def _plane(found: Float32Array, given: ModelOutput) -> Float32Array:
    """Apply sigmoid or softmax, and return the plane of the wanted channel."""
    array = found[0] if found.ndim == 4 else found
    if array.ndim == 2:
        array = array[None]
    elif array.ndim == 3 and given.layout == "nhwc" and found.ndim == 4:
        array = array.transpose(2, 0, 1)
    if array.ndim != 3 or given.channel >= len(array):
        raise PredictionError(
            f"the output has the shape {found.shape}, which has no channel {given.channel}; set "
            "'index', 'channel' or 'layout' in [output]"
        )
    if given.activation == "softmax":
        raised = np.exp(array - array.max(axis=0))
        return np.asarray(raised[given.channel] / raised.sum(axis=0), np.float32)
    plane = np.asarray(array[given.channel], np.float32)
    if given.activation == "sigmoid":
        return np.asarray(0.5 + 0.5 * np.tanh(plane / 2), np.float32)  # no overflow
    return plane


def resized(array: npt.NDArray[Any], size: tuple[int, int], how: str) -> npt.NDArray[Any]:
    """Resize (H, W) or (H, W, C), uint8 or float32.

    Args:
        array: the values.
        size: (height, width).
        how: ``bilinear`` and ``bicubic`` interpolate, ``nearest`` repeats; these three are as in
            PyTorch without antialiasing. ``area`` averages all old pixels that a new one touches,
            as in PyTorch. ``cv2`` is OpenCV's bilinear, ``antialias`` and ``lanczos`` are Pillow's
            filters; these three round uint8.

    Returns:
        (height, width[, C]): the dtype of the array for those that round and for ``nearest``, else
        float32.
    """
    if array.shape[:2] == size:
        return array
    if how in ("antialias", "lanczos"):
        return _by_pillow(array, size, how)
    if how in ("nearest", "cv2"):
        kind = cv2.INTER_NEAREST if how == "nearest" else cv2.INTER_LINEAR
        return _shaped(cv2.resize(array, size[::-1], interpolation=kind), array)
    values = np.asarray(array, np.float32)
    if how == "area":
        return _averaged(_averaged(values, 0, size[0]), 1, size[1]).astype(np.float32)
    return _shaped(cv2.resize(values, size[::-1], interpolation=_CV2[how]), array)


def _shaped(new: npt.NDArray[Any], old: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Restore an axis of one channel, which OpenCV drops."""
    return new[..., None] if new.ndim < old.ndim else new


def _by_pillow(array: npt.NDArray[Any], size: tuple[int, int], how: str) -> npt.NDArray[Any]:
    from PIL import Image

    filters = {"antialias": Image.Resampling.BILINEAR, "lanczos": Image.Resampling.LANCZOS}
    picture = Image.fromarray(array)
    return np.asarray(picture.resize(size[::-1], filters[how]))


def _averaged(values: npt.NDArray[Any], axis: int, new: int) -> npt.NDArray[Any]:
    """Average along an axis: pixel i covers old pixels floor(i * old / new) to the ceiling."""
    old = values.shape[axis]
    if old == new:
        return values
    edges = np.arange(new + 1) * old
    first, last = edges[:-1] // new, -(-edges[1:] // new)
    sums = np.cumsum(np.moveaxis(values, axis, 0), axis=0, dtype=np.float64)
    sums = np.concatenate([np.zeros_like(sums[:1]), sums])
    count = (last - first).reshape(-1, *[1] * (values.ndim - 1))
    return np.moveaxis((sums[last] - sums[first]) / count, 0, axis)

"""Functions for single metrics."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from p3mbench.metrics.arrays import Matte
from p3mbench.metrics.scores import defined_metrics, score

Trimap = npt.NDArray[np.uint8]


def sad(pred: Matte, alpha: Matte) -> float:
    """Compute the sum of absolute differences over the image / 1000.

    Args:
        pred: (H, W) uint8 or floating point in [0, 1].
        alpha: the ground truth, likewise.

    Raises:
        ValueError: an argument is not as described; the message names it. All functions here do so.

    >>> sad(np.zeros((10, 100)), np.ones((10, 100)))
    1.0
    """
    return score(pred, alpha, metrics=("sad",))["sad"]


def mse(pred: Matte, alpha: Matte) -> float:
    """Compute the mean squared difference over the image; arguments as for `sad`.

    >>> mse(np.zeros((2, 2)), np.full((2, 2), 0.5))
    0.25
    """
    return score(pred, alpha, metrics=("mse",))["mse"]


def mad(pred: Matte, alpha: Matte) -> float:
    """Compute the mean absolute difference over the image; arguments as for `sad`.

    >>> mad(np.zeros((2, 2)), np.full((2, 2), 0.5))
    0.5
    """
    return score(pred, alpha, metrics=("mad",))["mad"]


def sad_t(pred: Matte, alpha: Matte, trimap: Trimap, convention: str = "p3m") -> float:
    """Compute the sum of absolute differences over the unknown region / 1000; NaN if it is empty.

    Args:
        pred: (H, W) uint8 or floating point in [0, 1].
        alpha: the ground truth, likewise.
        trimap: (H, W) uint8 in {0, 128, 255}.
        convention: a name in `CONVENTIONS` that defines it.

    >>> trimap = np.array([[0, 128, 128, 255]], np.uint8)
    >>> sad_t(np.zeros((1, 4)), np.ones((1, 4)), trimap, "dim")
    0.002
    """
    return score(pred, alpha, trimap, convention, metrics=("sad_t",))["sad_t"]


def mse_t(pred: Matte, alpha: Matte, trimap: Trimap, convention: str = "p3m") -> float:
    """Compute the mean squared difference over the unknown region; see `sad_t`.

    >>> trimap = np.array([[0, 128, 128, 255]], np.uint8)
    >>> mse_t(np.zeros((1, 4)), np.array([[0, 0, 1.0, 1]]), trimap)
    0.5
    """
    return score(pred, alpha, trimap, convention, metrics=("mse_t",))["mse_t"]


def mad_t(pred: Matte, alpha: Matte, trimap: Trimap, convention: str = "p3m") -> float:
    """Compute the mean absolute difference over the unknown region; see `sad_t`.

    >>> trimap = np.array([[0, 128, 128, 255]], np.uint8)
    >>> mad_t(np.zeros((1, 4)), np.array([[0, 0.5, 1, 1]]), trimap)
    0.75
    """
    return score(pred, alpha, trimap, convention, metrics=("mad_t",))["mad_t"]


def sad_fg(pred: Matte, alpha: Matte, trimap: Trimap) -> float:
    """Compute the sum of absolute differences / 1000 where the trimap is 255; see `sad_t`.

    >>> trimap = np.array([[0, 128, 128, 255]], np.uint8)
    >>> sad_fg(np.zeros((1, 4)), np.ones((1, 4)), trimap)
    0.001
    """
    return score(pred, alpha, trimap, metrics=("sad_fg",))["sad_fg"]


def sad_bg(pred: Matte, alpha: Matte, trimap: Trimap) -> float:
    """Compute the sum of absolute differences / 1000 where the trimap is 0; see `sad_t`.

    >>> trimap = np.array([[0, 128, 128, 255]], np.uint8)
    >>> sad_bg(np.ones((1, 4)), np.zeros((1, 4)), trimap)
    0.001
    """
    return score(pred, alpha, trimap, metrics=("sad_bg",))["sad_bg"]


def sad_boundary(pred: Matte, alpha: Matte) -> float:
    """Compute the sum of absolute differences along the ground truth's boundary / 1000.

    Our metric. The band is `boundary_mask(alpha)`; the result is NaN without a boundary.

    >>> alpha = np.array([[0, 0, 0, 255, 255, 255]], np.uint8)
    >>> sad_boundary(np.zeros((1, 6), np.uint8), alpha)
    0.001
    """
    return score(pred, alpha, metrics=("sad_boundary",))["sad_boundary"]


def sad_face(pred: Matte, alpha: Matte, face: npt.NDArray[np.bool_]) -> float:
    """Compute the sum of absolute differences inside the face area / 1000; our metric.

    Args:
        pred: (H, W) uint8 or floating point in [0, 1].
        alpha: the ground truth, likewise.
        face: (H, W) bool; the result is NaN if it is empty.

    >>> sad_face(np.zeros((2, 2)), np.ones((2, 2)), np.array([[True, True], [False, False]]))
    0.002
    """
    return score(pred, alpha, face=face, metrics=("sad_face",))["sad_face"]


def mad_face(pred: Matte, alpha: Matte, face: npt.NDArray[np.bool_]) -> float:
    """Compute the mean absolute difference inside the face area; our metric.

    Unlike `sad_face`, it is comparable between face sizes.

    >>> mad_face(np.zeros((2, 2)), np.ones((2, 2)), np.array([[True, True], [False, False]]))
    1.0
    """
    return score(pred, alpha, face=face, metrics=("mad_face",))["mad_face"]


def gradient_error(
    pred: Matte, alpha: Matte, trimap: Trimap | None = None, convention: str = "p3m"
) -> float:
    """Compute the gradient error over the whole image, or over the unknown region if so defined.

    Args:
        pred: (H, W) uint8 or floating point in [0, 1].
        alpha: the ground truth, likewise.
        trimap: (H, W) uint8 in {0, 128, 255}, for conventions that define it there.
        convention: a name in `CONVENTIONS`; it decides kernel, border and scale.

    >>> step = np.zeros((20, 20))
    >>> step[:, 10:] = 1
    >>> gradient_error(step, step), round(gradient_error(np.zeros((20, 20)), step), 3)
    (0.0, 0.412)
    """
    return _one_of(("grad_t", "grad"), pred, alpha, trimap, convention)


def connectivity_error(
    pred: Matte, alpha: Matte, trimap: Trimap | None = None, convention: str = "p3m"
) -> float:
    """Compute the connectivity error / 1000; arguments as for `gradient_error`.

    Some conventions give an empty prediction a perfect score: never rank by this number alone. See
    the flag `conn_empty_level` of `score`.

    >>> disc = np.zeros((8, 8))
    >>> disc[2:6, 2:6] = 1
    >>> connectivity_error(np.zeros((8, 8)), disc), connectivity_error(disc, disc)
    (0.0, 0.0)
    """
    return _one_of(("conn_t", "conn"), pred, alpha, trimap, convention)


def _one_of(
    names: tuple[str, ...], pred: Matte, alpha: Matte, trimap: Trimap | None, convention: str
) -> float:
    defined = defined_metrics(convention, trimap=trimap is not None, face=False)
    name = next(name for name in names if name in defined)
    return score(pred, alpha, trimap, convention, metrics=(name,))[name]

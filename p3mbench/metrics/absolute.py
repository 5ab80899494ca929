"""Sum absolute and squared errors over regions, for SAD, MSE and MAD.

Two uint8 mattes are summed as integers, which is exact. Floats are summed in float64, strip by
strip, so that the data stays in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import cv2
import numpy as np

from p3mbench.metrics.arrays import Mask, Matte, strips, unit_values
from p3mbench.metrics.inputs import UNKNOWN, Pair

Sums = dict[tuple[str, int], float]
"""(region, order) -> sum of |p - g| ** order, values in [0, 1]."""

Masks = Mapping[str, Callable[[slice], Mask] | None]
"""Region -> function from a slice of rows to their mask; None for the whole image."""

_NORM = {1: cv2.NORM_L1, 2: cv2.NORM_L2SQR}


def error_sums(pair: Pair, masks: Masks, wanted: Iterable[tuple[str, int]]) -> Sums:
    """Sum errors over regions.

    Args:
        pair: the mattes.
        masks: the regions.
        wanted: (region, order) pairs, order 1 or 2.
    """
    return _sums(pair.pred, pair.alpha, masks, list(wanted))


def known_residual(pair: Pair, orders: Iterable[int]) -> dict[int, float]:
    """Sum the errors in the known region after pasting the known labels; returns order -> sum.

    The error is 0 where the ground truth agrees with the trimap.
    """
    regions = pair.regions
    if regions is None:
        raise ValueError("trimap: needed to find the known region")
    known = {"known": lambda rows: np.bitwise_not(regions.mask(UNKNOWN, rows))}
    # in the known region the trimap is the label in bytes
    sums = _sums(regions.trimap, pair.alpha, known, [("known", order) for order in orders])
    return {order: total for (_, order), total in sums.items()}


def _sums(pred: Matte, alpha: Matte, masks: Masks, wanted: list[tuple[str, int]]) -> Sums:
    in_bytes = pred.dtype == np.uint8 and alpha.dtype == np.uint8
    sums = dict.fromkeys(wanted, 0.0)
    for rows in strips(pred.shape) if wanted else ():
        errors = (_byte_errors if in_bytes else _float_errors)(pred[rows], alpha[rows])
        for region in dict.fromkeys(region for region, _ in wanted):
            source = masks[region]
            mask = None if source is None else source(rows)
            if in_bytes and mask is not None:  # faster than a norm with a mask
                part, mask = np.bitwise_and(errors, mask, out=mask), None
            else:
                part = errors
            for order, norm in _NORM.items():
                if (region, order) in sums:
                    sums[region, order] += cv2.norm(part, norm, mask=mask)
    unit = 255 if in_bytes else 1
    return {(region, order): total / unit**order for (region, order), total in sums.items()}


def _byte_errors(pred: Matte, alpha: Matte) -> Matte:
    return np.asarray(cv2.absdiff(pred, alpha)).reshape(pred.shape)


def _float_errors(pred: Matte, alpha: Matte) -> Matte:
    errors = unit_values(pred)
    errors -= unit_values(alpha)
    return errors

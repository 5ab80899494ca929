"""`score`: all metrics of a convention for one prediction, with flags."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.metrics.absolute import Masks, Sums, error_sums, known_residual
from p3mbench.metrics.arrays import Mask, Matte
from p3mbench.metrics.connectivity import connectivity
from p3mbench.metrics.conventions import Convention, find_convention
from p3mbench.metrics.family import Given, Region
from p3mbench.metrics.gradient import gradient_sum
from p3mbench.metrics.inputs import UNKNOWN, Pair, check_face, prepare
from p3mbench.metrics.table import METRICS, OWN_METRICS

_POWER = {"sad": 1, "mad": 1, "mse": 2}


class Scores(dict[str, float]):
    """Metric name -> value, NaN if the metric's region is empty.

    Attributes:
        flags: qualify the values, such as `no_unknown`; see docs/metrics.md.

    >>> Scores({"sad": 1.5}, flags=("empty_prediction",)).flags
    ('empty_prediction',)
    """

    flags: tuple[str, ...]

    def __init__(self, values: Mapping[str, float] | None = None, flags: Iterable[str] = ()):
        super().__init__(values or {})
        self.flags = tuple(flags)


def score(
    pred: Matte,
    alpha: Matte,
    trimap: npt.NDArray[np.uint8] | None = None,
    convention: str = "p3m",
    *,
    face: npt.NDArray[np.bool_] | None = None,
    metrics: Iterable[str] | None = None,
) -> Scores:
    """Score a predicted matte against its ground truth.

    Args:
        pred: (H, W) uint8 (0..255 means 0..1) or floating point in [0, 1].
        alpha: the ground truth, of the same shape; uint8 or floating point.
        trimap: (H, W) uint8 in {0, 128, 255}; some conventions require it, `rvm` and `gca-whole`
            never use it.
        convention: a name in `CONVENTIONS`.
        face: (H, W) bool, True inside the face area, for `sad_face` and `mad_face`.
        metrics: names to compute; None for all that the convention defines for the given inputs.
            Others cost nothing.

    Returns:
        The values, as floats, and `.flags`. Inputs are never modified.

    Raises:
        ValueError: an argument is not as described; the message names it.

    >>> half = np.full((4, 4), 128, np.uint8)
    >>> full = np.full((4, 4), 255, np.uint8)
    >>> scores = score(half, full)
    >>> round(scores["mad"], 4), scores.flags
    (0.498, ('no_boundary', 'conn_empty_level'))
    """
    chosen = find_convention(convention)
    names = select_metrics(convention, metrics, trimap=trimap is not None, face=face is not None)
    pair = prepare(pred, alpha, trimap, chosen)
    flags = list(pair.flags)
    if not cv2.countNonZero(pair.pred):
        flags.append("empty_prediction")
    if not cv2.countNonZero(pair.alpha):
        flags.append("empty_alpha")
    regions = {METRICS[name].region.name: METRICS[name].region for name in names}
    given = Given(
        pair.alpha,
        None if pair.regions is None else pair.regions.trimap,
        None if face is None else check_face(face, pair.alpha),
    )
    areas = {name: region.mask(given) for name, region in regions.items() if region.mask}
    values = _absolute(pair, chosen, areas, names, flags)
    values |= _structural(pair, chosen, areas, names, flags)
    return Scores({name: values[name] for name in names}, dict.fromkeys(flags))


def defined_metrics(convention: str = "p3m", *, trimap: bool, face: bool) -> tuple[str, ...]:
    """Return the metrics that `score` computes by default.

    Args:
        convention: a name in `CONVENTIONS`.
        trimap: whether a trimap is given.
        face: whether a face area is given.

    Raises:
        ValueError: the convention is unknown, or needs a trimap and gets none.

    >>> defined_metrics("rvm", trimap=False, face=False)
    ('mad', 'mse', 'grad', 'conn')
    """
    chosen = find_convention(convention)
    if chosen.needs_trimap and not trimap:
        raise ValueError(
            f"trimap: the convention {chosen.name!r} works on the unknown region; give a trimap, "
            "or choose a convention for whole images such as 'p3m'"
        )
    own = OWN_METRICS if chosen.gradient == "p3m" else ()
    names = dict.fromkeys(chosen.defines(trimap=trimap) + own)
    given = {"": True, "trimap": trimap, "face": face}
    return tuple(name for name in names if given[METRICS[name].region.needs])


def select_metrics(
    convention: str, metrics: Iterable[str] | None, *, trimap: bool, face: bool
) -> tuple[str, ...]:
    """Return the metrics that `score` will compute, each once.

    Args:
        convention: a name in `CONVENTIONS`.
        metrics: requested names, None for all.
        trimap: whether a trimap is given.
        face: whether a face area is given.

    Raises:
        ValueError: the convention or a metric is unknown, or not defined for the given inputs.

    >>> select_metrics("p3m", ["mse", "sad", "mse"], trimap=False, face=False)
    ('mse', 'sad')
    """
    available = defined_metrics(convention, trimap=trimap, face=face)
    if metrics is None:
        return available
    if isinstance(metrics, str):
        raise ValueError(f"metrics: pass a tuple of names, ({metrics!r},), not one string")
    names = tuple(dict.fromkeys(metrics))
    for name in names:
        if name not in METRICS:
            raise ValueError(f"metrics: {name!r} is unknown; choose from {', '.join(METRICS)}")
        if name not in available:
            raise ValueError(
                f"metrics: {name!r} is not defined by the convention {convention!r} "
                f"{'with' if trimap else 'without'} a trimap and {'with' if face else 'without'} "
                f"a face area; it defines {', '.join(available)}"
            )
    return names


def _absolute(
    pair: Pair,
    chosen: Convention,
    areas: Mapping[str, Mask],
    names: tuple[str, ...],
    flags: list[str],
) -> dict[str, float]:
    """Compute SAD, MSE and MAD of every requested region."""
    orders = {name: _POWER[METRICS[name].measure] for name in names
              if METRICS[name].measure in _POWER}  # fmt: skip
    wanted = {(METRICS[name].region.name, order) for name, order in orders.items()}
    regions = {METRICS[name].region for name in orders}
    sums = error_sums(pair, _sources(pair, areas, regions), sorted(wanted))
    if chosen.known_counts:
        _count_known(pair, regions, sums, flags)
    values = {}
    for name, order in orders.items():
        measure, region = METRICS[name].measure, METRICS[name].region
        total = sums[region.name, order]
        if measure == "sad" and region.zero_if_empty:
            values[name] = total / 1000
            continue
        pixels = _pixels(pair, areas, region)
        if not pixels:
            flags.append(f"no_{region.name}")
            values[name] = math.nan
        elif measure == "sad":
            values[name] = total / 1000
        else:
            scale = 1000 if chosen.thousandfold else 1
            values[name] = total / (pixels + chosen.pixel_epsilon) * scale
    return values


def _count_known(pair: Pair, regions: Iterable[Region], sums: Sums, flags: list[str]) -> None:
    """Add the errors of the known region to the sums over the unknown one."""
    unknown = next((region.name for region in regions if region.label == UNKNOWN), None)
    orders = [order for name, order in sums if name == unknown]
    residual = known_residual(pair, orders) if orders else {}
    for order, extra in residual.items():
        sums[unknown or "", order] += extra
    if any(residual.values()):
        flags.append("known_not_binary")


def _sources(pair: Pair, areas: Mapping[str, Mask], regions: Iterable[Region]) -> Masks:
    return {region.name: _source(pair, areas, region) for region in regions}


def _source(
    pair: Pair, areas: Mapping[str, Mask], region: Region
) -> Callable[[slice], Mask] | None:
    if region.name in areas:
        return partial(_copied, areas[region.name])
    if region.label >= 0 and pair.regions is not None:
        return partial(pair.regions.mask, region.label)
    return None


def _copied(area: Mask, rows: slice) -> Mask:
    # the caller may write into the mask
    return area[rows].copy()


def _pixels(pair: Pair, areas: Mapping[str, Mask], region: Region) -> int:
    """Return the number of pixels of a mean; 0 if the region is empty."""
    if region.label == UNKNOWN and pair.regions is not None:
        return pair.regions.unknown_pixels
    mask = _mask(pair, areas, region)
    return pair.pixels if mask is None else int(cv2.countNonZero(mask))


def _mask(pair: Pair, areas: Mapping[str, Mask], region: Region) -> Mask | None:
    """Return the mask of a region; None for the whole image."""
    if region.name in areas:
        return areas[region.name]
    if region.label >= 0 and pair.regions is not None:
        return pair.regions.mask(region.label)
    if region.needs:
        raise ValueError(
            f"metrics: the region {region.name!r} cannot be found from the given inputs"
        )
    return None


def _structural(
    pair: Pair,
    chosen: Convention,
    areas: Mapping[str, Mask],
    names: tuple[str, ...],
    flags: list[str],
) -> dict[str, float]:
    """Compute GRAD and CONN of every requested region."""
    values = {}
    for name in names:
        measure, region = METRICS[name].measure, METRICS[name].region
        if measure not in ("grad", "conn"):
            continue
        if not _pixels(pair, areas, region):
            flags.append(f"no_{region.name}")
            values[name] = math.nan
            continue
        mask = _mask(pair, areas, region)
        if measure == "grad":
            values[name] = gradient_sum(
                pair.pred, pair.alpha, chosen.gradient, mask, stretch=chosen.stretch
            )
        else:
            found = connectivity(pair, chosen, mask)
            values[name] = found.error
            flags.extend(found.flags)
    return values

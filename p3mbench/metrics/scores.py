"""`score`: every metric of a convention for one prediction, and the flags that qualify it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from p3mbench.metrics.absolute import Masks, boundary_mask, error_sums, known_residual
from p3mbench.metrics.connectivity import connectivity
from p3mbench.metrics.conventions import OWN_METRICS, Convention, find_convention
from p3mbench.metrics.gradient import gradient_sum
from p3mbench.metrics.inputs import Mask, Matte, Pair, check_face, prepare
from p3mbench.metrics.table import METRICS, TRIMAP_REGIONS

_POWER = {"sad": 1, "mad": 1, "mse": 2}


class Scores(dict[str, float]):
    """Metric name -> value, NaN where the metric has nothing to look at.

    Attributes:
        flags: what qualifies the values, such as `no_unknown`; see docs/metrics.md.

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
            never look at it.
        convention: a name in `CONVENTIONS`.
        face: (H, W) bool, True inside the face area, for `sad_face` and `mad_face`.
        metrics: names to compute, the others' cost is saved; None for all that the convention
            defines for the given inputs.

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
    areas: dict[str, Mask] = {}
    if face is not None:
        areas["face"] = check_face(face, pair.alpha)
    if any(METRICS[name].region == "boundary" for name in names):
        areas["boundary"] = boundary_mask(pair.alpha)
    values = _absolute(pair, chosen, areas, names, flags)
    values |= _structural(pair, chosen, areas, names, flags)
    return Scores({name: values[name] for name in names}, dict.fromkeys(flags))


def defined_metrics(convention: str = "p3m", *, trimap: bool, face: bool) -> tuple[str, ...]:
    """What `score` computes when it is asked for nothing in particular.

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
    return tuple(name for name in names if face or METRICS[name].region != "face")


def select_metrics(
    convention: str, metrics: Iterable[str] | None, *, trimap: bool, face: bool
) -> tuple[str, ...]:
    """The names that `score` will compute, each once.

    Args:
        convention: a name in `CONVENTIONS`.
        metrics: the names asked for, None for all.
        trimap: whether a trimap is given.
        face: whether a face area is given.

    Raises:
        ValueError: the convention or a metric is unknown, or not defined for what is given.

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
    """SAD, MSE and MAD of every region that is asked for."""
    orders = {name: _POWER.get(METRICS[name].measure, 0) for name in names}
    wanted = {(METRICS[name].region, order) for name, order in orders.items() if order}
    sums = error_sums(pair, _sources(pair, areas), sorted(wanted))
    if chosen.known_counts and any(region == "unknown" for region, _ in wanted):
        residual = known_residual(pair, [order for region, order in wanted if region == "unknown"])
        for order, extra in residual.items():
            sums["unknown", order] += extra
        if any(residual.values()):
            flags.append("known_not_binary")
    values = {}
    for name, order in orders.items():
        if not order:
            continue
        measure, region = METRICS[name].measure, METRICS[name].region
        if measure == "sad" and region in ("foreground", "background"):
            values[name] = sums[region, order] / 1000  # 0 where there is none, as in P3M's code
            continue
        pixels = _pixels(pair, areas, region)
        if not pixels:
            flags.append(f"no_{region}")
            values[name] = math.nan
        elif measure == "sad":
            values[name] = sums[region, order] / 1000
        else:
            scale = 1000 if chosen.thousandfold else 1
            values[name] = sums[region, order] / (pixels + chosen.pixel_epsilon) * scale
    return values


def _sources(pair: Pair, areas: Mapping[str, Mask]) -> Masks:
    sources: dict[str, Callable[[slice], Mask] | None] = {"image": None}
    if pair.regions is not None:
        for of_trimap in TRIMAP_REGIONS:
            sources[of_trimap] = partial(pair.regions.mask, of_trimap)
    for region, area in areas.items():
        sources[region] = partial(_copied, area)
    return sources


def _copied(area: Mask, rows: slice) -> Mask:
    # whoever asks for a mask may write into it
    return area[rows].copy()


def _pixels(pair: Pair, areas: Mapping[str, Mask], region: str) -> int:
    """How many pixels a mean runs over, or 0 if a metric has nothing to look at."""
    if region == "unknown" and pair.regions is not None:
        return pair.regions.unknown_pixels
    mask = _mask(pair, areas, region)
    return pair.pixels if mask is None else int(cv2.countNonZero(mask))


def _mask(pair: Pair, areas: Mapping[str, Mask], region: str) -> Mask | None:
    """The pixels of a region; None for the whole image."""
    if region in areas:
        return areas[region]
    if region in TRIMAP_REGIONS and pair.regions is not None:
        return pair.regions.mask(region)
    if region != "image":
        raise ValueError(f"metrics: the region {region!r} cannot be told from what is given")
    return None


def _structural(
    pair: Pair,
    chosen: Convention,
    areas: Mapping[str, Mask],
    names: tuple[str, ...],
    flags: list[str],
) -> dict[str, float]:
    """GRAD and CONN of every region that is asked for."""
    values = {}
    for name in names:
        measure, region = METRICS[name].measure, METRICS[name].region
        if measure not in ("grad", "conn"):
            continue
        if not _pixels(pair, areas, region):
            flags.append(f"no_{region}")
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

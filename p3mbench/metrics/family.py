"""The declaration of a family of metrics: its region, its metrics and who defines them.

A family is one file in `p3mbench.metrics.families`. Every measure (``sad``, ``mse``, ``mad``,
``grad``, ``conn``) can be computed over every region. So a family declares a region and names the
useful measures, and `p3mbench.metrics.scores` computes them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from p3mbench.metrics.arrays import Mask, Matte

Measure = Literal["sad", "mse", "mad", "grad", "conn"]

SCALES: MappingProxyType[Measure, str] = MappingProxyType(
    {
        "sad": "sum of absolute differences / 1000",
        "mse": "mean squared difference",
        "mad": "mean absolute difference",
        "grad": "sum of squared differences of gradient magnitudes",
        "conn": "sum of differences of connectivity / 1000",
    }
)
"""Measure -> meaning of its numbers; a convention may differ (see `Convention.scale`)."""

MEASURES: tuple[Measure, ...] = tuple(SCALES)


class Given(NamedTuple):
    """The inputs from which a region can be found.

    Attributes:
        alpha: (H, W) ground truth, uint8 or floating point in [0, 1].
        trimap: (H, W) uint8 in {0, 128, 255}, None if not given.
        face: (H, W) uint8, 255 inside the face area, None if not given.
    """

    alpha: Matte
    trimap: npt.NDArray[np.uint8] | None
    face: Mask | None


@dataclass(frozen=True, kw_only=True)
class Region:
    """The pixels of some metrics.

    Attributes:
        name: name in code and in the flag ``no_NAME``.
        suffix: end of the names of its metrics; they begin with a measure.
        title: name for people.
        needs: the required input: ``trimap``, ``face``, or "" for none.
        mask: makes the mask, (H, W) uint8 of 0 and 255, from the inputs; None for the whole image
            and for a label of the trimap.
        label: its level in the trimap; -1 if it is not a label.
        zero_if_empty: whether a sum over no pixels is 0, as in P3M's code, instead of NaN with the
            flag ``no_NAME``.
        words: other names in headings of other projects, in lower case and without punctuation.
    """

    name: str
    suffix: str
    title: str
    needs: Literal["", "trimap", "face"] = ""
    mask: Callable[[Given], Mask] | None = None
    label: int = -1
    zero_if_empty: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Metric:
    """A metric and its label.

    Attributes:
        name: its key in `Scores` and in result files: a measure and the region's suffix.
        title: its heading in tables, as in papers.
        region: its pixels.
        decimals: number of decimals to show. Stored values are never rounded.
        lower_is_better: true of every metric here.
        ranks_alone: False if the definition rewards degenerate predictions; no table may then be
            ordered by this metric alone.
    """

    name: str
    title: str
    region: Region
    decimals: int
    lower_is_better: bool = True
    ranks_alone: bool = True

    def __post_init__(self) -> None:
        """Refuse a name that does not match the measure and the region.

        Raises:
            ValueError: the name is not a measure with the region's suffix.
        """
        suffix = self.region.suffix
        if self.name not in [f"{measure}{suffix}" for measure in MEASURES]:
            raise ValueError(
                f"metric {self.name!r}: over the region {self.region.name!r} a name is one of "
                f"{', '.join(MEASURES)}, followed by {suffix!r}"
            )

    @property
    def measure(self) -> Measure:
        """The measure: the name without the region's suffix."""
        return next(m for m in MEASURES if self.name == f"{m}{self.region.suffix}")

    @property
    def scale(self) -> str:
        """Meaning of the stored number; a convention may differ (see `Convention.scale`)."""
        return SCALES[self.measure]


@dataclass(frozen=True, kw_only=True)
class Family:
    """The metrics of one file.

    Attributes:
        metrics: metrics in the order of tables.
        place: sorts families; families with equal places are sorted by the names of their files.
        own: whether p3mbench defines the metrics. Such metrics are computed beside those of P3M's
            conventions; others are computed if a convention names them.
    """

    metrics: tuple[Metric, ...]
    place: int = 100
    own: bool = False

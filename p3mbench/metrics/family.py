"""What a family of metrics says of itself: its region, its metrics, who defines them.

A family is one file in `p3mbench.metrics.families`. Every measure (``sad``, ``mse``, ``mad``,
``grad``, ``conn``) can be taken of every region, so a family declares a region and names the
measures that are of use there; `p3mbench.metrics.scores` computes them.
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
"""Measure -> what its numbers mean; a convention may differ (see `Convention.scale`)."""

MEASURES: tuple[Measure, ...] = tuple(SCALES)


class Given(NamedTuple):
    """What a region can be told from.

    Attributes:
        alpha: (H, W) ground truth, uint8 or floating point in [0, 1].
        trimap: (H, W) uint8 in {0, 128, 255}, None where none is given.
        face: (H, W) uint8, 255 inside the face area, None where none is given.
    """

    alpha: Matte
    trimap: npt.NDArray[np.uint8] | None
    face: Mask | None


@dataclass(frozen=True, kw_only=True)
class Region:
    """Pixels that metrics look at.

    Attributes:
        name: how code and the flag ``no_NAME`` call it.
        suffix: how the names of its metrics end; they begin with a measure.
        title: in words, for people.
        needs: the input without which it is not defined: ``trimap``, ``face``, or "" for none.
        mask: makes its mask, (H, W) uint8 of 0 and 255, of what is given; None for the whole image
            and for a label of the trimap.
        label: the level of the trimap that it is; -1 for no label.
        zero_if_empty: whether a sum over no pixel is 0, as in P3M's code, instead of NaN with the
            flag ``no_NAME``.
        words: how headings of other projects call it, in lower case and without punctuation,
            beside name and suffix.
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
    """A metric's label.

    Attributes:
        name: its key in `Scores` and in result files: a measure and the region's suffix.
        title: its heading in tables, as papers print it.
        region: the pixels it looks at.
        decimals: how many to show. Stored values are never rounded.
        lower_is_better: true of every metric here.
        ranks_alone: False where the definition rewards degenerate predictions, so that no table
            may be ordered by it alone.
    """

    name: str
    title: str
    region: Region
    decimals: int
    lower_is_better: bool = True
    ranks_alone: bool = True

    def __post_init__(self) -> None:
        """Refuse a name that does not say what is computed.

        Raises:
            ValueError: the name is not a measure with the region's suffix.
        """
        suffix = self.region.suffix
        if self.name not in [f"{measure}{suffix}" for measure in MEASURES]:
            raise ValueError(
                f"metric {self.name!r}: over the region {self.region.name!r} a name is one of "
                f"{', '.join(MEASURES)} and {suffix!r}: it says what is computed"
            )

    @property
    def measure(self) -> Measure:
        """What is computed: the name without the region's suffix."""
        return next(m for m in MEASURES if self.name == f"{m}{self.region.suffix}")

    @property
    def scale(self) -> str:
        """What the stored number means; a convention may differ (see `Convention.scale`)."""
        return SCALES[self.measure]


@dataclass(frozen=True, kw_only=True)
class Family:
    """The metrics of one file.

    Attributes:
        metrics: in the order that tables show them.
        place: families are shown by it, and those of one place by the names of their files.
        own: whether p3mbench itself defines them. They are then computed beside the metrics of
            P3M's conventions; the others are computed where a convention names them.
    """

    metrics: tuple[Metric, ...]
    place: int = 100
    own: bool = False

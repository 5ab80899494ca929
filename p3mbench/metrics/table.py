"""What each metric is called, where it looks and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

METRICS_VERSION = 1  # raised whenever a change can change a stored number; part of every row's key

Region = Literal["image", "unknown", "foreground", "background", "boundary", "face"]
Measure = Literal["sad", "mse", "mad", "grad", "conn"]

MEASURES: tuple[Measure, ...] = ("sad", "mse", "mad", "grad", "conn")
SUFFIXES: MappingProxyType[Region, str] = MappingProxyType(
    {
        "image": "",
        "unknown": "_t",
        "foreground": "_fg",
        "background": "_bg",
        "boundary": "_boundary",
        "face": "_face",
    }
)
"""How the name of a metric ends that looks at a region; it begins with one of `MEASURES`."""
TRIMAP_REGIONS: tuple[Region, ...] = ("unknown", "foreground", "background")


@dataclass(frozen=True)
class Metric:
    """A metric's label. Every measure can be taken of every region.

    Attributes:
        name: its key in `Scores` and in result files: a measure and the region's suffix.
        title: its heading in tables, as papers print it.
        region: the pixels it looks at.
        scale: what the stored number means; a convention may differ (see `Convention.scale`).
        decimals: how many to show. Stored values are never rounded.
        lower_is_better: true of every metric here.
        ranks_alone: False where the definition rewards degenerate predictions, so that no table
            may be ordered by it alone.
    """

    name: str
    title: str
    region: Region
    scale: str
    decimals: int
    lower_is_better: bool = True
    ranks_alone: bool = True

    def __post_init__(self) -> None:
        """Refuse a name that does not say what is computed.

        Raises:
            ValueError: the region is unknown, or the name is not a measure with its suffix.
        """
        if self.region not in SUFFIXES:
            raise ValueError(
                f"metric {self.name!r}: region {self.region!r} is none of {', '.join(SUFFIXES)}"
            )
        if self.name not in [f"{measure}{SUFFIXES[self.region]}" for measure in MEASURES]:
            raise ValueError(
                f"metric {self.name!r}: over the region {self.region!r} a name is one of "
                f"{', '.join(MEASURES)} and {SUFFIXES[self.region]!r}: it says what is computed"
            )

    @property
    def measure(self) -> Measure:
        """What is computed: the name without the region's suffix."""
        return next(m for m in MEASURES if self.name == f"{m}{SUFFIXES[self.region]}")


def _by_name(*metrics: Metric) -> MappingProxyType[str, Metric]:
    found = {metric.name: metric for metric in metrics}
    if len(found) != len(metrics):
        raise ValueError("two metrics have one name")
    return MappingProxyType(found)


_SUM = "sum of absolute differences / 1000"
_SQUARES = "mean squared difference"
_MEAN = "mean absolute difference"
_GRADIENT = "sum of squared differences of gradient magnitudes"
_CONNECTED = "sum of differences of connectivity / 1000"

METRICS: MappingProxyType[str, Metric] = _by_name(
    Metric("sad", "SAD", "image", _SUM, 2),
    Metric("mse", "MSE", "image", _SQUARES, 4),
    Metric("mad", "MAD", "image", _MEAN, 4),
    Metric("grad", "GRAD", "image", _GRADIENT, 2),
    Metric("conn", "CONN", "image", _CONNECTED, 2, ranks_alone=False),
    Metric("sad_t", "SAD-T", "unknown", _SUM, 2),
    Metric("mse_t", "MSE-T", "unknown", _SQUARES, 4),
    Metric("mad_t", "MAD-T", "unknown", _MEAN, 4),
    Metric("grad_t", "GRAD-T", "unknown", _GRADIENT, 2),
    Metric("conn_t", "CONN-T", "unknown", _CONNECTED, 2, ranks_alone=False),
    Metric("sad_fg", "SAD-FG", "foreground", _SUM, 2),
    Metric("sad_bg", "SAD-BG", "background", _SUM, 2),
    Metric("sad_boundary", "SAD-B", "boundary", _SUM, 2),
    Metric("sad_face", "SAD-FACE", "face", _SUM, 2),
    Metric("mad_face", "MAD-FACE", "face", _MEAN, 4),
)
"""Every metric by name, in the order tables show them."""

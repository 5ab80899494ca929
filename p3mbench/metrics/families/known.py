"""SAD in the known regions of a trimap, separately for foreground and background.

A sum over no pixels is 0, as in P3M's code.
"""

from __future__ import annotations

from p3mbench.metrics.family import Family, Metric, Region

FOREGROUND = Region(
    name="foreground",
    suffix="_fg",
    title="the known foreground",
    needs="trimap",
    label=255,
    zero_if_empty=True,
)
BACKGROUND = Region(
    name="background",
    suffix="_bg",
    title="the known background",
    needs="trimap",
    label=0,
    zero_if_empty=True,
)

FAMILY = Family(
    metrics=(
        Metric("sad_fg", "SAD-FG", FOREGROUND, 2),
        Metric("sad_bg", "SAD-BG", BACKGROUND, 2),
    ),
    place=30,
)

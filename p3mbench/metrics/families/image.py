"""The metrics of the whole image."""

from __future__ import annotations

from p3mbench.metrics.family import Family, Metric, Region

IMAGE = Region(
    name="image",
    suffix="",
    title="the whole image",
    words=("whole", "all", "wholeimage", "full", "global"),
)

FAMILY = Family(
    metrics=(
        Metric("sad", "SAD", IMAGE, 2),
        Metric("mse", "MSE", IMAGE, 4),
        Metric("mad", "MAD", IMAGE, 4),
        Metric("grad", "GRAD", IMAGE, 2),
        Metric("conn", "CONN", IMAGE, 2, ranks_alone=False),
    ),
    place=10,
)

"""The metrics of a trimap's unknown region."""

from __future__ import annotations

from p3mbench.metrics.family import Family, Metric, Region

UNKNOWN = Region(
    name="unknown",
    suffix="_t",
    title="the unknown region",
    needs="trimap",
    label=128,
    words=("trimap", "tri", "unk", "transition"),
)

FAMILY = Family(
    metrics=(
        Metric("sad_t", "SAD-T", UNKNOWN, 2),
        Metric("mse_t", "MSE-T", UNKNOWN, 4),
        Metric("mad_t", "MAD-T", UNKNOWN, 4),
        Metric("grad_t", "GRAD-T", UNKNOWN, 2),
        Metric("conn_t", "CONN-T", UNKNOWN, 2, ranks_alone=False),
    ),
    place=20,
)

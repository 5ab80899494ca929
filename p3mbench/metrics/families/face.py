"""SAD and MAD inside the face area: our metrics, which locate the cost of hidden faces."""

from __future__ import annotations

from p3mbench.metrics.arrays import Mask
from p3mbench.metrics.family import Family, Given, Metric, Region


def face_mask(given: Given) -> Mask:
    """Return the given face area."""
    if given.face is None:
        raise ValueError("face: needed to find the face area")
    return given.face


FACE = Region(name="face", suffix="_face", title="the face", needs="face", mask=face_mask)

FAMILY = Family(
    metrics=(
        Metric("sad_face", "SAD-FACE", FACE, 2),
        Metric("mad_face", "MAD-FACE", FACE, 4),
    ),
    place=50,
    own=True,
)

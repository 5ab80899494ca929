"""Compute the input size of a network in the test protocol of P3M and GFM.

JizhiziLi/P3M and JizhiziLi/GFM, core/test.py: a share of the image's sides, lowered to a multiple
of 32 and capped at 1600, regardless of the aspect ratio.
"""

from __future__ import annotations

MULTIPLE = 32
LONGEST = 1600


def scaled_sides(shape: tuple[int, int], ratio: float) -> tuple[int, int]:
    """Return a network's input (height, width) for an image of ``shape``.

    A side below 32 is raised to 32; the published codes fail there.
    """
    lowered = (int(side * ratio) // MULTIPLE * MULTIPLE for side in shape)
    height, width = (min(LONGEST, max(MULTIPLE, side)) for side in lowered)
    return height, width

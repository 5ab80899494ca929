"""The sides that networks are fed in the test protocol of P3M and GFM."""

from __future__ import annotations

import pytest
from p3mbench_methods.sides import scaled_sides


@pytest.mark.parametrize(
    ("shape", "ratio", "sides"),
    [
        ((1080, 1620), 1, (1056, 1600)),
        ((1080, 1620), 1 / 2, (512, 800)),
        ((1080, 1620), 1 / 3, (352, 512)),
        ((4000, 3200), 1 / 2, (1600, 1600)),
        ((9, 9000), 1 / 2, (32, 1600)),
        ((256, 192), 1 / 2, (128, 96)),
        ((96, 288), 1 / 3, (32, 96)),
        ((63, 40), 1 / 2, (32, 32)),
        ((1, 31), 1, (32, 32)),
        ((1, 31), 1 / 3, (32, 32)),
    ],
)
def test_sides_are_multiples_of_32_and_1600_at_most(
    shape: tuple[int, int], ratio: float, sides: tuple[int, int]
) -> None:
    assert scaled_sides(shape, ratio) == sides

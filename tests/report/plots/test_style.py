"""What all plots share: how labels are moved apart, how variants are drawn."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from p3mbench.report.plots.style import mark_of, spread


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=30),
    st.floats(0.001, 0.1),
)
def test_labels_are_spread_apart_in_order_and_within_bounds(
    values: list[float], distance: float
) -> None:
    placed = spread(values, distance, 0.0, 1.0)
    room = min(distance, 1 / len(values))
    order = np.argsort(values, kind="stable")
    assert (np.diff(np.array(placed)[order]) >= room - 1e-9).all()
    assert min(placed) >= -1e-9 and max(placed) <= 1 + 1e-9


def test_variants_differ_without_their_colour() -> None:
    variants = ("B", "mosaic-0.10", "tool-swap", "zero", "N")
    marks = [mark_of(variant, variants) for variant in variants]
    assert len({mark.marker for mark in marks}) == len({mark.colour for mark in marks}) == 5
    assert marks[1].label == "test mosaic-0.10 (faces hidden)"

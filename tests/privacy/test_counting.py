"""Boxes, thresholds, shares and ranks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from p3mbench.privacy.counting import (
    Detection,
    Proportion,
    best_scores,
    false_alarms,
    first_ranks,
    operating_point,
    overlap,
    wilson,
)

SIDE = st.floats(1, 100)
BOXES = st.tuples(st.floats(-50, 50), st.floats(-50, 50), SIDE, SIDE)
SCORES = st.lists(st.floats(0.3, 1, allow_nan=False), max_size=40)


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(1, 60))
def test_wilson_agrees_with_scipy(hits: int, n: int) -> None:
    hits = min(hits, n)
    expected = binomtest(hits, n).proportion_ci(0.95, method="wilson")
    assert wilson(hits, n) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_no_faces_say_nothing() -> None:
    assert (Proportion(0, 0).low, Proportion(0, 0).high) == (0, 1)
    assert math.isnan(Proportion(0, 0).value)
    with pytest.raises(ValueError, match="5 of 4"):
        wilson(5, 4)


@given(BOXES, BOXES)
def test_overlap_is_symmetric_and_one_only_for_equal_boxes(first, second) -> None:
    value = overlap(first, second)
    assert value == pytest.approx(overlap(second, first))
    assert 0 <= value <= 1 + 1e-9
    assert overlap(first, first) == pytest.approx(1)


def test_boxes_that_only_touch_do_not_overlap() -> None:
    assert overlap((0, 0, 10, 10), (10, 0, 10, 10)) == 0
    assert overlap((0, 0, 10, 10), (5, 0, 10, 10)) == pytest.approx(1 / 3)


@settings(deadline=None)
@given(SCORES, st.integers(1, 50), st.floats(0.001, 2))
def test_a_threshold_keeps_its_rate_and_is_the_lowest_that_does(scores, images, asked) -> None:
    point = operating_point(scores, images, asked, lowest=0.3)
    assert point.alarms == sum(score >= point.threshold for score in scores)
    assert point.alarms <= asked * images + 1e-6
    if point.threshold > 0.3:
        below = np.nextafter(point.threshold, 0)
        assert sum(score >= below for score in scores) > math.floor(asked * images + 1e-9)


def test_a_point_says_what_it_rests_on() -> None:
    few = operating_point([0.9], images=4, asked=0.1, lowest=0.3)
    assert "so few images cannot show a rate of 0.1" in few.words and "0.75" in few.words
    assert few.threshold > 0.9
    calm = operating_point([0.5], images=40, asked=0.1, lowest=0.3)
    assert calm.threshold == 0.3 and "fewer than 0.1 per image even" in calm.words
    none = operating_point([], images=0, asked=0.1, lowest=0.3)
    assert "no image with visible faces" in none.words
    many = operating_point([0.5, 0.6, 0.7], images=20, asked=0.1, lowest=0.3)
    assert (many.alarms, many.threshold > 0.5) == (2, True)


def test_faces_get_their_best_detection_and_the_rest_are_alarms() -> None:
    face, other = (10.0, 10.0, 20.0, 20.0), (60.0, 60.0, 10.0, 10.0)
    said = [
        Detection((11, 11, 20, 20), 0.8),
        Detection((8, 8, 22, 22), 0.9),
        Detection((61, 61, 9, 9), 0.7),
        Detection((200, 200, 9, 9), 0.6),
        Detection((25, 25, 60, 60), 0.99),  # touches the face, but is no detection of it
    ]
    assert best_scores([face, (300.0, 0.0, 5.0, 5.0)], said) == [0.9, -math.inf]
    assert false_alarms([face, other], said) == [0.6]


def test_ranks_count_own_entries_and_ties_are_misses() -> None:
    people = np.eye(4, dtype=np.float32)
    assert first_ranks(people, people) == Proportion(4, 4)
    assert first_ranks(people, np.roll(people, 1, axis=0)) == Proportion(0, 4)
    assert first_ranks(np.ones((4, 3), np.float32), np.ones((4, 3), np.float32)) == Proportion(0, 4)
    assert first_ranks(people[:0], people[:0]) == Proportion(0, 0)

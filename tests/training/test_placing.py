"""Where crops are taken: rules, borders, and morphology near a pixel against that of the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p3mbench.images import UInt8Array
from p3mbench.regions import trimap_from_alpha
from p3mbench.training.placing import (
    Box,
    EqualTo,
    Unknown,
    crop_corner,
    crop_sides,
    place_crop,
    trimap_within,
)
from p3mbench.training.recipe import CROP_RULES, Recipe

NOTHING = EqualTo(np.zeros((2000, 2000), np.uint8))


def blobs(shape: tuple[int, int], seed: int) -> UInt8Array:
    """An alpha with sure areas of both kinds, soft edges and specks."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    centre = rng.uniform(0, 1, 2) * shape
    distance = np.hypot(rows - centre[0], columns - centre[1])
    alpha = np.clip((min(shape) / 2.5 - distance) * 40 + 128, 0, 255).astype(np.uint8)
    specks = rng.random(shape) < 0.002
    alpha[specks] = rng.integers(0, 256, int(specks.sum()))
    return alpha


@pytest.mark.parametrize("kernel", [1, 2, 3, 8, 15, 25, 30, 50])
def test_morphology_near_a_place_is_that_of_the_whole_image(kernel: int) -> None:
    for seed, shape in enumerate([(90, 70), (64, 120), (31, 29)]):
        alpha = blobs(shape, seed)
        whole = trimap_from_alpha(alpha, kernel)
        unknown = Unknown(alpha, kernel)
        for row in range(0, shape[0], 3):
            for column in (0, 1, shape[1] // 2, *range(2, shape[1], 7), shape[1] - 1):
                assert unknown.holds(row, column) == (whole[row, column] == 128)
        boxes: list[Box] = [(0, 0, *shape), (0, 0, 9, 9), (5, 7, 25, 28), (20, 9, shape[0], 29)]
        for box in boxes:
            top, left, bottom, right = box
            cut = whole[top:bottom, left:right]
            assert np.array_equal(trimap_within(alpha, kernel, box), cut)
            assert np.array_equal(unknown.within(box), np.argwhere(cut == 128) + (top, left))


@given(
    shape=st.tuples(st.integers(40, 300), st.integers(40, 300)),
    rule=st.sampled_from(CROP_RULES),
    seed=st.integers(0, 99),
    crops=st.lists(st.integers(0, 400), min_size=1, max_size=3),
    fallback=st.sampled_from([0, 32, 64, 512]),
)
@settings(deadline=None)
def test_crops_lie_within_the_image(
    shape: tuple[int, int], rule: str, seed: int, crops: list[int], fallback: int
) -> None:
    recipe = Recipe(steps=1, crops=tuple(crops), size=(64, 48), crop_rule=rule, fallback=fallback)
    rng = np.random.default_rng(seed)
    trimap = rng.choice(np.array([0, 128, 255], np.uint8), shape)
    place = place_crop(shape, EqualTo(trimap), recipe, rng)
    assert place.top >= 0 and place.top + place.rows <= shape[0] and place.rows >= 1
    assert place.left >= 0 and place.left + place.columns <= shape[1] and place.columns >= 1
    assert place.of(trimap).shape == (place.rows, place.columns)
    if min(place.rows, place.columns) > 8:
        assert place.rows / place.columns == pytest.approx(64 / 48, rel=0.15)


@pytest.mark.parametrize(
    ("shape", "crop", "fallback", "want"),
    [
        ((1620, 1080), 1024, 512, 1024),
        ((1620, 1080), 1080, 512, 512),  # not smaller than the shorter side
        ((1080, 1620), 1280, 320, 320),
        ((1620, 1080), 1280, 0, 1080),  # no fallback: the largest crop that fits
        ((1620, 1080), 0, 512, 1080),  # the whole image was asked for
        ((256, 192), 1024, 512, 192),  # the fallback does not fit either
        ((512, 512), 768, 512, 512),
        ((256, 192), 64, 512, 64),
    ],
)
def test_sizes_and_the_fallback(
    shape: tuple[int, int], crop: int, fallback: int, want: int
) -> None:
    recipe = Recipe(steps=1, crops=(crop,), size=(512, 512), fallback=fallback)
    assert crop_sides(shape, recipe, 0) == (want, want)


@pytest.mark.parametrize("rule", ["p3m", "gfm"])
def test_a_crop_as_large_as_the_image_starts_at_its_corner(rule: str) -> None:
    corner = crop_corner((192, 192), NOTHING, (192, 192), rule, np.random.default_rng(0))
    assert corner == (0, 0)


@pytest.mark.parametrize("rule", ["p3m", "gfm"])
def test_half_of_the_corners_are_steered_and_none_is_moved(rule: str) -> None:
    plane = np.zeros((100, 90), np.uint8)
    plane[60, 55] = plane[79, 69] = 128  # within rows 0..79, columns 0..69
    plane[80, 20] = plane[20, 70] = plane[99, 89] = 128  # beyond: such a corner would be moved
    rng, shape = np.random.default_rng(0), (100, 90)
    corners = [crop_corner(shape, EqualTo(plane), (20, 20), rule, rng) for _ in range(3000)]
    shares = [corners.count(pixel) / 3000 for pixel in ((60, 55), (79, 69))]
    assert shares == pytest.approx([0.25, 0.25], abs=0.035)
    rest = [corner for corner in corners if corner not in ((60, 55), (79, 69))]
    assert max(row for row, _ in rest) <= 79 and max(column for _, column in rest) <= 69
    assert np.mean([row for row, _ in rest]) == pytest.approx(39.5, abs=3)


def test_pixels_have_equal_chance_however_many_there_are() -> None:
    """Drawn one by one where they are many, and out of a list where they are few."""
    rng = np.random.default_rng(1)
    many = np.full((40, 40), 128, np.uint8)
    many[:, :20] = 0
    few = np.zeros((400, 400), np.uint8)
    few[3, 3] = few[200, 7] = few[250, 250] = 128
    found = [crop_corner((80, 80), EqualTo(many), (40, 40), "p3m", rng) for _ in range(3000)]
    assert np.mean([column >= 20 for _, column in found]) == pytest.approx(0.75, abs=0.04)
    found = [crop_corner((500, 500), EqualTo(few), (100, 100), "p3m", rng) for _ in range(1200)]
    for pixel in ((3, 3), (200, 7), (250, 250)):
        assert found.count(pixel) / 1200 == pytest.approx(1 / 6, abs=0.05)


def test_an_unknown_pixel_is_in_the_middle() -> None:
    trimap = np.zeros((100, 100), np.uint8)
    trimap[60, 55] = trimap[3, 3] = trimap[99, 50] = 128  # no crop fits around the last two
    rng = np.random.default_rng(0)
    corners = {crop_corner((100, 100), EqualTo(trimap), (20, 20), "centre", rng) for _ in range(50)}
    assert corners == {(50, 45)}


def test_centres_reach_the_border_and_are_not_pressed_to_it() -> None:
    everywhere = EqualTo(np.full((100, 100), 128, np.uint8))
    rng = np.random.default_rng(0)
    rows = [crop_corner((100, 100), everywhere, (51, 51), "centre", rng)[0] for _ in range(4000)]
    assert min(rows) == 0 and max(rows) == 49
    assert rows.count(0) / 4000 == pytest.approx(1 / 50, abs=0.01)
    assert rows.count(49) / 4000 == pytest.approx(1 / 50, abs=0.01)


@pytest.mark.parametrize("rule", CROP_RULES)
def test_without_unknown_pixels_crops_are_taken_anywhere(rule: str) -> None:
    rng = np.random.default_rng(0)
    corners = np.array([crop_corner((60, 50), NOTHING, (20, 20), rule, rng) for _ in range(800)])
    assert corners.max(axis=0) == pytest.approx([40, 30], abs=1)
    assert corners.mean(axis=0) == pytest.approx([20, 15], abs=1.5)

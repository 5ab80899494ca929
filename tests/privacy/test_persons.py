"""Drawn people are met again, and a hidden face leads to its person less often."""

from __future__ import annotations

import numpy as np
import pytest
from test_artefact import benchmark

from p3mbench.benchmark import open_benchmark
from p3mbench.data.portraits import WORLDS, seed_of
from p3mbench.data.sample import Repeatable
from p3mbench.privacy.persons import FACE, HEAD, SIDE, chip_of, trained_network


@pytest.mark.parametrize("world", sorted(WORLDS))
def test_a_person_is_met_again_in_another_scene(world: str) -> None:
    opened = open_benchmark(benchmark(world, 2026, 1), None)
    sample = opened.subsets[0].samples[0]
    assert isinstance(sample, Repeatable)
    first, second = sample.again(0), sample.again(1)
    assert not np.array_equal(first.image, second.image)
    assert np.array_equal(first.image, sample.again(0).image)
    for scene in (first, second):
        assert chip_of(scene, FACE) is not None
        head = chip_of(scene, HEAD)
        assert head is not None and head.shape == (SIDE, SIDE, 3)


@pytest.mark.parametrize("world", sorted(WORLDS))
def test_drawing_somebody_again_leaves_the_scene(world: str) -> None:
    draw, size = WORLDS[world].draw, (96, 72)
    scene, person = seed_of("P", 3, 5), seed_of("P", 4, 5)
    again = WORLDS[world].again(person, scene, size)
    plain = draw(scene, size)
    assert again.scene == plain.scene
    assert not np.array_equal(again.image, plain.image)
    itself = WORLDS[world].again(scene, scene, size)
    assert np.array_equal(itself.image, plain.image)


def test_an_embedding_brings_two_pictures_of_one_person_together() -> None:
    rng = np.random.default_rng(0)
    people = rng.integers(0, 255, (6, 1, 1, 3)).astype(np.uint8).repeat(SIDE, 1).repeat(SIDE, 2)
    network = trained_network([(one, one) for one in people], steps=3)
    assert not network.training
    again = trained_network([(one, one) for one in people], steps=3)
    same = zip(network.parameters(), again.parameters(), strict=True)
    assert all(bool((a == b).all()) for a, b in same)

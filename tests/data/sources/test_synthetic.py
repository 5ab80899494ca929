"""Portraits that are drawn: as samples, in every variant, and by several processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from examples import examples

from p3mbench.benchmark import get, open_benchmark
from p3mbench.data.portraits import with_another_face
from p3mbench.data.portraits.collection import collected
from p3mbench.data.portraits.look import draw_look
from p3mbench.data.portraits.scene import portrait
from p3mbench.data.sample import SCENES, TrimapSource
from p3mbench.data.sources import synthetic


def test_drawings_are_shared_by_the_processes_of_a_run(tmp_path, monkeypatch):
    """A second process reads what the first has drawn; a damaged file is drawn again."""
    sample = open_benchmark(get("mini"), None).subsets[0].samples[0]
    alone = sample.load("B", TrimapSource())
    monkeypatch.setenv(SCENES, str(tmp_path))
    synthetic._kept.cache_clear()
    first = sample.load("B", TrimapSource())
    (path,) = tmp_path.iterdir()
    for content in (path.read_bytes(), b"damaged"):
        path.write_bytes(content)
        synthetic._kept.cache_clear()
        again = sample.load("B", TrimapSource())
        for one in (first, again):
            assert (one.image == alone.image).all() and (one.face == alone.face).all()
    monkeypatch.setattr(synthetic, "WORLDS", {})  # not needed any more
    synthetic._kept.cache_clear()
    assert (sample.load("N", TrimapSource()).alpha == alone.alpha).all()
    synthetic._kept.cache_clear()


@pytest.mark.parametrize("name", ["image", "alpha", "trimap", "face"])
def test_a_drawing_cannot_be_changed_through_an_array(name: str) -> None:
    """What is done to the N image must not reach the B image, which is made of the same drawing."""
    (subset,) = [s for s in open_benchmark(get("mini"), None).subsets if s.name == "P"]
    sample = subset.samples[0]
    before = {variant: sample.load(variant, TrimapSource()) for variant in "NB"}
    touched = getattr(sample.load("N", TrimapSource()), name)
    touched.setflags(write=True)
    touched[:] = 0
    for variant, scene in before.items():
        again = sample.load(variant, TrimapSource())
        for part in ("image", "alpha", "trimap", "face"):
            assert np.array_equal(getattr(scene, part), getattr(again, part))


@pytest.mark.parametrize("world", ["mannequins", "collection"])
def test_another_face_changes_only_faces(world: str) -> None:
    """The alpha stays the same to the byte, and so does every pixel outside the private areas."""
    benchmark = get("mini").with_variants(["N", "swap", "zero"])
    source = synthetic.SyntheticSource(height=128, width=96, world=world, seed=2026)
    subset = source.portraits(benchmark, "P", examples(8))
    for sample in subset.samples_in("swap"):
        normal, other, black = (sample.load(v, TrimapSource()) for v in ("N", "swap", "zero"))
        for part in ("alpha", "trimap", "face"):
            assert np.array_equal(getattr(normal, part), getattr(other, part))
        private = (black.image != normal.image).any(axis=-1)  # black is nowhere by chance the same
        changed = (other.image != normal.image).any(axis=-1)
        assert not (changed & ~private).any()
        assert changed.sum() > 0.3 * private.sum()
        again = sample.load("swap", TrimapSource())
        assert np.array_equal(again.image, other.image)
    assert subset.samples[0].recipe("swap")["obfuscation"] == "swap-v1"


@pytest.mark.parametrize("draw", [portrait, collected])
def test_the_outline_of_a_person_with_another_face_is_the_same(draw: Callable[..., Any]) -> None:
    for seed in range(examples(12)):
        own, other = draw(seed, (96, 72)), draw(seed, (96, 72), with_another_face)
        for part in ("alpha", "face", "others", "patches"):
            assert np.array_equal(getattr(own, part), getattr(other, part)), (seed, part)


def test_a_mannequin_has_no_other_face() -> None:
    rng = np.random.default_rng(0)
    mannequin, person = draw_look(rng, False), draw_look(rng, True)
    assert with_another_face(mannequin) is mannequin
    other = with_another_face(person)
    assert not np.array_equal(other.eyes, person.eyes) and other.smile != person.smile
    assert not np.array_equal(other.skin, person.skin) and other.hair is person.hair

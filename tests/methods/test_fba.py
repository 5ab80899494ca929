"""FBA answers as the published code does: inputs, network, and the procedure around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from p3mbench_methods.fba import distances
from p3mbench_methods.fba.inputs import distance_maps, known_planes
from p3mbench_methods.fba.method import WINDOWS, FBAPredictor, network_sides
from p3mbench_methods.fba.network import (
    FBANet,
    Standardisation,
    StandardisedConv2d,
    fuse,
    standardised,
)
from p3mbench_methods.fba.spec import FBA, STANDARDISATIONS
from p3mbench_methods.windowed import Window, resize
from scipy.ndimage import distance_transform_edt

from p3mbench.errors import MethodError, WeightsError
from p3mbench.method import checked_alpha, with_options
from p3mbench.weights import load_into

TOLERANCE = 2e-4  # under another number of threads the published code itself moves by 1.6e-4


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data(golden: Callable[[str], Any]) -> Any:
    return golden("fba")


@pytest.fixture(scope="module")
def network(data: Any) -> FBANet:
    return data.network(FBANet).eval()


@pytest.fixture(scope="module")
def thin() -> FBANet:
    """A network of the same shape with little to compute, whose alpha is not all 0 or 1."""
    return lively(1)


def lively(seed: int) -> FBANet:
    torch.manual_seed(seed)
    network = FBANet(base=4).eval()
    network.decoder.conv_up4[-1].weight.data[0] *= 3
    network.decoder.conv_up4[-1].bias.data[0] = 0.5
    return network


def scene(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """An image of noise, and a trimap with all three levels where there is room."""
    rng = np.random.default_rng(height * 1000 + width)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    trimap = np.full((height, width), 128, np.uint8)
    trimap[: height // 3] = 0
    trimap[height - height // 3 :, : width // 2] = 255
    return image, trimap


def test_state_dict_is_the_published_one(data: Any) -> None:
    with torch.device("meta"):
        state = FBANet().state_dict()
    shapes = {key: tuple(tensor.shape) for key, tensor in state.items()}
    assert list(shapes.items()) == list(data.shapes.items())
    assert sum(tensor.numel() for tensor in state.values()) == data.facts["params"]


def test_inputs_are_the_published_ones(thin: FBANet, data: Any) -> None:
    inputs = FBAPredictor(thin, "cpu").inputs(data.arrays["image"], data.arrays["trimap"])
    wanted = data.facts["cases"]["A"]["input_stats"]
    for tensor, facts in zip(inputs, wanted, strict=True):
        values = tensor.double().numpy()
        assert list(values.shape) == facts["shape"]
        found = [values.mean(), values.std(), values.min(), values.max(), np.linalg.norm(values)]
        expected = [facts[key] for key in ("mean", "std", "min", "max", "l2")]
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-7)


def test_outputs_are_the_published_ones(network: FBANet, data: Any) -> None:
    raw = FBAPredictor(network, "cpu").raw_outputs(data.arrays["image"], data.arrays["trimap"])
    errors = data.relative_errors(raw)
    assert max(errors.values()) < 5 * TOLERANCE, errors
    assert data.share_beyond(raw, TOLERANCE) < 0.02


@pytest.mark.slow
def test_checkpoint_loads_through_the_method(network: FBANet, data: Any, tmp_path: Path) -> None:
    path = tmp_path / FBA.info.checkpoints[0].file
    torch.save(network.state_dict(), path)
    loaded: Any = FBA().load("cpu", path)
    path.unlink()
    raw = loaded.raw_outputs(data.arrays["image"], data.arrays["trimap"])
    assert max(data.relative_errors(raw).values()) < 5 * TOLERANCE
    convolutions = [c for c in loaded.network.modules() if isinstance(c, StandardisedConv2d)]
    assert len(convolutions) == 53 + 8
    assert all(c.how is None for c in convolutions)


def test_settling_is_done_once_and_changes_no_output() -> None:
    network = lively(2)
    image, trimap = scene(64, 40)
    predictor = FBAPredictor(network, "cpu")
    before = predictor.raw_outputs(image, trimap)
    network.settle()
    weights = {key: value.clone() for key, value in network.state_dict().items()}
    network.train().eval().settle()
    assert all(torch.equal(weights[k], v) for k, v in network.state_dict().items())
    after = predictor.raw_outputs(image, trimap)
    assert all(np.array_equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("how", Standardisation)
def test_standardised_filters(how: Standardisation) -> None:
    weight = torch.randn(5, 3, 2, 2, dtype=torch.float64) * 0.02 + 1
    out = standardised(weight, how)
    centred = weight - weight.mean((1, 2, 3), keepdim=True)
    biased = how is Standardisation.HEAD
    spread = weight.flatten(1).std(dim=1, correction=0 if biased else 1)
    divisor = (spread**2 + 1e-5).sqrt() if biased else spread + 1e-5
    torch.testing.assert_close(out, centred / divisor.view(-1, 1, 1, 1))


def test_the_code_of_2020_gives_another_matte(thin: FBANet, tmp_path: Path) -> None:
    image, trimap = scene(64, 64)
    torch.save(thin.state_dict(), tmp_path / "w.pth")
    mattes = []
    for how in STANDARDISATIONS:
        network = FBANet(4, Standardisation(how))
        load_into(network, tmp_path / "w.pth")
        mattes.append(FBAPredictor(network, "cpu").predict(image, trimap))
    assert 0 < np.abs(mattes[0] - mattes[1]).mean() < 0.05
    assert len(np.unique(mattes[0])) > 100
    assert set(STANDARDISATIONS) == set(Standardisation)


def test_fusion_leaves_alone_what_agrees() -> None:
    """Where alpha composes the image from fg and bg exactly, nothing moves."""
    torch.manual_seed(3)
    alpha, fg, bg = torch.rand(1, 1, 8, 8), torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 8)
    out = fuse(alpha, fg, bg, alpha * fg + (1 - alpha) * bg)
    for found, wanted in zip(out, (alpha, fg, bg), strict=True):
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0)


def test_distance_maps_are_gaussians_of_the_distance() -> None:
    _, trimap = scene(60, 90)
    maps = distance_maps(known_planes(trimap))
    assert maps.shape == (60, 90, 6)
    assert maps.dtype == np.float32
    for k, level in enumerate((0, 255)):
        distance = distance_transform_edt(trimap != level)
        for j, spread in enumerate((6.4, 25.6, 51.2)):
            wanted = np.exp(-(distance**2) / (2 * spread**2))
            np.testing.assert_allclose(maps[..., 3 * k + j], wanted, atol=1e-6)


def test_distance_maps_of_an_absent_class_are_zero() -> None:
    maps = distance_maps(known_planes(np.full((16, 24), 255, np.uint8)))
    assert (maps[..., :3] == 0).all()
    assert (maps[..., 3:] == 1).all()


@pytest.mark.parametrize("size", [(60, 90), (1, 7), (33, 2)])
def test_the_maps_of_a_batch_are_those_of_each_trimap(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Training makes them where the batch is; also if memory is for a few rows at a time."""
    rng = np.random.default_rng(5)
    levels = rng.choice([0, 128, 255], p=[0.02, 0.95, 0.03], size=(3, *size)).astype(np.uint8)
    levels[2] = 128  # neither class
    wanted = np.stack([distance_maps(known_planes(level)) for level in levels])
    planes = torch.from_numpy(np.stack([known_planes(level) for level in levels])).float()
    for most in (distances.MOST, 3 * size[1] ** 2):
        monkeypatch.setattr(distances, "MOST", most)
        found = distances.distance_maps(planes.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-6, atol=1e-30)


def test_overshoot_wraps_as_in_the_published_code() -> None:
    """255 (1 - 1.05) is -12.75: cut to -12, wrapped to 244, so the pixel counts as missing."""
    plane = np.array([[1.05, 1.003, 0.997, 0.9]])
    maps = distance_maps(np.stack([plane, plane], axis=2))
    assert (maps[0, :, 0] == 1).tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("window", "how"), [("lanczos", cv2.INTER_LANCZOS4), ("linear", cv2.INTER_LINEAR)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ((37, 50), (40, 56)),
        ((40, 56), (37, 50)),
        ((1, 3), (8, 8)),
        ((8, 8), (1, 3)),
        ((9, 8), (16, 8)),
    ],
)
def test_resizing_is_that_of_opencv(
    dtype: type, old: tuple[int, int], new: tuple[int, int], window: Window, how: int
) -> None:
    image = np.random.default_rng(0).random((*old, 3)).astype(dtype)
    wanted = cv2.resize(image, new[::-1], interpolation=how)
    found = resize(image, new, window)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    np.testing.assert_array_equal(resize(image[..., 0], new, window), found[..., 0])


def test_lanczos_of_the_same_size_is_a_copy() -> None:
    image = np.random.default_rng(0).random((5, 7))
    same = resize(image, (5, 7))
    assert np.array_equal(same, image)
    assert not np.shares_memory(same, image)


@pytest.mark.parametrize(
    ("image", "size"),
    [
        (np.zeros((4, 4), np.uint8), (8, 8)),
        (np.zeros((0, 4)), (8, 8)),
        (np.zeros(4), (8, 8)),
        (np.zeros((4, 4)), (0, 8)),
    ],
)
def test_lanczos_refuses(image: np.ndarray, size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="image|size"):
        resize(image, size)


@pytest.mark.parametrize(
    ("shape", "sides"), [((1080, 1620), (1080, 1624)), ((1, 9), (8, 16)), ((64, 8), (64, 8))]
)
def test_network_sides(shape: tuple[int, int], sides: tuple[int, int]) -> None:
    assert network_sides(shape) == sides


@pytest.mark.parametrize("shape", [(1, 1), (5, 40), (31, 64), (101, 77), (128, 96)])
def test_any_size_gives_a_matte(thin: FBANet, shape: tuple[int, int]) -> None:
    image, trimap = scene(*shape)
    image.setflags(write=False)
    trimap.setflags(write=False)
    predictor = FBAPredictor(thin, "cpu")
    alpha = predictor.predict(image, trimap)
    assert alpha.dtype == np.float32
    assert np.array_equal(checked_alpha(alpha, shape), alpha)
    assert (alpha[trimap == 255] == 1).all()
    assert (alpha[trimap == 0] == 0).all()
    assert all(np.array_equal(predictor.predict(image, trimap), alpha) for _ in range(3))


@pytest.mark.parametrize("level", [0, 128, 255])
def test_trimap_of_one_level(thin: FBANet, level: int) -> None:
    image, _ = scene(20, 30)
    alpha = FBAPredictor(thin, "cpu").predict(image, np.full((20, 30), level, np.uint8))
    assert np.isfinite(alpha).all()


def test_memory_order_does_not_matter(thin: FBANet) -> None:
    image, trimap = scene(50, 66)
    predictor = FBAPredictor(thin, "cpu")
    wanted = predictor.predict(image, trimap)
    found = predictor.predict(np.asfortranarray(image), np.asfortranarray(trimap))
    assert np.array_equal(found, wanted)


def test_at_a_multiple_of_8_nothing_is_resized(thin: FBANet) -> None:
    image, trimap = scene(48, 64)
    predictor = FBAPredictor(thin, "cpu")
    alpha = predictor.predict(image, trimap)
    raw = predictor.raw_outputs(image, trimap)["alpha"][0, 0]
    unknown = trimap == 128
    assert np.array_equal(alpha[unknown], raw[unknown])


@pytest.mark.parametrize(
    ("strategy", "how"), [("native", cv2.INTER_LINEAR), ("native-lanczos", cv2.INTER_LANCZOS4)]
)
def test_odd_sizes_follow_the_published_steps(thin: FBANet, strategy: str, how: int) -> None:
    """The same steps with OpenCV's resizing and NumPy's cast, spelled out."""
    image, trimap = scene(45, 67)
    wide = [
        cv2.resize(a, (72, 48), interpolation=how) for a in (image / 255.0, known_planes(trimap))
    ]
    predictor = FBAPredictor(thin, "cpu", WINDOWS[strategy])
    with torch.inference_mode():
        matte = thin(*predictor._inputs(*wide)).alpha[0, 0].numpy()
    wanted = cv2.resize(matte, (67, 45), interpolation=how).clip(0, 1)
    wanted[trimap == 0], wanted[trimap == 255] = 0, 1
    np.testing.assert_allclose(predictor.predict(image, trimap), wanted, atol=1e-4)


def test_gradients_reach_every_weight() -> None:
    torch.manual_seed(4)
    network = FBANet(base=8).train()
    image, trimap = scene(64, 64)
    inputs = FBAPredictor(network, "cpu").inputs(image, trimap)
    out = network.train()(*inputs)
    sum(F.l1_loss(values, torch.full_like(values, 0.3)) for values in out).backward()
    assert [k for k, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []


@pytest.mark.parametrize("base", [0, 3, 6, -4])
def test_base_must_be_a_multiple_of_four(base: int) -> None:
    with pytest.raises(ValueError, match="base"):
        FBANet(base=base)


def test_trimap_is_needed(thin: FBANet) -> None:
    image, trimap = scene(16, 16)
    predictor = FBAPredictor(thin, "cpu")
    with pytest.raises(ValueError, match="trimap is missing"):
        predictor.predict(image)
    with pytest.raises(ValueError, match="trimap is \\(8, 16\\)"):
        predictor.raw_outputs(image, trimap[:8])


def test_raw_outputs_names_the_multiple(thin: FBANet) -> None:
    with pytest.raises(ValueError, match="multiples of 8"):
        FBAPredictor(thin, "cpu").raw_outputs(*scene(20, 16))


def test_missing_weights_name_file_and_command() -> None:
    with pytest.raises(WeightsError, match="FBA.pth.*--weights fba=FILE"):
        FBA().load("cpu", None)


def test_weights_of_another_network_are_refused(thin: FBANet, tmp_path: Path) -> None:
    torch.save(thin.state_dict(), tmp_path / "thin.pth")
    with pytest.raises(WeightsError, match="FBANet"):
        FBA().load("cpu", tmp_path / "thin.pth")


def test_options_are_checked() -> None:
    assert with_options(FBA(), {"standardisation": "2020"}) == FBA(standardisation="2020")
    with pytest.raises(MethodError, match="head, 2020"):
        FBA(standardisation="2021")
    with pytest.raises(MethodError, match="native"):
        FBA(strategy="crop")

"""MODNet answers as the published code does: the network, and the procedure around it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from p3mbench_methods.modnet.method import MODNetPredictor, network_sides
from p3mbench_methods.modnet.network import HalfInstanceNorm, MODNet
from p3mbench_methods.modnet.spec import MODNetPhotographic

from p3mbench.errors import MethodError, WeightsError
from p3mbench.method import checked_alpha
from p3mbench.weights import load_into

BOUND = 1e-4  # instance norm makes the published code itself vary by 3e-5
cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


@pytest.fixture(scope="module")
def data(golden: Callable[[str], Any]) -> Any:
    return golden("modnet")


@pytest.fixture(scope="module")
def network(data: Any) -> MODNet:
    return data.network(MODNet)


@pytest.fixture(scope="module")
def thin() -> MODNet:
    torch.manual_seed(1)
    return MODNet(width=0.1).eval()


def noise(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(height * 1000 + width)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def area_averages(length: int, wanted: int) -> np.ndarray:
    """The (wanted, length) matrix that averages all old pixels that a new one touches."""
    matrix = np.zeros((wanted, length))
    for k in range(wanted):
        start, stop = k * length // wanted, -(-(k + 1) * length // wanted)
        matrix[k, start:stop] = 1 / (stop - start)
    return matrix


def test_state_dict_is_the_published_one(data: Any, network: MODNet) -> None:
    state = network.state_dict()
    shapes = {key: tuple(tensor.shape) for key, tensor in state.items()}
    assert list(shapes.items()) == list(data.shapes.items())
    assert len(data.aliases) == 312
    for key, first in data.aliases.items():
        assert state[key].data_ptr() == state[first].data_ptr(), key
    assert sum(p.numel() for p in network.parameters()) == data.facts["params"]


def test_outputs_are_the_published_ones(network: MODNet, data: Any) -> None:
    errors = data.relative_errors(MODNetPredictor(network, "cpu").raw_outputs(data.arrays["image"]))
    assert max(errors.values()) < BOUND, errors


def test_input_is_the_published_one(thin: MODNet, data: Any) -> None:
    batch = MODNetPredictor(thin, "cpu")._input(data.arrays["image"]).double()
    (stats,) = data.facts["cases"]["A"]["input_stats"]
    assert list(batch.shape) == stats["shape"]
    ours = (batch.mean(), batch.std(correction=0), batch.min(), batch.max(), batch.norm())
    for value, name in zip(ours, ("mean", "std", "min", "max", "l2"), strict=True):
        assert float(value) == pytest.approx(stats[name], rel=1e-5)


@pytest.mark.parametrize(
    ("shape", "sides"),
    [
        ((1080, 1620), (512, 768)),
        ((1620, 1080), (768, 512)),
        ((1000, 777), (640, 512)),  # 658 lowered
        ((513, 513), (512, 512)),
        ((511, 300), (864, 512)),  # smaller than 512 in both directions: enlarged
        ((300, 700), (288, 672)),  # 512 lies between: only lowered
        ((512, 512), (512, 512)),
        ((20, 600), (32, 576)),
        ((1, 1), (512, 512)),
    ],
)
def test_network_sides(shape: tuple[int, int], sides: tuple[int, int]) -> None:
    assert network_sides(shape) == sides


def test_procedure_averages_areas_both_ways(thin: MODNet) -> None:
    image = noise(300, 612)
    planes = np.moveaxis(image / 127.5 - 1, 2, 0)
    small = area_averages(300, 288) @ planes @ area_averages(612, 608).T
    with torch.inference_mode():
        matte = thin(torch.from_numpy(small[None].astype(np.float32))).matte[0, 0].numpy()
    wanted = area_averages(288, 300) @ matte @ area_averages(608, 612).T
    alpha = MODNetPredictor(thin, "cpu").predict(image)
    np.testing.assert_allclose(alpha, wanted, rtol=0, atol=1e-5)


@cuda
def test_cuda_agrees_and_repeats_itself(network: MODNet, data: Any) -> None:
    predictor = MODNetPredictor(network, "cuda")
    try:
        first, second = (predictor.raw_outputs(data.arrays["image"]) for _ in range(2))
    finally:
        network.cpu()
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name])
    assert max(data.relative_errors(first).values()) < 1e-3


def test_matte_alone_is_part_of_the_whole(thin: MODNet) -> None:
    batch = torch.rand(1, 3, 64, 96) * 2 - 1
    with torch.inference_mode():
        assert torch.equal(thin.matte(batch), thin(batch).matte)


def test_half_instance_norm_halves() -> None:
    norm, batch = HalfInstanceNorm(6).eval(), torch.rand(2, 6, 8, 8) * 3 + 1
    out = norm(batch)
    torch.testing.assert_close(out[:, :3], batch[:, :3] / (1 + 1e-5) ** 0.5)
    torch.testing.assert_close(out[:, 3:].mean(dim=(2, 3)), torch.zeros(2, 3), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        out[:, 3:].var(dim=(2, 3), correction=0), torch.ones(2, 3), atol=1e-4, rtol=0
    )


def test_gradients_reach_every_parameter() -> None:
    network = MODNet(width=0.1).train()
    outputs = network(torch.rand(2, 3, 64, 64) * 2 - 1)
    sum(value.mean() for value in outputs.named().values()).backward()
    assert [name for name, part in network.named_parameters() if part.grad is None] == []


@pytest.mark.slow
def test_learns_two_images() -> None:
    torch.manual_seed(0)
    network = MODNet(width=0.25).train()
    alpha = torch.zeros(2, 1, 64, 64)
    alpha[..., 16:48, 16:48] = 1
    image = torch.rand(2, 3, 64, 64) * 0.2 + alpha - 0.6
    wanted = {"semantic": F.avg_pool2d(alpha, 16), "detail": alpha, "matte": alpha}
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    sums = []
    for _ in range(30):
        outputs = network(image).named()
        losses = {name: F.binary_cross_entropy(outputs[name], wanted[name]) for name in wanted}
        optimiser.zero_grad()
        sum(losses.values()).backward()
        optimiser.step()
        sums.append({name: loss.item() for name, loss in losses.items()})
    assert sum(sums[-1].values()) < 0.35 * sum(sums[0].values()), sums
    assert all(sums[-1][name] < 0.8 * sums[0][name] for name in wanted), sums


@pytest.mark.parametrize("shape", [(1, 1), (5, 40), (101, 77), (33, 600), (530, 541)])
def test_any_size_gives_a_matte(thin: MODNet, shape: tuple[int, int]) -> None:
    alpha = MODNetPredictor(thin, "cpu").predict(noise(*shape))
    assert alpha.dtype == np.float32
    assert np.array_equal(checked_alpha(alpha, shape), alpha)


def test_nothing_is_kept_or_changed(thin: MODNet) -> None:
    predictor, image = MODNetPredictor(thin, "cpu"), noise(200, 300)
    image.setflags(write=False)
    first = predictor.predict(image)
    predictor.predict(noise(70, 50))
    assert np.array_equal(predictor.predict(image), first)
    assert np.array_equal(predictor.predict(np.asfortranarray(image)), first)
    mirrored_twice = image[::-1, :, ::-1].copy()[::-1, :, ::-1]
    assert np.array_equal(predictor.predict(mirrored_twice), first)
    assert len(np.unique(first)) > 10


@pytest.mark.parametrize("shape", [(96, 100), (33, 64)])
def test_raw_outputs_names_the_multiple(thin: MODNet, shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="multiples of 32"):
        MODNetPredictor(thin, "cpu").raw_outputs(noise(*shape))


@pytest.mark.parametrize("width", [0, -1.0])
def test_width_must_be_positive(width: float) -> None:
    with pytest.raises(ValueError, match="width"):
        MODNet(width=width)


def test_published_wrapping_loads_through_the_method(
    network: MODNet, data: Any, tmp_path: Path
) -> None:
    path = tmp_path / MODNetPhotographic.info.checkpoints[0].file
    torch.save({f"module.{key}": value for key, value in network.state_dict().items()}, path)
    loaded: Any = MODNetPhotographic().load("cpu", path)
    path.unlink()
    errors = data.relative_errors(loaded.raw_outputs(data.arrays["image"]))
    assert max(errors.values()) < BOUND


def test_another_network_is_refused(tmp_path: Path, thin: MODNet) -> None:
    torch.save(thin.state_dict(), tmp_path / "w.ckpt")
    with pytest.raises(WeightsError, match="does not fit MODNet"):
        load_into(MODNet(), tmp_path / "w.ckpt")


def test_missing_weights_name_file_and_command() -> None:
    with pytest.raises(WeightsError) as caught:
        MODNetPhotographic().load("cpu", None)
    text = str(caught.value)
    assert "modnet_photographic_portrait_matting.ckpt" in text
    assert "--weights modnet=FILE" in text
    assert "\n" not in text


def test_unknown_strategy_is_refused() -> None:
    with pytest.raises(MethodError, match="resize"):
        MODNetPhotographic(strategy="hybrid")

"""RVM answers as the published code does: both encoders, with states, and below full size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from p3mbench_methods.rvm.encoders import divisible
from p3mbench_methods.rvm.method import RVMPredictor, automatic_ratio
from p3mbench_methods.rvm.network import RVM, reduced
from p3mbench_methods.rvm.refiners import DeepGuidedFilter, fast_guided
from p3mbench_methods.rvm.spec import RVMMobileNetV3, RVMResNet50

from p3mbench.errors import MethodError, WeightsError
from p3mbench.method import checked_alpha

METHODS = {"mobilenetv3": RVMMobileNetV3, "resnet50": RVMResNet50}
encoders = pytest.mark.parametrize(
    "encoder", ["mobilenetv3", pytest.param("resnet50", marks=pytest.mark.slow)]
)


@pytest.fixture(scope="module")
def networks(golden: Callable[[str], Any]) -> Callable[[str], tuple[Any, RVM]]:
    """A function from an encoder to its golden data and the filled network."""
    made: dict[str, tuple[Any, RVM]] = {}

    def of(encoder: str) -> tuple[Any, RVM]:
        if encoder not in made:
            data = golden(f"rvm_{encoder}")
            made[encoder] = data, data.network(lambda: RVM(encoder)).eval()
        return made[encoder]

    return of


@pytest.fixture(scope="module", params=list(METHODS))
def thin(request: pytest.FixtureRequest) -> RVM:
    torch.manual_seed(1)
    return RVM(request.param, width=1 / 8).eval()


def noise(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(height * 1000 + width)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


@encoders
def test_state_dict_is_the_published_one(encoder: str, golden: Callable[[str], Any]) -> None:
    data = golden(f"rvm_{encoder}")
    with torch.device("meta"):
        network = RVM(encoder)
    shapes = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    assert list(shapes.items()) == list(data.shapes.items())
    parameters = sum(p.numel() for p in network.parameters())
    assert parameters == data.facts["params"] == METHODS[encoder].info.parameters


@encoders
def test_outputs_are_the_published_ones(encoder: str, networks: Any) -> None:
    """One frame, a second one with the states of the first, and one at half size."""
    data, network = networks(encoder)
    batch = torch.from_numpy(data.arrays["image"].transpose(2, 0, 1)[None] / np.float32(255))
    with torch.inference_mode():
        first = network(batch)
        second = network(torch.roll(batch, (3, 5), (2, 3)), first.states)
        half = network(batch, ratio=0.5)
    errors = data.relative_errors(
        {
            "fgr": first.fgr.numpy(),
            "pha": first.pha.numpy(),
            "pha_frame2": second.pha.numpy(),
            "fgr_dr05": half.fgr.numpy(),
            "pha_dr05": half.pha.numpy(),
            "r4": first.states[3].numpy(),
        }
    )
    assert max(errors.values()) < 1e-4, errors


@encoders
def test_a_bare_state_dict_loads_through_the_method(
    encoder: str, networks: Any, tmp_path: Path
) -> None:
    data, network = networks(encoder)
    path = tmp_path / METHODS[encoder].info.checkpoints[0].file
    torch.save(network.state_dict(), path)
    loaded: Any = METHODS[encoder](strategy="native").load("cpu", path)
    raw = loaded.raw_outputs(data.arrays["image"])
    for name in ("fgr", "pha"):
        np.testing.assert_allclose(raw[name], data.arrays[f"out_{name}"], atol=1e-4)


@pytest.mark.parametrize(
    ("size", "ratio"),
    [((1080, 1920), 512 / 1920), ((512, 300), 1.0), ((100, 80), 1.0), ((2048, 10), 0.25)],
)
def test_the_ratio_is_the_published_rule(size: tuple[int, int], ratio: float) -> None:
    assert automatic_ratio(*size) == pytest.approx(ratio)


def test_reducing_keeps_at_least_a_row() -> None:
    image = torch.rand(1, 3, 1, 2000)
    assert reduced(image, automatic_ratio(1, 2000)).shape == (1, 3, 1, 512)
    assert reduced(image, 1.0) is image


@pytest.mark.parametrize(
    ("size", "strategy"),
    [((1, 1), "auto"), ((33, 47), "auto"), ((530, 70), "auto"), ((2, 700), "auto"),
     ((90, 61), "native")],
)  # fmt: skip
def test_any_size_gives_the_same_matte_twice(
    thin: RVM, size: tuple[int, int], strategy: str
) -> None:
    predictor, image = RVMPredictor(thin, "cpu", strategy == "auto"), noise(*size)
    image.setflags(write=False)
    alpha = predictor.predict(image)
    assert np.array_equal(checked_alpha(alpha, size), alpha)
    assert np.array_equal(predictor.predict(np.asfortranarray(image)), alpha)


def test_strategies_and_refiners_differ_only_above_512(thin: RVM) -> None:
    def mattes(image: np.ndarray) -> list[np.ndarray]:
        ways = [(True, True), (True, False), (False, True)]
        return [RVMPredictor(thin, "cpu", *way).raw_outputs(image)["fgr"] for way in ways]

    deep, fast, native = mattes(noise(40, 56))
    assert np.array_equal(deep, fast) and np.array_equal(deep, native)
    deep, fast, native = mattes(noise(40, 560))
    assert not np.array_equal(deep, fast) and not np.array_equal(deep, native)


def test_the_fast_filter_is_he_and_suns() -> None:
    """Written out for one inner pixel's window, at equal sizes."""
    rng = np.random.default_rng(0)
    small, target = rng.random((5, 6, 3)), rng.random((5, 6, 4))
    found = fast_guided(*(batch_of(x) for x in (small, small, target)))
    guide = np.concatenate([small, small.mean(axis=2, keepdims=True)], axis=2)
    window = np.s_[1:4, 2:5]
    x, y = guide[window].reshape(9, 4), target[window].reshape(9, 4)
    slope = ((x * y).mean(0) - x.mean(0) * y.mean(0)) / (x.var(0) + 1e-5)
    wanted = slope * guide[2, 3] + y.mean(0) - slope * x.mean(0)
    np.testing.assert_allclose(found[0, :, 2, 3].numpy(), wanted, atol=1e-4)


def batch_of(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image.transpose(2, 0, 1)[None].astype(np.float32))


def test_a_deep_filter_without_slope_enlarges_the_mean() -> None:
    deep = DeepGuidedFilter(8).eval()
    torch.nn.init.zeros_(deep.conv[-1].weight)
    torch.nn.init.zeros_(deep.conv[-1].bias)
    small, target = torch.rand(1, 3, 6, 6), torch.rand(1, 4, 6, 6)
    with torch.inference_mode():
        found = deep(torch.rand(1, 3, 12, 12), small, target, torch.rand(1, 8, 6, 6))
    mean = F.avg_pool2d(target, 3, 1, 1)
    wanted = F.interpolate(mean, (12, 12), mode="bilinear", align_corners=False)
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize(("channels", "wanted"), [(18, 24), (30, 32), (120, 120), (60, 64), (1, 8)])
def test_channels_of_squeeze_and_excitation(channels: int, wanted: int) -> None:
    assert divisible(channels) == wanted


def test_gradients_reach_every_parameter_of_the_matte(thin: RVM) -> None:
    encoder = "mobilenetv3" if hasattr(thin.backbone, "features") else "resnet50"
    network = RVM(encoder, width=1 / 8).train()
    states = network(torch.rand(2, 3, 64, 64), ratio=0.5).states
    found = network(torch.rand(2, 3, 64, 64), states, ratio=0.5)
    (found.fgr.mean() + found.pha.mean()).backward()
    lacking = [name for name, part in network.named_parameters() if part.grad is None]
    assert lacking == ["project_seg.conv.weight", "project_seg.conv.bias"]


def test_another_network_and_none_are_refused(tmp_path: Path, thin: RVM) -> None:
    torch.save({"weight": torch.zeros(3)}, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match="does not fit RVM"):
        RVMMobileNetV3().load("cpu", tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=r"rvm_resnet50\.pth.*--weights rvm-resnet50=FILE"):
        RVMResNet50().load("cpu", None)


def test_unknown_options_are_refused() -> None:
    with pytest.raises(MethodError, match="auto"):
        RVMMobileNetV3(strategy="resize")
    with pytest.raises(MethodError, match="deep, fast"):
        RVMResNet50(refiner="none")

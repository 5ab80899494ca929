"""P3M-Net answers as the published code does: the network, and the procedure around it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from p3mbench_methods.p3mnet.method import STRATEGIES, P3MNetPredictor
from p3mbench_methods.p3mnet.network import P3MNet
from p3mbench_methods.p3mnet.spec import P3MNetR34
from PIL import Image

from p3mbench.errors import MethodError, WeightsError
from p3mbench.method import checked_alpha
from p3mbench.weights import load_into

ENVIRONMENTS = {
    "resize": "modern_RESIZE",
    "hybrid": "modern_HYBRID",
    "resize-2021": "official2021_RESIZE",
    "hybrid-2021": "official2021_HYBRID",
}
cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


@pytest.fixture(scope="module")
def data(golden: Callable[[str], Any]) -> Any:
    return golden("p3mnet_r34")


@pytest.fixture(scope="module")
def network(data: Any) -> P3MNet:
    return data.network(P3MNet)


@pytest.fixture(scope="module")
def thin() -> P3MNet:
    """A network of the same shape with little to compute; its classes are mixed."""
    torch.manual_seed(1)
    thin = P3MNet(base=2)
    thin.decoder0_g[-1].weight.data.mul_(30)
    return thin


def noise(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(height * 1000 + width)
    coarse = rng.integers(0, 256, (height // 16 + 1, width // 16 + 1, 3), dtype=np.uint8)
    blocks = coarse.repeat(16, axis=0).repeat(16, axis=1)[:height, :width]
    return np.clip(blocks + rng.normal(0, 5, blocks.shape), 0, 255).astype(np.uint8)


def assert_agrees(alpha: np.ndarray, wanted: dict[str, np.ndarray], key: str, step: int) -> None:
    """Equal to a golden matte but for isolated pixels.

    Where two values in a pooling window are all but equal, the last bit decides which position is
    remembered; another CPU may decide otherwise and move a pixel visibly.
    """
    pairs = {
        "": alpha[::step, ::step],
        "_top": alpha[0],
        "_bottom": alpha[-1],
        "_left": alpha[:, 0],
        "_right": alpha[:, -1],
    }
    for part, values in pairs.items():
        error = np.abs(values - wanted[key + part])
        assert np.quantile(error, 0.99) < 5e-5, (key, part, error.max())
        assert (error > 1e-4).mean() < 2e-3, (key, part, error.max())


def test_state_dict_is_the_published_one(data: Any) -> None:
    with torch.device("meta"):
        state = P3MNet().state_dict()
    shapes = {key: tuple(tensor.shape) for key, tensor in state.items()}
    assert list(shapes.items()) == list(data.shapes.items())
    assert len(data.aliases) == 216


def test_aliases_are_one_tensor(network: P3MNet, data: Any) -> None:
    state = network.state_dict()
    for key, first in data.aliases.items():
        assert state[key].data_ptr() == state[first].data_ptr(), key


def test_outputs_are_the_published_ones(network: P3MNet, data: Any) -> None:
    predictor = P3MNetPredictor(network, "cpu", STRATEGIES["resize"])
    errors = data.relative_errors(predictor.raw_outputs(data.arrays["image"]))
    assert max(errors.values()) < 1e-5, errors


@pytest.mark.parametrize("strategy", ENVIRONMENTS)
@pytest.mark.slow
def test_mattes_are_the_published_ones(network: P3MNet, data: Any, strategy: str) -> None:
    wanted = data.read("pipeline_syn.golden")
    alpha = P3MNetPredictor(network, "cpu", STRATEGIES[strategy]).predict(wanted["image"])
    assert_agrees(alpha, wanted, ENVIRONMENTS[strategy], step=3)


@pytest.mark.slow(8)
@pytest.mark.parametrize("strategy", ENVIRONMENTS)
def test_matte_of_a_photograph(network: P3MNet, shared: Path, strategy: str) -> None:
    (photograph,) = (shared / "data" / "p3m-demo").rglob("original_image/p_819ea202.jpg")
    with np.load(shared / "golden/networks/p3mnet_r34.pipeline.golden.npz") as file:
        wanted = dict(file)
    image = np.asarray(Image.open(photograph).convert("RGB"))
    alpha = P3MNetPredictor(network, "cpu", STRATEGIES[strategy]).predict(image)
    assert_agrees(alpha, wanted, ENVIRONMENTS[strategy], step=8)


@cuda
def test_cuda_agrees_and_repeats_itself(network: P3MNet, data: Any) -> None:
    predictor = P3MNetPredictor(network, "cuda", STRATEGIES["resize"])
    try:
        first, second = (predictor.raw_outputs(data.arrays["image"]) for _ in range(2))
    finally:
        network.cpu()
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name])
    assert max(data.relative_errors(first).values()) < 1e-3


def test_partial_passes_are_parts_of_the_whole(thin: P3MNet) -> None:
    batch = torch.rand(1, 3, 64, 96)
    thin.eval()
    with torch.inference_mode():
        whole = thin(batch).named()
        assert torch.equal(thin.classes(batch), whole["global"])
        assert torch.equal(thin.opacity(batch), whole["local"])
        assert torch.equal(thin.matte(batch), whole["fusion"])


def test_fusion_takes_local_where_unknown_only(thin: P3MNet) -> None:
    with torch.inference_mode():
        out = thin.eval()(torch.rand(1, 3, 64, 96))
    label = out.global_.argmax(dim=1, keepdim=True)
    assert len(label.unique()) == 3
    assert torch.equal(out.fusion[label == 1], out.local[label == 1])
    assert (out.fusion[label == 2] == 1).all()
    assert (out.fusion[label == 0] == 0).all()


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("shape", [(1, 1), (5, 40), (31, 64), (101, 77), (128, 96)])
def test_any_size_gives_a_matte(thin: P3MNet, strategy: str, shape: tuple[int, int]) -> None:
    alpha = P3MNetPredictor(thin, "cpu", STRATEGIES[strategy]).predict(noise(*shape))
    assert alpha.dtype == np.float32
    assert np.array_equal(checked_alpha(alpha, shape), alpha)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_nothing_is_kept_or_changed(thin: P3MNet, strategy: str) -> None:
    predictor = P3MNetPredictor(thin, "cpu", STRATEGIES[strategy])
    image = noise(96, 128)
    image.setflags(write=False)
    first = predictor.predict(image)
    predictor.predict(noise(70, 50))
    assert np.array_equal(predictor.predict(image), first)
    assert len(np.unique(first)) > 10


def test_memory_order_does_not_matter(thin: P3MNet) -> None:
    image = noise(96, 128)
    strided = np.repeat(np.repeat(image, 2, axis=0), 3, axis=1)[::2, ::3]
    reversed_twice = image[::-1, :, ::-1].copy()[::-1, :, ::-1]
    for strategy in STRATEGIES.values():
        predictor = P3MNetPredictor(thin, "cpu", strategy)
        wanted = predictor.predict(image)
        assert np.array_equal(predictor.predict(strided), wanted)
        assert np.array_equal(predictor.predict(reversed_twice), wanted)
        assert np.array_equal(predictor.predict(np.asfortranarray(image)), wanted)
    raw, wanted_raw = predictor.raw_outputs(reversed_twice), predictor.raw_outputs(image)
    assert all(np.array_equal(raw[name], wanted_raw[name]) for name in wanted_raw)


@pytest.mark.parametrize("shape", [(96, 100), (33, 64)])
def test_raw_outputs_names_the_multiple(thin: P3MNet, shape: tuple[int, int]) -> None:
    predictor = P3MNetPredictor(thin, "cpu", STRATEGIES["resize"])
    with pytest.raises(ValueError, match="multiples of 32"):
        predictor.raw_outputs(noise(*shape))


@pytest.mark.parametrize("base", [0, 3, -2])
def test_base_must_be_even(base: int) -> None:
    with pytest.raises(ValueError, match="base"):
        P3MNet(base=base)


@pytest.mark.slow
def test_published_wrapping_loads_through_the_method(
    network: P3MNet, data: Any, tmp_path: Path
) -> None:
    path = tmp_path / P3MNetR34.info.checkpoints[0].file
    torch.save({"state_dict": network.state_dict(), "epoch": 150}, path)
    loaded = P3MNetR34("hybrid").load("cpu", path)
    path.unlink()
    errors = data.relative_errors(loaded.raw_outputs(data.arrays["image"]))  # type: ignore[attr-defined]
    assert max(errors.values()) < 1e-5
    assert loaded.strategy == STRATEGIES["hybrid"]  # type: ignore[attr-defined]


def test_of_two_differing_copies_the_encoder_wins(thin: P3MNet, tmp_path: Path) -> None:
    state = {key: value.clone() for key, value in thin.state_dict().items()}
    state["resnet.conv1.weight"].fill_(1.0)
    state["encoder0.0.weight"].fill_(2.0)
    torch.save(state, tmp_path / "w.pth")
    other = P3MNet(base=2)
    load_into(other, tmp_path / "w.pth")
    assert (other.resnet.conv1.weight == 2).all()


def test_missing_weights_name_file_and_command() -> None:
    with pytest.raises(WeightsError) as caught:
        P3MNetR34().load("cpu", None)
    text = str(caught.value)
    assert "p3mnet_pretrained_on_p3m10k.pth" in text
    assert "--weights p3mnet-r34=FILE" in text
    assert "github.com/JizhiziLi/P3M" in text
    assert "\n" not in text


def test_unknown_strategy_is_refused() -> None:
    with pytest.raises(MethodError, match="resize-2021"):
        P3MNetR34(strategy="crop")
    assert set(P3MNetR34.info.strategies) == set(STRATEGIES)

"""The engine: cost of a call, and precision with its effect."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from p3mbench.harness.engine import Engine, network_of, shift_of

IMAGE = np.random.default_rng(0).integers(0, 256, (32, 48, 3), dtype=np.uint8)


class Net(nn.Module):
    """A convolution whose cost is known: 3 x 3 x 3 multiply-adds per pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 3, padding=1)
        self.calls = 0

    def matte(self, x: Tensor) -> Tensor:
        self.calls += 1
        return torch.sigmoid(self.conv(x))


class Predictor:
    def __init__(self) -> None:
        torch.manual_seed(0)
        self.network = Net().eval()

    def predict(self, image: np.ndarray, trimap: np.ndarray | None = None) -> np.ndarray:
        with torch.inference_mode():
            batch = torch.from_numpy(image.transpose(2, 0, 1)[None] / np.float32(255))
            return self.network.matte(batch)[0, 0].float().numpy()


class Plain:
    def predict(self, image: np.ndarray, trimap: np.ndarray | None = None) -> np.ndarray:
        return np.zeros(image.shape[:2], np.float32)


def test_cost_of_a_network() -> None:
    engine = Engine(Predictor(), "cpu")
    assert engine.parameters == 28
    assert engine.macs(IMAGE, None) == 27 * 32 * 48
    call = engine.call(IMAGE, None)
    assert call.seconds > 0 and call.alpha.shape == (32, 48)
    assert call.peak_mib is None or call.peak_mib > 10


def test_the_first_call_is_warm() -> None:
    engine = Engine(predictor := Predictor(), "cpu")
    engine.call(IMAGE, None)
    assert predictor.network.calls == 2
    engine.call(IMAGE, None)
    assert predictor.network.calls == 3


def test_a_method_without_a_network() -> None:
    engine = Engine(Plain(), "cpu", "bf16", compiled=True)
    assert network_of(Plain()) is None and engine.parameters is None
    assert engine.macs(IMAGE, None) is None and engine.how == ""
    assert engine.call(IMAGE, None).alpha.max() == 0


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_lower_precision_moves_the_matte_a_little(precision: str) -> None:
    engine = Engine(Predictor(), "cpu", precision)
    moved, exact = engine.call(IMAGE, None).alpha, engine.exactly(IMAGE, None)
    assert moved.dtype == np.float32 and 0 < np.abs(moved - exact).max() < 0.02
    assert engine.how == precision
    assert "from fp32" in shift_of(precision, moved, exact)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # within PyTorch
def test_compiled_is_equal_and_exact_is_not_compiled() -> None:
    engine = Engine(predictor := Predictor(), "cpu", compiled=True)
    compiled = engine.call(IMAGE, None).alpha
    before = predictor.network.matte
    exact = engine.exactly(IMAGE, None)
    assert predictor.network.matte is before
    assert np.abs(compiled - exact).max() < 1e-5

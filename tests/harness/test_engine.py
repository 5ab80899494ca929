"""The engine: cost of a call, and precision with its effect."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from p3mbench.errors import MethodError
from p3mbench.harness.engine import SHIFT, Engine, modules_of, shift_of

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

    def modules(self) -> tuple[nn.Module, ...]:
        return (self.network,)

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


def test_a_method_without_modules_runs_in_fp32_only() -> None:
    engine = Engine(Plain(), "cpu")
    assert modules_of(Plain()) == () and engine.parameters is None
    assert engine.macs(IMAGE, None) is None and engine.how == ""
    assert engine.call(IMAGE, None).alpha.max() == 0
    for lower, compiled in (("bf16", False), ("fp16", False), ("fp32", True)):
        with pytest.raises(MethodError, match=r"its predictor has no modules\(\)"):
            Engine(Plain(), "cpu", lower, compiled)


class Hidden(Predictor):
    """Two networks under names of its own, one of them shared."""

    def __init__(self, shown: object) -> None:
        super().__init__()
        self._second, self.shown = Net(), shown

    def modules(self) -> object:
        return {
            "list": [self.network, self._second],
            "mapping": {"a": self.network, "b": self._second},
            "twice": (self.network, self.network, self._second),
            "one": nn.Sequential(self.network, self._second),
            "generator": (m for m in (self.network, self._second)),
        }[self.shown]  # type: ignore[index]


@pytest.mark.parametrize("shown", ["list", "mapping", "twice", "one", "generator"])
def test_modules_may_be_given_in_any_way(shown: str) -> None:
    assert Engine(Hidden(shown), "cpu").parameters == 56


@pytest.mark.parametrize("shown", [["a network"], "a network", 5, {"a": np.zeros(3)}])
def test_modules_must_be_pytorchs(shown: object) -> None:
    predictor = Predictor()
    predictor.modules = lambda: shown  # type: ignore[method-assign]
    with pytest.raises(MethodError, match="must give PyTorch modules"):
        Engine(predictor, "cpu")


def test_a_predictor_that_is_a_module_itself() -> None:
    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Net()

        def predict(self, image: np.ndarray, trimap: np.ndarray | None = None) -> np.ndarray:
            return Predictor.predict(self, image)  # type: ignore[arg-type]

        @property
        def network(self) -> Net:
            return self.inner

    assert Engine(Whole(), "cpu").parameters == 28


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_lower_precision_moves_the_matte_a_little(precision: str) -> None:
    engine = Engine(Predictor(), "cpu", precision)
    moved, exact = engine.call(IMAGE, None).alpha, engine.exactly(IMAGE, None)
    assert moved.dtype == np.float32 and 0 < np.abs(moved - exact).max() < 0.02
    assert engine.how == precision
    assert shift_of(moved, exact) == {
        SHIFT[0]: pytest.approx(np.abs(moved.astype(float) - exact).sum() / 1000),
        SHIFT[1]: pytest.approx(np.abs(moved.astype(float) - exact).max()),
    }


class Stubborn(Predictor):
    """Says that it has modules, and computes in float32 whatever it is told."""

    def predict(self, image: np.ndarray, trimap: np.ndarray | None = None) -> np.ndarray:
        with torch.autocast("cpu", enabled=False):
            return super().predict(image)


class Elsewhere(Predictor):
    """Declares a network that it does not use, as one with an ONNX session might."""

    def predict(self, image: np.ndarray, trimap: np.ndarray | None = None) -> np.ndarray:
        return np.zeros(image.shape[:2], np.float32)


@pytest.mark.parametrize("predictor", [Stubborn, Elsewhere])
def test_a_precision_that_is_not_used_is_not_claimed(predictor: type[Predictor]) -> None:
    with pytest.raises(MethodError, match="computes nothing in it"):
        Engine(predictor(), "cpu", "bf16").call(IMAGE, None)


class Greedy:
    """Writes into what it is given, through PyTorch, which heeds no flag, and keeps it."""

    def __init__(self) -> None:
        self.kept: list[np.ndarray] = []

    def predict(self, image: np.ndarray, trimap: np.ndarray | None = None) -> np.ndarray:
        for array in (*self.kept, image, trimap):
            if array is not None:
                torch.from_numpy(array)[:] = 7
        self.kept += [image] if trimap is None else [image, trimap]
        return np.zeros(image.shape[:2], np.float32)


class GreedyNetwork(Greedy, Predictor):
    def __init__(self) -> None:
        Greedy.__init__(self)
        self.network = Net()

    def predict(self, image: np.ndarray, trimap: np.ndarray | None = None) -> np.ndarray:
        Predictor.predict(self, image)
        return Greedy.predict(self, image, trimap)


@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("make", [Greedy, GreedyNetwork])
def test_what_is_done_to_inputs_reaches_nobody(make: type, precision: str) -> None:
    image, trimap = IMAGE.copy(), np.full((32, 48), 128, np.uint8)
    if make is Greedy and precision != "fp32":
        return
    engine = Engine(make(), "cpu", precision)
    for _ in range(3):
        engine.call(image, trimap)
    engine.macs(image, trimap)
    engine.exactly(image, trimap)
    assert (image == IMAGE).all() and (trimap == 128).all()


@pytest.mark.slow(10)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # within PyTorch
def test_compiled_is_equal_and_exact_is_not_compiled() -> None:
    engine = Engine(predictor := Predictor(), "cpu", compiled=True)
    compiled = engine.call(IMAGE, None).alpha
    before = predictor.network.matte
    exact = engine.exactly(IMAGE, None)
    assert predictor.network.matte is before
    assert np.abs(compiled - exact).max() < 1e-5


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_network_in_half_precision_is_not_called_float32(precision: str) -> None:
    class Half:
        def __init__(self) -> None:
            self.network = nn.Conv2d(3, 1, 1).to(torch.bfloat16)

        def modules(self) -> list[nn.Module]:
            return [self.network]

        def predict(self, image: np.ndarray, trimap: np.ndarray | None = None) -> np.ndarray:
            return np.zeros(image.shape[:2], np.float32)

    with pytest.raises(MethodError, match="hold parameters in torch.bfloat16"):
        Engine(Half(), "cpu", precision)

"""IndexNet answers as the published code and mmagic's do: keys, inputs, outputs, procedure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from p3mbench_methods.indexnet.method import IndexNetPredictor, load, network_sides
from p3mbench_methods.indexnet.network import IndexNet, published_name
from p3mbench_methods.sampling import nearest
from p3mbench_methods.windowed import resize

from p3mbench.errors import WeightsError

NAMES = ("indexnet", "indexnet_mmagic")


class Renamed:
    """The network's state dict under the names of one layout."""

    def __init__(self, network: IndexNet, names: list[str]) -> None:
        self.state = network.state_dict()
        self.names = names

    def state_dict(self) -> dict[str, Any]:
        return {name: self.state[published_name(name)] for name in self.names}


@pytest.fixture(scope="module", params=NAMES)
def data(request: pytest.FixtureRequest, golden: Any) -> Any:
    return golden(request.param)


@pytest.fixture(scope="module")
def checkpoint(data: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in the layout of the golden, wrapped as it is published."""
    path = tmp_path_factory.mktemp("indexnet") / f"{data.name}.pth"
    state = data.state(Renamed(IndexNet(), list(data.shapes)))
    prefix = "module." if data.name == "indexnet" else ""
    torch.save({"state_dict": {prefix + key: value for key, value in state.items()}}, path)
    return path


def test_keys_are_the_published_ones(data: Any) -> None:
    network = IndexNet()
    ours = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    theirs = {published_name(key): shape for key, shape in data.shapes.items()}
    assert list(ours.items()) == list(theirs.items())
    assert sum(p.numel() for p in network.parameters()) == data.facts["params"]


def test_inputs_and_outputs_are_the_published_ones(data: Any, checkpoint: Path) -> None:
    predictor = load("cpu", checkpoint, "enlarged")
    image, trimap = data.arrays["image"], data.arrays["trimap"]
    x = predictor.input(image, trimap)
    wanted = data.facts["cases"]["A"]["input_stats"][0]
    assert float(x.double().mean()) == pytest.approx(wanted["mean"], abs=1e-6)
    assert float(x.double().norm()) == pytest.approx(wanted["l2"], rel=1e-6)
    assert max(data.relative_errors(predictor.raw_outputs(image, trimap)).values()) < 1e-4


def test_a_key_that_is_missing_is_named(data: Any, checkpoint: Path, tmp_path: Path) -> None:
    state = torch.load(checkpoint, weights_only=True)["state_dict"]
    state.pop(next(iter(state)))
    torch.save(state, tmp_path / "broken.pth")
    with pytest.raises(WeightsError, match=r"broken.pth does not fit.*missing: layer0.0.weight"):
        load("cpu", tmp_path / "broken.pth", "enlarged")


@pytest.mark.parametrize(
    ("old", "new"), [((37, 50), (64, 64)), ((64, 96), (37, 50)), ((1, 1), (32, 32))]
)
def test_cubic_is_that_of_opencv(old: tuple[int, int], new: tuple[int, int]) -> None:
    image = np.random.default_rng(1).random((*old, 3)).astype(np.float32)
    wanted = cv2.resize(image, new[::-1], interpolation=cv2.INTER_CUBIC)
    assert np.abs(resize(image, new, "cubic") - wanted).max() < 1e-5


@pytest.mark.parametrize(
    ("old", "new"), [((37, 50), (64, 64)), ((64, 96), (37, 50)), ((33, 7), (64, 32))]
)
def test_nearest_is_that_of_opencv(old: tuple[int, int], new: tuple[int, int]) -> None:
    plane = np.random.default_rng(2).integers(0, 256, old, dtype=np.uint8)
    wanted = cv2.resize(plane, new[::-1], interpolation=cv2.INTER_NEAREST)
    assert (nearest(plane, new) == wanted).all()


def test_sides() -> None:
    assert network_sides((64, 65), enlarged=True) == (64, 96)
    assert network_sides((64, 65), enlarged=False) == (64, 64)
    assert network_sides((1, 31), enlarged=False) == (32, 32)


def test_a_size_that_needs_no_resizing_is_the_network_alone() -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (64, 96, 3), dtype=np.uint8)
    trimap = np.full((64, 96), 128, np.uint8)
    trimap[:20] = 0
    predictor = IndexNetPredictor(IndexNet(0.2), "cpu")
    raw = predictor.raw_outputs(image, trimap)["alpha_raw"][0, 0]
    alpha = predictor.predict(image, trimap)
    assert (alpha[:20] == 0).all()
    assert np.array_equal(alpha[20:], raw[20:].clip(0, 1))

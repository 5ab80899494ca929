"""Our own networks, exported to ONNX and described by a TOML file, give the mattes of PyTorch."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from p3mbench.benchmark import get as get_benchmark
from p3mbench.checkpoints import as_trained, shipped
from p3mbench.method import paste_known
from p3mbench.registry import get
from p3mbench.weights import find_checkpoint

pytestmark = pytest.mark.slow
CLOSE = 1e-5
HEAD = '[method]\nname = "exported"\nyear = 2026\n[weights]\nfile = "net.onnx"\n'


class Matte(nn.Module):
    """The part of a network's output that is the matte."""

    def __init__(self, network: nn.Module, matte: Callable[..., Tensor]) -> None:
        super().__init__()
        self.network, self.matte = network, matte

    def forward(self, x: Tensor) -> Tensor:
        return self.matte(self.network, x)


def export(network: nn.Module, matte: Callable[..., Tensor], channels: int, folder: Path) -> None:
    """Write ``net.onnx``, which takes any height and width."""
    axes = {"x": {2: "h", 3: "w"}, "y": {2: "h", 3: "w"}}
    example = torch.rand(1, channels, 64, 96)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Matte(network, matte).eval(),
            (example,),
            str(folder / "net.onnx"),
            dynamo=False,  # the new exporter takes minutes
            opset_version=17,
            input_names=["x"],
            output_names=["y"],
            dynamic_axes=axes,
        )


def both(name: str, folder: Path, toml: str, matte: Callable[..., Tensor], channels: int = 3):
    """The predictor of a method with a thin trained network, and that of its export."""
    method = get(name)
    weights = shipped(method.info, get_benchmark("mini").checkpoints)[0]
    ours = as_trained(method, weights).load("cpu", weights.path)
    (network,) = ours.modules()  # type: ignore[attr-defined]
    export(network, matte, channels, folder)
    path = folder / "exported.toml"
    path.write_text(HEAD + toml.replace("SIDE", str(getattr(ours, "side", ""))))
    other = get("exported", [path])
    return ours, other.load("cpu", find_checkpoint(other.info))


def test_modnet(tmp_path, portrait_arrays):
    toml = (
        '[input]\nshorter = SIDE\nkeep_between = true\nmultiple = 32\nresize = "area"\n'
        'mean = 0.5\nstd = 0.5\n[output]\nresize = "area"\n'
    )
    ours, other = both("modnet", tmp_path, toml, lambda network, x: network.matte(x))
    image = portrait_arrays["image"]
    assert np.abs(ours.predict(image) - other.predict(image)).max() < CLOSE


def _unpool(x: Tensor, indices: Tensor, *_: object) -> Tensor:
    """``max_unpool2d`` by operations that ONNX has."""
    n, c, h, w = x.shape
    plane = torch.zeros(n, c, 4 * h * w)
    return plane.scatter(2, indices.flatten(2), x.flatten(2)).reshape(n, c, 2 * h, 2 * w)


def test_p3mnet(tmp_path, portrait_arrays, monkeypatch):
    monkeypatch.setattr(F, "max_unpool2d", _unpool)
    ours, other = both("p3mnet-r34", tmp_path, "", lambda network, x: network.matte(x))
    image = portrait_arrays["image"][:64]
    image = np.concatenate([image, image[:, :32]], axis=1)  # the example's size: sides are fixed
    fusion = ours.raw_outputs(image)["fusion"][0, 0]  # type: ignore[attr-defined]
    assert np.abs(fusion - other.predict(image)).max() < CLOSE


def test_a_trimap_based_network(tmp_path, portrait_arrays, monkeypatch):
    monkeypatch.setattr(F, "max_unpool2d", _unpool)
    toml = (
        '[input]\nmultiple = 32\npad = "reflect"\nrange = 255\nmean = [123.675, 116.28, 103.53]\n'
        'std = [58.395, 57.12, 57.375]\ntrimap = "channel"\n'
    )
    ours, other = both("dim", tmp_path, toml, lambda network, x: network(x).best, channels=4)
    image, trimap = (np.tile(portrait_arrays[k][:60, :45], 2)[:, :90] for k in ("image", "trimap"))
    image = np.concatenate([portrait_arrays["image"][:60, :45]] * 2, axis=1)
    expected = ours.predict(image, trimap)
    assert np.abs(expected - paste_known(other.predict(image, trimap), trimap)).max() < CLOSE

"""A network in a plugin file: trained, added to the weights, run and reported."""

from __future__ import annotations

from pathlib import Path

import pytest
from calls import call

TINY = '''
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from p3mbench.method import Kind, MethodInfo
from p3mbench.weights import load_into, required


@dataclass(frozen=True)
class Tiny:
    """A convolution of 3x3 pixels, to show how a plugin is trained."""

    info: ClassVar[MethodInfo] = MethodInfo(
        name="tiny", title="Tiny", kind=Kind.TRIMAP_FREE, year=2026, citation="nobody",
        learned=True)

    def load(self, device, weights):
        net = network()
        load_into(net, required(self.info, weights))
        return TinyPredictor(net.to(device))

    def training(self):
        return TinyTraining()


def network(width=1.0):
    from torch import nn

    return nn.Sequential(nn.Conv2d(3, max(1, round(8 * width)), 3, padding=1), nn.ReLU(),
                         nn.Conv2d(max(1, round(8 * width)), 1, 1))


class TinyPredictor:
    def __init__(self, net):
        self.net = net.eval()

    def modules(self):
        return [self.net]

    def predict(self, image, trimap=None):
        import torch

        with torch.inference_mode():
            planes = torch.from_numpy(image.astype(np.float32) / 255).permute(2, 0, 1)[None]
            return torch.sigmoid(self.net(planes))[0, 0].numpy()


class TinyTraining:
    def network(self, width):
        return network()

    def inputs(self, batch):
        return (batch.image / 255,)

    def losses(self, outputs, batch):
        return {"alpha": (outputs.sigmoid() - batch.alpha).abs().mean()}

    def recipe(self, preset):
        from p3mbench.training.recipe import nano

        return nano(steps=4, batch_size=2)

    def shallow(self, net):
        return net[0]
'''


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("P3MBENCH_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "tiny.py"
    path.write_text(TINY)
    return path


def done(*args: object) -> str:
    """The output of a command that must succeed."""
    found = call(*args)
    assert found.exit_code == 0, found.output
    return found.output


@pytest.mark.slow
def test_a_plugin_is_trained_run_and_reported(tiny: Path, tmp_path: Path) -> None:
    plugin = ("--plugin", tiny)
    assert "tiny" in done("methods", "--trainable", *plugin)
    assert "preset nano" in done("methods", "show", "tiny", *plugin)
    trained = ("--steps", 2, "--limit", 2, "--no-tensorboard", "--out", tmp_path / "trained")
    said = done("train", "tiny", "--setting", "B", *trained, *plugin)
    weights = tmp_path / "trained" / "weights.safetensors"
    assert "2 steps" in said and weights.is_file()
    # the printed command works as it is: it names the plugin
    line = next(line for line in said.splitlines() if line.startswith("try it: p3mbench "))
    words = line.removeprefix("try it: p3mbench ").split()
    out = ("--out", tmp_path / "out", "--limit", 1, "--jobs", 1)
    done(*words, *out)
    assert "Tiny" in done("report", "--results", tmp_path / "out")
    # without --plugin, the same user's store is enough
    again = done("run", "--methods", "tiny", "--weights", f"tiny={weights}", *out)
    assert "using the plugin" in again and "nothing left to do" in again
    assert "tiny.py" in call("predict", "tiny", "x.jpg").output  # a hint names the file


@pytest.mark.slow
def test_weights_of_a_plugin_are_added_listed_and_checked(tiny: Path, tmp_path: Path) -> None:
    plugin = ("--plugin", tiny)
    trained = ("--steps", 1, "--limit", 1, "--no-tensorboard", "--out", tmp_path / "t")
    done("train", "tiny", "--setting", "N", *trained, *plugin)
    file = tmp_path / "t" / "weights.safetensors"
    assert "trained under N" in done("weights", "add", file, "--method", "tiny", *plugin)
    assert "tiny" in done("weights", "list", *plugin) and "tiny" not in done("weights", "list")
    assert "fits" in done("weights", "check", "tiny", *plugin)
    missing = call("weights", "check", "tiny")
    assert missing.exit_code == 1 and f"add --plugin {tiny}" in missing.output
    fetched = call("weights", "fetch", "tiny", *plugin)
    assert fetched.exit_code == 1 and "published: none" in fetched.output

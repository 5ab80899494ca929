"""Weights of a classifier that an encoder starts from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from p3mbench.errors import WeightsError
from p3mbench.registry import find
from p3mbench.training.recipe import training_of
from p3mbench.training.start import load_encoder


def whole_network() -> nn.Module:
    """A network whose encoder has the names of a classifier, twice as P3M-Net registers it."""
    torch.manual_seed(1)
    network = nn.Module()
    network.resnet = nn.ModuleDict(
        {"conv1": nn.Conv2d(3, 4, 3), "bn1": nn.BatchNorm2d(4), "fc": nn.Linear(4, 7)}
    )
    network.encoder0 = nn.Sequential(network.resnet["conv1"])
    network.decoder = nn.Conv2d(4, 1, 1)
    return network


def encoder_state(**changes: Any) -> dict[str, torch.Tensor]:
    torch.manual_seed(2)
    modules = {"conv1": nn.Conv2d(3, 4, 3), "bn1": nn.BatchNorm2d(4), "fc": nn.Linear(4, 1000)}
    return nn.ModuleDict(modules | changes).state_dict()


def test_an_encoder_finds_its_place(tmp_path: Path) -> None:
    torch.save({"state_dict": encoder_state()}, tmp_path / "resnet.pth")
    network = whole_network()
    before = network.decoder.weight.detach().clone()
    assert load_encoder(network, tmp_path / "resnet.pth") == 7  # all but the classifier's two
    assert torch.equal(network.encoder0[0].weight, encoder_state()["conv1.weight"])
    assert torch.equal(network.decoder.weight, before)


def test_another_encoder_is_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(2), "b": torch.zeros(3), "c": torch.zeros(1)}, tmp_path / "x.pth")
    with pytest.raises(WeightsError, match="only 0 of its 3 weights and biases fit"):
        load_encoder(whole_network(), tmp_path / "x.pth")


def network_of(name: str, seed: int) -> nn.Module:
    method = next(e.method for e in find() if e.name == name)
    assert method is not None
    torch.manual_seed(seed)
    return training_of(method).network(0.125)


def as_torchvision_has_it(name: str) -> str:
    """DenseNets' files of torchvision say ``norm.1`` where its code says ``norm1``."""
    return re.sub(r"(denselayer\d+\.(?:norm|conv))(\d)", r"\1.\2", name)


@pytest.mark.parametrize(
    ("name", "inner"),
    [("p3mnet-r34", "resnet"), ("gfm-r34", "resnet"), ("gfm-d121", "densenet"), ("lf", "encoder")],
)
@pytest.mark.slow
def test_the_encoders_of_real_networks_take_their_files(
    name: str, inner: str, tmp_path: Path
) -> None:
    """The encoder's part of a network, under the names its authors publish, goes back in."""
    state = network_of(name, 3).get_submodule(inner).state_dict()
    torch.save({as_torchvision_has_it(k): v for k, v in state.items()}, tmp_path / "encoder.pth")
    network = network_of(name, 4)
    assert load_encoder(network, tmp_path / "encoder.pth") == len(state)
    for key, value in network.get_submodule(inner).state_dict().items():
        assert torch.equal(value, state[key]), key


def test_a_convolution_of_more_channels_gets_zeros_for_them(tmp_path: Path) -> None:
    """A ResNet for RGB goes into a network that is given the trimap as well."""
    network = network_of("fba", 5)
    state = network.get_submodule("encoder").state_dict()
    first = state["conv1.weight"].clone()
    torch.save({**state, "conv1.weight": first[:, :3]}, tmp_path / "resnet50_gn_ws.pth")
    network = network_of("fba", 6)
    load_encoder(network, tmp_path / "resnet50_gn_ws.pth")
    loaded = network.get_parameter("encoder.conv1.weight")
    assert torch.equal(loaded[:, :3], first[:, :3]) and not loaded[:, 3:].any()

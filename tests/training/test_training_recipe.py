"""Recipes: rates, stages; which parameters learn; weights that an encoder starts from."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from p3mbench.errors import WeightsError
from p3mbench.registry import find
from p3mbench.training.launch import fabric_of, processes
from p3mbench.training.optimisation import Freezer, factor_of, optimiser_of, set_rate
from p3mbench.training.recipe import Recipe, Stage, training_of
from p3mbench.training.start import load_encoder


def test_rates_by_hand() -> None:
    plain = Recipe(steps=100, lr=1.0)
    assert plain.rate_at(0, 100) == plain.rate_at(99, 100) == 1
    cosine = replace(plain, schedule="cosine")
    assert cosine.rate_at(50, 100) == pytest.approx(0.5)
    assert cosine.rate_at(25, 100) == pytest.approx((1 + 2**-0.5) / 2)
    late = replace(plain, schedule="late-cosine", warmup=0.2)
    assert [late.rate_at(k, 100) for k in (9, 19, 20)] == pytest.approx([0.5, 1, 1])
    assert late.rate_at(60, 100) == pytest.approx(0.5)
    polynomial = replace(plain, schedule="polynomial")
    assert polynomial.rate_at(75, 100) == pytest.approx(0.25**0.9)
    steps = replace(plain, schedule="steps", milestones=(0.3, 0.9))
    assert [steps.rate_at(k, 100) for k in (29, 30, 90)] == pytest.approx([1, 0.1, 0.01])
    named = replace(steps, factors=(0.1, 0.05))
    assert [named.rate_at(k, 100) for k in (29, 30, 90)] == pytest.approx([1, 0.1, 0.05])
    warm = replace(plain, warmup=0.1)
    assert [warm.rate_at(k, 100) for k in (0, 4, 9, 10)] == pytest.approx([0.1, 0.5, 1, 1])


@given(shares=st.lists(st.integers(1, 9), min_size=1, max_size=5), total=st.integers(1, 300))
def test_stages_follow_each_other_and_fill_the_run(shares: list[int], total: int) -> None:
    stages = tuple(Stage(name=str(i), share=s / sum(shares)) for i, s in enumerate(shares))
    recipe = Recipe(steps=total, stages=stages)
    met = [recipe.stage_at(step, total) for step in range(total)]
    names = [stage.name for stage in met if stage is not None]
    assert len(names) == total and names == sorted(names)
    for stage in stages:
        assert abs(names.count(stage.name) - stage.share * total) <= 1


def test_recipes_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        Recipe(steps=1, stages=(Stage(name="a", share=0.4),))
    with pytest.raises(ValueError, match="must have the same length"):
        Recipe(steps=1, milestones=(0.5,), factors=(0.1, 0.2))
    with pytest.raises(ValueError, match="formula must be one of code, text"):
        Recipe(steps=1, formula="paper")
    with pytest.raises(ValueError, match="needs_layers"):
        Recipe(steps=1, jitter=True)


def test_the_longest_beginning_sets_the_factor() -> None:
    rates = (("net.", 0.5), ("net.head.", 1.0), ("net.headless", 0.1))
    assert factor_of("net.body.weight", rates) == 0.5
    assert factor_of("net.head.weight", rates) == 1.0
    assert factor_of("other", rates) == 1.0


def test_groups_keep_their_factor() -> None:
    network = nn.ModuleDict({"body": nn.Linear(2, 2), "head": nn.Linear(2, 1)})
    optimiser = optimiser_of(network, Recipe(steps=1, lr=1.0, rates=(("body.", 0.01),)))
    set_rate(optimiser, 0.5)
    found = {len(group["params"]): group["lr"] for group in optimiser.param_groups}
    assert sorted(group["lr"] for group in optimiser.param_groups) == [0.005, 0.5]
    assert sum(len(group["params"]) for group in optimiser.param_groups) == 4, found


@pytest.mark.parametrize("name", ["adam", "adamw", "radam", "sgd"])
def test_every_optimiser_lowers_a_parabola(name: str) -> None:
    network = nn.Linear(1, 1, bias=False)
    recipe = Recipe(steps=1, lr=0.05, optimiser=name)
    optimiser, start = optimiser_of(network, recipe), float(network.weight.detach().abs())
    for _ in range(20):
        optimiser.zero_grad()
        (network.weight**2).sum().backward()
        optimiser.step()
    assert float(network.weight.detach().abs()) < start


def test_frozen_parts_are_in_evaluation_mode_and_thaw_again() -> None:
    network = nn.ModuleDict(
        {"body": nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), "head": nn.Linear(2, 1)}
    )
    network["head"].bias.requires_grad_(False)  # never learns
    freezer = Freezer(network)
    freezer.enter(Stage(name="head", share=1.0, trains=("head.",)))
    learning = {name for name, p in network.named_parameters() if p.requires_grad}
    assert learning == {"head.weight"}
    assert not network["body"][1].training and network["head"].training
    freezer.enter(None)
    learning = {name for name, p in network.named_parameters() if p.requires_grad}
    assert "head.bias" not in learning and len(learning) == 5
    assert network["body"][1].training
    with pytest.raises(ValueError, match="begins with any of tail"):
        freezer.enter(Stage(name="tail", share=1.0, trains=("tail",)))


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


@pytest.mark.parametrize(
    ("environment", "want"),
    [
        ({}, (1, 1)),
        ({"WORLD_SIZE": "8", "LOCAL_WORLD_SIZE": "4"}, (4, 2)),
        ({"SLURM_STEP_NUM_TASKS": "4", "SLURM_STEP_NUM_NODES": "2", "SLURM_PROCID": "0"}, (2, 2)),
        # within an allocation, but not started by srun; sbatch sets SLURM_PROCID, too
        ({"SLURM_NTASKS": "4", "SLURM_NNODES": "2", "SLURM_PROCID": "0"}, (1, 1)),
    ],
)
def test_a_launcher_says_how_many_processes_there_are(
    environment: dict[str, str], want: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name.startswith("SLURM_") or name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert processes(None, None) == want
    assert processes(3, 1) == (3, 1)
    if want == (1, 1):
        fabric = fabric_of("cpu", None, None, "32-true", None)
        fabric.launch()
        assert fabric.world_size == 1

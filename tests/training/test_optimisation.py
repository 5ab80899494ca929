"""Which parameters learn, and at what rate."""

from __future__ import annotations

import pytest
from torch import nn

from p3mbench.training.optimisation import Freezer, factor_of, optimiser_of, set_rate
from p3mbench.training.recipe import Recipe, Stage


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

"""Networks whose weights come from a file are made without drawing others first."""

from __future__ import annotations

import pytest
import torch
from p3mbench_methods.unfilled import Unfilled

from p3mbench.registry import get
from p3mbench.training.recipe import training_of


@pytest.mark.parametrize("name", ["gfm-r34", "p3mnet-swin-t", "alphagan", "gca"])
def test_what_is_loaded_is_all_there_is(name: str) -> None:
    """Buffers that no file holds are made as ever."""
    training = training_of(get(name))
    drawn = training.network(0.25)
    with Unfilled():
        network = training.network(0.25)
    network.load_state_dict(drawn.state_dict(), strict=True)
    for ours, theirs in ((network, drawn), (drawn, network)):
        tensors = dict(theirs.named_parameters()) | dict(theirs.named_buffers())
        for key, tensor in (*ours.named_parameters(), *ours.named_buffers()):
            assert torch.equal(tensor, tensors[key]), key


def test_nothing_is_drawn_within_and_all_is_after() -> None:
    before = torch.random.get_rng_state()
    with Unfilled():
        torch.nn.Conv2d(3, 4, 3)
        torch.nn.Linear(3, 4)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.nn.Linear(3, 4)
    assert not torch.equal(torch.random.get_rng_state(), before)

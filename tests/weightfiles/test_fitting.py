"""Every tensor fits by name and shape, or nothing is loaded."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_model
from torch import nn

from p3mbench.errors import WeightsError
from p3mbench.registry import load_method
from p3mbench.weights import MisfitError, load_into


class Tied(nn.Module):
    """One layer under two names, as the encoders of P3M-Net are."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Linear(3, 3)
        self.encoder = nn.Sequential(self.trunk, nn.BatchNorm1d(3))


def test_a_second_name_that_a_file_leaves_out_is_filled(tmp_path: Path) -> None:
    torch.manual_seed(5)
    model = Tied()
    save_model(model, str(tmp_path / "w.safetensors"))  # keeps each tensor once
    loaded = Tied()
    load_into(loaded, tmp_path / "w.safetensors")
    for key, value in loaded.state_dict().items():
        assert torch.equal(value, model.state_dict()[key])


def test_counters_are_filled_or_dropped_but_only_beside_their_statistics(tmp_path: Path) -> None:
    path, model = tmp_path / "w.pth", nn.Sequential(nn.BatchNorm2d(2))
    state = model.state_dict()
    torch.save({k: v for k, v in state.items() if k != "0.num_batches_tracked"}, path)
    load_into(nn.Sequential(nn.BatchNorm2d(2)), path)
    torch.save({"0.weight": state["0.weight"], "0.bias": state["0.bias"]}, path)
    with pytest.raises(MisfitError, match=r"missing: 0\.running_mean"):
        load_into(nn.Sequential(nn.BatchNorm2d(2)), path)
    torch.save({**state, "9.num_batches_tracked": torch.tensor(1)}, path)
    with pytest.raises(MisfitError, match=r"unexpected: 9\.num_batches_tracked"):
        load_into(nn.Sequential(nn.BatchNorm2d(2)), path)


def test_a_variant_is_not_called_another_network(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    state = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1)).state_dict()
    torch.save({**state, "1.weight": torch.zeros(2, 3)}, path)
    with pytest.raises(MisfitError, match="a variant or a part of this network") as caught:
        load_into(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1)), path)
    assert caught.value.kin


def test_a_failed_load_changes_nothing(tmp_path: Path) -> None:
    path, model = tmp_path / "w.pth", nn.Linear(2, 2)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    torch.save({"weight": torch.ones(2, 2)}, path)
    with pytest.raises(MisfitError, match="missing: bias"):
        load_into(model, path)
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())


ODD: dict[str, tuple[Callable[[torch.Tensor], torch.Tensor], str]] = {
    "sparse": (lambda t: t.to_sparse(), "weight is sparse_coo instead of torch.float32"),
    "meta": (lambda t: t.to("meta"), "weight is without values"),
}


def odd_file(folder: Path, name: str) -> Path:
    """A file whose tensor ``weight`` is no block of numbers."""
    path, state = folder / "w.pth", nn.Linear(3, 3).state_dict()
    torch.save({**state, "weight": ODD[name][0](state["weight"])}, path)
    return path


@pytest.mark.parametrize("name", ODD)
def test_tensors_that_are_no_blocks_of_numbers_are_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(MisfitError, match=re.escape(ODD[name][1])):
        load_into(nn.Linear(3, 3), odd_file(tmp_path, name))


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD)
def test_no_network_accepts_them(tmp_path: Path, name: str) -> None:
    with pytest.raises(MisfitError, match="no other network here accepts it"):
        load_method("lf", odd_file(tmp_path, name), "cpu")


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    path, loaded = tmp_path / "w.pth", nn.Linear(3, 3)
    before = loaded.weight.clone()
    state = nn.Linear(3, 3).state_dict()
    torch.save({**state, "bias": state["bias"] * float("nan")}, path)
    with pytest.raises(WeightsError, match=r"1 of 2 tensors contain NaN \(bias\)"):
        load_into(loaded, path)
    assert torch.equal(loaded.weight, before)
    torch.save({**state, "bias": state["bias"] * float("inf")}, path)  # as masks of attention
    load_into(loaded, path)


def test_a_network_of_another_width_is_named(tmp_path: Path) -> None:
    """What a thin network of ours loses when it is saved as .pth."""
    path = tmp_path / "w.pth"
    torch.save(nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2)).state_dict(), path)
    with pytest.raises(MisfitError, match="all names agree, so it is this network in another wid"):
        load_into(nn.Sequential(nn.Linear(3, 8), nn.Linear(8, 8)), path)

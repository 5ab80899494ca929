"""A checkpoint of another network is said to be that network's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import nn

from p3mbench.errors import WeightsError
from p3mbench.method import Kind, Method, MethodInfo
from p3mbench.nearest import likenesses, load
from p3mbench.registry import get
from p3mbench.training.recipe import training_of
from p3mbench.weights import MisfitError, load_into


def method_of(name: str, width: int, layers: int = 3) -> Method:
    @dataclass(frozen=True)
    class Made:
        info: ClassVar[MethodInfo] = MethodInfo(
            name=name, title=name, kind=Kind.TRIMAP_FREE, year=2026, citation="nobody", learned=True
        )

        def load(self, device: str, weights: Path | None) -> Any:
            network = nn.Sequential(*(nn.Linear(width, width) for _ in range(layers)))
            assert weights is not None
            load_into(network, weights)
            return network

    return Made()


METHODS = [method_of("narrow", 2), method_of("broad", 5), method_of("deep", 2, 4)]


def saved(path: Path, width: int, layers: int = 3) -> Path:
    network = nn.Sequential(*(nn.Linear(width, width) for _ in range(layers)))
    torch.save({"state_dict": network.state_dict()}, path)
    return path


def test_the_network_that_takes_it_is_named_with_the_command(tmp_path: Path) -> None:
    path = saved(tmp_path / "w.pth", 5)
    with pytest.raises(MisfitError) as caught:
        load(METHODS[0], "cpu", path, lambda: METHODS)
    text = str(caught.value)
    assert "another network, broad: p3mbench weights add w.pth --method broad" in text
    assert "\n" not in text


def test_the_nearest_is_named_if_none_takes_it(tmp_path: Path) -> None:
    path = saved(tmp_path / "w.pth", 2, 5)
    with pytest.raises(MisfitError, match="nearest network here is deep; 8 of 10"):
        load(METHODS[1], "cpu", path, lambda: METHODS)


def test_a_stranger_is_not_likened_to_anything(tmp_path: Path) -> None:
    torch.save({"x.weight": torch.ones(3)}, tmp_path / "w.pth")
    with pytest.raises(MisfitError, match="no other network here accepts it"):
        load(METHODS[1], "cpu", tmp_path / "w.pth", lambda: METHODS)


def test_others_are_asked_only_if_it_does_not_fit(tmp_path: Path) -> None:
    def never() -> list[Method]:
        raise AssertionError("asked")

    assert load(METHODS[0], "cpu", saved(tmp_path / "w.pth", 2), never)
    (tmp_path / "junk.pth").write_bytes(b"\x80\x02junk")
    with pytest.raises(WeightsError):
        load(METHODS[0], "cpu", tmp_path / "junk.pth", never)


def test_shares_are_exact(tmp_path: Path) -> None:
    found = {one.method.info.name: one for one in likenesses(saved(tmp_path / "w", 2, 4), METHODS)}
    assert found["deep"].fits and found["deep"].share == 1
    assert not found["narrow"].fits and (found["narrow"].shared, found["narrow"].of) == (6, 8)
    assert found["broad"].shared == 0


@pytest.mark.parametrize("name", ["gfm-r34", "matteformer"])
@pytest.mark.slow
def test_built_in_networks_are_recognised(tmp_path: Path, name: str) -> None:
    """One that is built without memory, and one that computes while it is built."""
    method = get(name)
    state = training_of(method).network(1).state_dict()
    wrapped = {f"model._orig_mod.{key}": value for key, value in state.items()}
    torch.save({"epoch": 1, "state_dict": wrapped}, tmp_path / "w.ckpt")
    (one,) = likenesses(tmp_path / "w.ckpt", [method])
    assert one.fits and one.share == 1

"""What a run saves: weights that say what they are, and a state to go on from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tiny import (
    Stop,
    Tiny,
    job,
    stopped_at,
)
from torch import nn

from p3mbench.errors import WeightsError
from p3mbench.training.loop import train
from p3mbench.training.state import Record, load_state, save_state, save_weights
from p3mbench.weights import load_into, read_state_dict, recorded, recorded_width


def test_weights_say_what_they_are(tmp_path: Path) -> None:
    done = train(job(tmp_path, half=True))
    assert done is not None and done.steps == 12
    record = recorded(done.weights)
    assert record["setting"] == "B" and record["seed"] == 0 and record["data"] == "noise-6"
    assert record["train_sets"] == ["noise/train"] and record["recipe"]["batch_size"] == 4
    assert recorded_width(done.weights) == 0.5
    network = Tiny()
    load_into(network, done.weights)
    assert network.again is network.first
    state = read_state_dict(done.weights)
    assert state["again.weight"].dtype == torch.float16
    assert json.loads((tmp_path / "weights.json").read_text())["method"] == "tiny"
    steps = [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert steps == [10, 12]


def test_tables_of_indices_take_little_room(tmp_path: Path) -> None:
    network = nn.Module()
    network.register_buffer("small", torch.arange(300))
    network.register_buffer("large", torch.tensor([1, 70_000]))
    network.register_buffer("count", torch.tensor(5))
    record = Record(
        method="x", version=1, width=1, setting="B", train_sets=(), data="", seed=0, steps=1,
        recipe={},
    )  # fmt: skip
    path = save_weights(network, tmp_path, record, half=True)
    kept = {name: tensor.dtype for name, tensor in read_state_dict(path).items()}
    assert kept == {"small": torch.int16, "large": torch.int64, "count": torch.int64}
    with torch.no_grad():
        for buffer in network.buffers():
            buffer.zero_()
    load_into(network, path)
    assert network.get_buffer("small").dtype == torch.int64
    assert torch.equal(network.get_buffer("small"), torch.arange(300))


def test_a_state_of_another_run_is_refused(tmp_path: Path) -> None:
    train(job(tmp_path))
    with pytest.raises(WeightsError, match="another run.*seed"):
        train(job(tmp_path, resume=True, seed=1))
    (tmp_path / "state.pt").write_bytes(b"rubbish")
    with pytest.raises(WeightsError, match="is a text file, not weights.*remove it to start again"):
        train(job(tmp_path, resume=True))


@pytest.mark.parametrize("prefix", ["_orig_mod.", "module._orig_mod."])
def test_a_state_saved_from_a_wrapped_network_is_taken_up(tmp_path: Path, prefix: str) -> None:
    whole = train(job(tmp_path / "whole"))
    with pytest.raises(Stop):
        train(job(tmp_path / "cut"), stopped_at(11))
    state = load_state(tmp_path / "cut")
    assert state is not None
    state["network"] = {prefix + name: tensor for name, tensor in state["network"].items()}
    save_state(tmp_path / "cut", state)
    taken_up = train(job(tmp_path / "cut", resume=True))
    assert whole is not None and taken_up is not None
    assert taken_up.sha256 == whole.sha256


def test_a_checkpoint_in_the_place_of_a_state_is_refused(tmp_path: Path) -> None:
    torch.save({"state_dict": {"a": torch.ones(2)}}, tmp_path / "state.pt")
    with pytest.raises(WeightsError, match="is not a training state of p3mbench"):
        load_state(tmp_path)

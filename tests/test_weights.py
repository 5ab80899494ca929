"""Checkpoints are read without running them, fit exactly or not at all, and say what is wrong."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from p3mbench.errors import WeightsError
from p3mbench.method import Checkpoint, Kind, MethodInfo, TrainSetting
from p3mbench.weights import (
    find_checkpoint,
    load_into,
    needs_weights,
    read_state_dict,
    required,
    weights_dir,
)

State = dict[str, torch.Tensor]


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2))


@pytest.fixture
def state() -> State:
    torch.manual_seed(7)
    return {
        key: torch.randn_like(value) if value.is_floating_point() else value + 5
        for key, value in network().state_dict().items()
    }


def refused(path: Path, *words: str) -> str:
    """Read ``path``, which must fail with one line that names it; return the line."""
    with pytest.raises(WeightsError) as caught:
        read_state_dict(path)
    return checked(caught.value, path, *words)


def checked(error: WeightsError, path: Path, *words: str) -> str:
    text = str(error)
    assert "\n" not in text
    assert "\x1b" not in text
    assert len(text) < 400
    assert str(path) in text
    for word in words:
        assert word in text
    return text


def prefixed(state: State) -> State:
    return {f"module.{key}": value for key, value in state.items()}


WRAPPED: dict[str, Callable[[State], Any]] = {
    "bare": lambda s: s,
    "state_dict": lambda s: {"state_dict": s},
    "with an epoch": lambda s: {"epoch": 3, "state_dict": s, "optimizer": {"lr": 1e-5}},
    "model_state_dict": lambda s: {"model_state_dict": s},
    "state_dict_ema": lambda s: {"state_dict_ema": s},
    "detectron": lambda s: {"model": s, "__author__": "somebody"},
    "mm": lambda s: {"meta": {"seed": 1}, "state_dict": s},
    "parallel": prefixed,
    "parallel and wrapped": lambda s: {"state_dict": prefixed(s)},
    "wrapped twice": lambda s: {"model": {"state_dict": s}},
}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("how", WRAPPED)
def test_wrappings_are_taken_off(state: State, tmp_path: Path, how: str, zipped: bool) -> None:
    path = tmp_path / "w.pth"
    torch.save(WRAPPED[how](state), path, _use_new_zipfile_serialization=zipped)
    loaded = network()
    load_into(loaded, path)
    for key, value in loaded.state_dict().items():
        assert torch.equal(value, state[key]), key


@pytest.mark.parametrize("name", ["w.safetensors", "w.pth"])
def test_safetensors_by_suffix_or_content(state: State, tmp_path: Path, name: str) -> None:
    save_file(prefixed(state), tmp_path / name)
    read = read_state_dict(tmp_path / name)
    assert read.keys() == state.keys()
    assert all(torch.equal(read[key], state[key]) for key in state)


def test_prefix_stays_unless_every_key_has_it(state: State, tmp_path: Path) -> None:
    mixed = {**state, "module.extra": torch.zeros(1)}
    torch.save(mixed, tmp_path / "w.pth")
    assert read_state_dict(tmp_path / "w.pth").keys() == mixed.keys()


def test_half_precision_becomes_the_networks_own(state: State, tmp_path: Path) -> None:
    halved = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    torch.save(halved, tmp_path / "w.pth")
    loaded = network()
    load_into(loaded, tmp_path / "w.pth")
    for key, value in loaded.state_dict().items():
        assert value.dtype == state[key].dtype
        assert torch.equal(value, halved[key].to(value.dtype))


def renamed(state: State) -> State:
    return {key.replace("1.weight", "1.gamma"): value for key, value in state.items()}


MISFITS: dict[str, tuple[Callable[[State], State], tuple[str, ...]]] = {
    "renamed": (renamed, ("missing: 1.weight", "unexpected: 1.gamma")),
    "shape": (
        lambda s: {**s, "2.weight": torch.zeros(3, 4)},
        ("shape: 2.weight is 3x4 instead of 2x4",),
    ),
    "type": (lambda s: {**s, "2.bias": torch.zeros(2, dtype=torch.int64)}, ("type: 2.bias",)),
    "complex": (lambda s: {**s, "2.bias": torch.zeros(2, dtype=torch.complex64)}, ("complex64",)),
    "another": (
        lambda s: {
            f"body.{key}": value[..., :1] if value.dim() else value for key, value in s.items()
        },
        ("shape: 0.weight is 4x3x3x1 instead of 4x3x3x3",),
    ),
}


@pytest.mark.parametrize("how", MISFITS)
def test_misfits_are_refused_and_nothing_is_half_loaded(
    state: State, tmp_path: Path, how: str
) -> None:
    change, words = MISFITS[how]
    path = tmp_path / "w.pth"
    torch.save(change(state), path)
    untouched = network()
    before = {key: value.clone() for key, value in untouched.state_dict().items()}
    with pytest.raises(WeightsError) as caught:
        load_into(untouched, path)
    checked(caught.value, path, "Sequential (9 tensors)", *words)
    for key, value in untouched.state_dict().items():
        assert torch.equal(value, before[key])


def saved(content: Any, zipped: bool = True) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


@pytest.mark.parametrize("part", [0.02, 0.5, 0.98])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_cut_off_file(tmp_path: Path, zipped: bool, part: float) -> None:
    content = saved({"a": torch.rand(5000)}, zipped)
    path = tmp_path / "w.pth"
    path.write_bytes(content[: int(part * len(content))])
    refused(path)


def test_cut_off_safetensors(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file({"a": torch.rand(5000)}, path)
    path.write_bytes(path.read_bytes()[:-100])
    refused(path, "damaged")


def test_one_flipped_bit(tmp_path: Path) -> None:
    content = bytearray(saved({"a": torch.rand(5000)}))
    content[len(content) // 2] ^= 1
    path = tmp_path / "w.pth"
    path.write_bytes(content)
    refused(path, "checksum")


def test_empty_missing_and_folder(tmp_path: Path) -> None:
    (tmp_path / "empty.pth").touch()
    refused(tmp_path / "empty.pth", "empty")
    refused(tmp_path / "absent.pth", "does not exist")
    refused(tmp_path, "cannot be read")


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html><title>Google Drive - Quota exceeded</title>" * 20,
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"PK\x03\x04" + bytes(100),
        bytes(1000),
    ],
)
def test_not_a_checkpoint(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(content)
    refused(path)


class Bomb:
    """Makes a folder when unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("how", ["zip", "legacy", "plain"])
def test_code_is_not_run(state: State, tmp_path: Path, how: str) -> None:
    content = {"state_dict": state, "extra": Bomb(tmp_path / "exploded")}
    data = pickle.dumps(content, protocol=2) if how == "plain" else saved(content, how == "zip")
    path = tmp_path / "w.pth"
    path.write_bytes(data)
    refused(path)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (nn.Linear(2, 2), "torch.nn.modules.linear.Linear"),
        ({"state_dict": {"a": torch.zeros(1)}, "lines": io.StringIO()}, "StringIO"),
    ],
    ids=["whole module", "another object"],
)
def test_objects_are_refused_with_a_remedy(tmp_path: Path, content: Any, named: str) -> None:
    path = tmp_path / "w.pth"
    torch.save(content, path)
    refused(path, named, "torch.save(model.state_dict()", "safetensors")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({}, "nothing"),
        ({"state_dict": {}}, "under any of its keys: state_dict"),
        ([torch.zeros(2)], "list"),
        (torch.zeros(2), "Tensor"),
        ({"epoch": 3, "lr": 0.1}, "epoch, lr"),
        ({0: torch.zeros(2)}, "dict"),
    ],
)
def test_no_state_dict_inside(tmp_path: Path, content: Any, named: str) -> None:
    path = tmp_path / "w.pth"
    torch.save(content, path)
    refused(path, named)


INFO = MethodInfo(
    name="some-net",
    title="Some",
    kind=Kind.TRIMAP_FREE,
    year=2021,
    citation="nobody",
    learned=True,
    checkpoints=tuple(
        Checkpoint(
            name=name,
            file=f"{name}.pth",
            where="https://example.org",
            train_setting=TrainSetting.BLURRED,
            train_sets=(),
            licence="MIT",
        )
        for name in ("first", "second")
    ),
)


def test_weights_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("P3MBENCH_WEIGHTS", str(tmp_path / "mine"))
    assert weights_dir() == tmp_path / "mine"
    monkeypatch.delenv("P3MBENCH_WEIGHTS")
    monkeypatch.setenv("P3MBENCH_HOME", str(tmp_path / "home"))
    assert weights_dir() == tmp_path / "home" / "weights"
    monkeypatch.delenv("P3MBENCH_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert weights_dir() == tmp_path / "data" / "p3mbench" / "weights"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert weights_dir() == tmp_path / ".local" / "share" / "p3mbench" / "weights"
    assert list(tmp_path.iterdir()) == []


def test_published_files_are_found_in_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("P3MBENCH_WEIGHTS", str(tmp_path))
    assert find_checkpoint(INFO) is None
    (tmp_path / "other.pth").touch()
    (tmp_path / "first.pth").mkdir()
    assert find_checkpoint(INFO) is None
    (tmp_path / "second.pth").touch()
    assert find_checkpoint(INFO) == tmp_path / "second.pth"
    (tmp_path / "first.pth").rmdir()
    (tmp_path / "first.pth").touch()
    assert find_checkpoint(INFO) == tmp_path / "first.pth"


def test_needs_weights_says_how(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("P3MBENCH_WEIGHTS", str(tmp_path))
    line = needs_weights(INFO)
    for word in ("first.pth", str(tmp_path), "--weights some-net=FILE", "https://example.org"):
        assert word in line


def test_import_brings_no_torch() -> None:
    code = "import sys, p3mbench.weights; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


FIXTURE = [HealthCheck.function_scoped_fixture]


@settings(suppress_health_check=FIXTURE, max_examples=examples(60), deadline=None)
@given(st.binary(max_size=64) | st.binary(max_size=64).map(lambda tail: b"PK\x03\x04" + tail))
def test_any_bytes_are_refused_in_one_line(tmp_path, content):
    path = tmp_path / "bytes.pth"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"bytes\.pth") as caught:
        read_state_dict(path)
    assert "\n" not in str(caught.value)


def test_required_weights_are_given_or_asked_for(tmp_path: Path) -> None:
    assert required(INFO, tmp_path) == tmp_path
    with pytest.raises(WeightsError, match=f"{INFO.name} needs weights"):
        required(INFO, None)

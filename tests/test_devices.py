"""A device that cannot be used is refused in one line, before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from p3mbench.cli import main
from p3mbench.devices import check_device, check_name, resolve
from p3mbench.errors import MethodError


def has(monkeypatch: pytest.MonkeyPatch, gpus: int = 0, metal: bool = False) -> None:
    """Let PyTorch find other devices than this machine has."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: metal)


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:0", "cuda:12", "mps"])
def test_names_of_devices(device: str) -> None:
    check_name(device)


@pytest.mark.parametrize(
    "device", ["", "foo", "CPU", "cpu:0", "cuda:", "cuda:-1", "cuda:x", "cuda:0\n", "mps:0", "gpu"]
)
def test_other_names_are_refused(device: str) -> None:
    with pytest.raises(ValueError, match="give one of auto, cpu, cuda, cuda:N, mps"):
        check_name(device)
    with pytest.raises(MethodError, match="unknown device"):
        resolve(device)


@pytest.mark.parametrize(
    ("gpus", "device", "words"),
    [
        (0, "cuda", "finds no CUDA device"),
        (0, "cuda:0", "finds no CUDA device"),
        (1, "cuda:1", "has 1 CUDA device, counted from 0"),
        (2, "cuda:7", "has 2 CUDA devices, counted from 0"),
        (2, "mps", "cannot use Metal"),
    ],
)
def test_a_device_that_is_not_here(
    monkeypatch: pytest.MonkeyPatch, gpus: int, device: str, words: str
) -> None:
    has(monkeypatch, gpus)
    with pytest.raises(MethodError, match=words) as caught:
        check_device(device)
    assert device in str(caught.value) and "\n" not in str(caught.value)


def test_devices_that_are_here(monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, gpus=2, metal=True)
    for device in ("cuda", "cuda:1", "mps", "cpu"):
        check_device(device)
        assert resolve(device) == device
    assert (resolve("auto"), resolve("auto", learned=False)) == ("cuda", "cpu")
    has(monkeypatch)
    assert resolve("auto") == "cpu"


@pytest.mark.parametrize(("device", "code"), [("foo", 2), ("cuda:3", 1)])
def test_a_run_on_no_device_makes_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str, code: int
) -> None:
    has(monkeypatch)
    out = tmp_path / "out"
    args = ["run", "--methods", "coarse", "--limit", "1", "--out", str(out), "--device", device]
    done = CliRunner().invoke(main, args)
    assert done.exit_code == code and not out.exists()
    (line,) = [line for line in done.output.splitlines() if "device" in line]
    assert device in line

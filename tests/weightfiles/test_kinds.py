"""A file that is no checkpoint is named for what it is, with what to do; nothing is unpacked."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from p3mbench.errors import WeightsError
from p3mbench.weights import read_state_dict

TENSORS = {"a.weight": torch.arange(6.0).reshape(2, 3)}


def saved(path: Path) -> Path:
    torch.save(TENSORS, path)
    return path


def zipped(path: Path, files: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def tarred(path: Path, names: list[str], mode: str = "w") -> None:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 3
            archive.addfile(member, io.BytesIO(b"abc"))


def bare_tar(path: Path) -> None:
    """As tar before POSIX wrote it: no mark at byte 257."""
    tarred(path, ["model.pth"])
    content = bytearray(path.read_bytes())
    content[257:265] = bytes(8)
    content[148:156] = b" " * 8
    content[148:156] = f"{sum(content[:512]):06o}\0 ".encode()
    path.write_bytes(content)


def script(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch calls it outdated; files of it are about
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), path)


def onnx(path: Path) -> None:
    path.write_bytes(b"\x08\x07\x12\x07pytorch\x1a\x052.1.0:" + bytes(range(256)) * 8)


def npz(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, a=np.ones(3))


def npy(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.ones(3))


INDEX = {"metadata": {}, "weight_map": {"a": "model-1-of-2.safetensors", "b": "model-2-of-2.st"}}
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 93500123\n"

KINDS: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "TorchScript": (script, ("TorchScript", "torch.jit.load")),
    "ONNX": (onnx, ("ONNX", "exported from")),
    "zip of a checkpoint": (
        lambda p: zipped(p, {"models/best.pth": b"x", "README.md": b"y"}),
        ("zip archive", "unpack", "models/best.pth"),
    ),
    "packed zip": (lambda p: zipped(p, {"a.txt": b"x" * 99}, zipfile.ZIP_DEFLATED), ("zip",)),
    "npz": (npz, ("npz", "torch.save")),
    "keras": (lambda p: zipped(p, {"config.json": b"{}", "model.weights.h5": b"x"}), ("Keras",)),
    "tar": (lambda p: tarred(p, ["x/model.pth"]), ("tar archive", "unpack", "x/model.pth")),
    "tar.gz": (lambda p: tarred(p, ["model.pth"], "w:gz"), ("gzip", "unpack")),
    "bare tar": (bare_tar, ("tar archive", "model.pth")),
    "old torch tar": (
        lambda p: tarred(p, ["sys_info", "pickle", "storages", "tensors"]),
        ("tar format of PyTorch",),
    ),
    "gzip": (lambda p: p.write_bytes(gzip.compress(b"x")), ("gzip", "unpack")),
    "xz": (lambda p: p.write_bytes(b"\xfd7zXZ\x00" + bytes(30)), ("xz archive",)),
    "git-lfs": (lambda p: p.write_bytes(LFS), ("git-lfs pointer", "git lfs pull")),
    "index": (
        lambda p: p.write_text(json.dumps(INDEX)),
        ("index of weights in 2 files", "model-1-of-2.safetensors"),
    ),
    "json": (lambda p: p.write_text('{"hidden": 3}'), ("JSON file",)),
    "deep json": (lambda p: p.write_text("[" * 100_000), ("begins like JSON",)),
    "page": (lambda p: p.write_text(" \n<!DOCTYPE html><title>Sign in</title>"), ("web page",)),
    "page with a mark": (lambda p: p.write_bytes(b"\xef\xbb\xbf<html>no</html>"), ("web page",)),
    "xml": (lambda p: p.write_text("<?xml version='1.0'?><Error>Denied</Error>"), ("XML",)),
    "keras h5": (lambda p: p.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99)), ("HDF5", "Keras")),
    "npy": (npy, ("NumPy array",)),
    "tflite": (lambda p: p.write_bytes(b"\x1c\0\0\0TFL3" + bytes(99)), ("TensorFlow Lite",)),
    "png": (lambda p: p.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99)), ("PNG image",)),
    "text": (lambda p: p.write_text("Quota exceeded, try later\n"), ("text file",)),
    "zeros": (lambda p: p.write_bytes(bytes(1000)), ("only zeros",)),
    "plain pickle": (
        lambda p: p.write_bytes(pickle.dumps({"a": [1.0, 2.0]}, protocol=4)),
        ("pickle that torch.save did not write",),
    ),
    "module": (lambda p: torch.save(torch.nn.Linear(2, 2), p), ("more than tensors",)),
}


@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ""])
@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_kind_is_named_whatever_the_file_is_called(
    tmp_path: Path, kind: str, suffix: str
) -> None:
    make, words = KINDS[kind]
    path = tmp_path / f"w{suffix}"
    make(path)
    with pytest.raises(WeightsError) as caught:
        read_state_dict(path)
    text = str(caught.value)
    assert str(path) in text and "\n" not in text and len(text) - len(str(path)) < 350
    for word in words:
        assert word in text
    assert "another network" not in text


@pytest.mark.parametrize("name", ["w.safetensors", "w.onnx.pth", "w.zip", "w.pth.tar", "w"])
def test_the_content_decides_and_not_the_name(tmp_path: Path, name: str) -> None:
    assert torch.equal(read_state_dict(saved(tmp_path / name))["a.weight"], TENSORS["a.weight"])
    save_file(TENSORS, tmp_path / name)
    assert torch.equal(read_state_dict(tmp_path / name)["a.weight"], TENSORS["a.weight"])


@pytest.mark.parametrize("name", ["archive/data.pkl", "archive/data/0", "x.bin"])
def test_a_zip_bomb_is_refused_by_its_directory(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.pth"
    zipped(path, {name: bytes(64 << 20), "archive/data.pkl2": b""}, zipfile.ZIP_DEFLATED)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the bomb was opened")

    monkeypatch.setattr(zipfile.ZipFile, "open", never)
    monkeypatch.setattr(torch, "load", never)
    with pytest.raises(WeightsError, match=r"would grow to 64\.0 MB"):
        read_state_dict(path)


def test_a_small_checkpoint_that_was_packed_again_is_read(tmp_path: Path) -> None:
    plain, packed = saved(tmp_path / "a.pth"), tmp_path / "b.pth"
    with zipfile.ZipFile(plain) as source:
        zipped(packed, {n: source.read(n) for n in source.namelist()}, zipfile.ZIP_DEFLATED)
    assert torch.equal(read_state_dict(packed)["a.weight"], TENSORS["a.weight"])


def test_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is a folder; give the file in it"):
        read_state_dict(tmp_path)

"""Small ONNX files, and TOML files that describe them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from filemodel_graphs import write_graph
from onnx import helper

HEAD = '[method]\nname = "tiny"\nyear = 2026\n'


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[..., Path]:
    """Write ``tiny.onnx`` (the mean of the channels) and ``tiny.toml``; return the latter."""

    def make(extra: str = "", head: str = HEAD, weights: str = 'file = "tiny.onnx"') -> Path:
        node = helper.make_node("ReduceMean", ["x", "axes"], ["y"], keepdims=1)
        write_graph(
            tmp_path / "tiny.onnx",
            [node],
            {"x": [1, "c", "h", "w"]},
            {"y": [1, 1, "h", "w"]},
            axes=[1],
        )
        toml = tmp_path / "tiny.toml"
        plain = "[input]\nmean = 0\nstd = 1\n"
        toml.write_text(f"{head}[weights]\n{weights}\n{extra or plain}")
        return toml

    return make


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P3MBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("P3MBENCH_WEIGHTS", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))

"""Model files on the command line: register, remove, add weights, show, run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from calls import call
from filemodel_graphs import write_graph
from onnx import helper

from p3mbench.store import Store

TOML = """[method]
name = "tiny"
title = "Tiny"
year = 2026
citation = "none"
train_sets = ["P3M-10k/P3M-500-P"]
[weights]
file = "tiny.onnx"
[input]
mean = 0
std = 1
"""


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("P3MBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("P3MBENCH_WEIGHTS", raising=False)
    node = helper.make_node("ReduceMean", ["x", "axes"], ["y"], keepdims=1)
    shapes = {"x": [1, 3, "h", "w"]}, {"y": [1, 1, "h", "w"]}
    write_graph(tmp_path / "tiny.onnx", [node], *shapes, axes=[1])
    toml = tmp_path / "tiny.toml"
    toml.write_text(TOML)
    return toml


def test_add_registers_a_model_with_its_weights_and_remove_forgets_it(tiny):
    added = call("methods", "add", tiny)
    assert added.exit_code == 0 and "tiny: tiny.onnx, SHA-256" in added.output
    (tiny.parent / "tiny.onnx").unlink()  # the copy in the weights folder counts
    listed = call("methods", "--group", "yours").output
    assert "tiny" in listed and "P3M-500-P" in listed and "ready" in listed
    shown = call("methods", "show", "tiny").output
    assert "declared in: tiny.toml" in shown and "runs: onnx" in shown
    assert call("methods", "add", tiny).exit_code == 0  # the same file again changes nothing
    tiny.write_text(TOML + "# other\n")
    differs = call("methods", "add", tiny)
    assert differs.exit_code == 1 and "p3mbench methods remove tiny" in differs.output
    assert call("methods", "remove", "tiny").exit_code == 0
    assert "unknown registered method 'tiny'" in call("methods", "remove", "tiny").output


def test_names_of_other_methods_and_wrong_files_are_refused(tiny):
    tiny.write_text(TOML.replace('"tiny"', '"modnet"', 1))
    assert "the method modnet exists already" in call("methods", "add", tiny).output
    tiny.write_text("[method]\nname = 3\n")
    refused = call("methods", "add", tiny)
    assert refused.exit_code == 1 and "key 'method.name' must be" in refused.output
    assert refused.output.count("\n") == 1


def test_weights_of_the_zoo_are_added_by_name_and_compared(tiny):
    file = tiny.with_name("tiny.onnx")
    wrong = call("weights", "add", "u2net-human", file)
    assert wrong.exit_code == 1 and "is not the file that" in wrong.output
    right = call("weights", "add", "pp-mattingv2-512", file)
    assert right.exit_code == 0, right.output
    assert "ppmattingv2-stdc1-human_512.onnx" in right.output
    assert "ready" in call("methods", "--name", "pp-mattingv2-512").output
    absent = call("predict", "birefnet-portrait", tiny.parent, "--out", tiny.parent / "out")
    assert "there is no photograph" in absent.output or "weights add" in absent.output


@pytest.mark.slow
def test_a_run_knows_that_the_test_images_were_seen(tiny, p3m_folder, tmp_path):
    out = tmp_path / "out"
    where = ("--benchmark", "p3m500", "--data", p3m_folder, "--out", out, "--jobs", 1)
    done = call("run", "--plugin", tiny, "--methods", "tiny", *where)
    assert done.exit_code == 0, done.output
    with Store(out) as store:
        frame = store.frame()
    seen = frame["flags"].str.contains("seen_in_training")
    assert set(frame["subset"]) == {"P", "NP"} and set(frame[seen]["subset"]) == {"P"}
    assert seen.sum() == (frame["subset"] == "P").sum()
    done = call("run", "--plugin", tiny, "--methods", "tiny", "--dry-run", *where)
    assert "3 done" in done.output
    tiny.write_text(TOML + "# another byte\n")
    again = call("run", "--plugin", tiny, "--methods", "tiny", "--dry-run", *where)
    assert "tiny.toml" in again.output


def test_predict_writes_mattes(tiny, tmp_path):
    import cv2

    cv2.imwrite(str(tmp_path / "photo.png"), np.full((8, 9, 3), 51, np.uint8))
    done = call(
        "predict", "tiny", tmp_path / "photo.png", "--plugin", tiny, "--out", tmp_path / "mattes"
    )
    assert done.exit_code == 0, done.output
    assert cv2.imread(str(tmp_path / "mattes" / "photo.png"), 0)[0, 0] == 51


@pytest.mark.slow
def test_torchscript_needs_trust(tmp_path, monkeypatch):
    import os

    import cv2
    import torch

    class Mean(torch.nn.Module):
        def forward(self, x):
            return x.mean(1, keepdim=True)

    monkeypatch.delenv("P3MBENCH_TRUST", raising=False)
    with pytest.warns(DeprecationWarning):
        torch.jit.save(torch.jit.trace(Mean(), torch.zeros(1, 3, 4, 4)), tmp_path / "mean.pt")
    toml = tmp_path / "mean.toml"
    toml.write_text(TOML.replace("tiny.onnx", "mean.pt").replace('"tiny"', '"mean"'))
    cv2.imwrite(str(tmp_path / "photo.png"), np.full((8, 9, 3), 51, np.uint8))
    ask = ("predict", "mean", tmp_path / "photo.png", "--plugin", toml, "--out", tmp_path / "out")
    refused = call(*ask)
    assert refused.exit_code == 1 and "run again with --trust" in refused.output
    assert call(*ask, "--trust").exit_code == 0
    assert "P3MBENCH_TRUST" not in os.environ

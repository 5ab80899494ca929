"""Model files as methods: found, loaded, refused, registered and run."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from filemodel_graphs import write_graph
from onnx import helper

from p3mbench import checkpoints
from p3mbench.errors import MethodError, WeightsError
from p3mbench.fingerprint import Fingerprints
from p3mbench.registry import find, get
from p3mbench.testing import check_method
from p3mbench.weights import find_checkpoint, needs_weights

IMAGE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


def loaded(toml: Path, name: str = "tiny"):
    method = get(name, [toml])
    return method.load("cpu", find_checkpoint(method.info))


def test_a_file_is_a_method(tiny):
    toml = tiny()
    method = get("tiny", [toml])
    assert method.info.learned and method.info.strategies == ("native",)
    copy = pickle.loads(pickle.dumps(method))  # noqa: S301 - made in this line
    assert copy == method and copy.info == method.info and hash(copy) == hash(method)
    alpha = loaded(toml).predict(IMAGE)
    assert alpha == pytest.approx(IMAGE.mean(axis=2) / 255, abs=1e-6)
    assert alpha.dtype == np.float32


def test_it_passes_the_conformance_test(tiny):
    method = get("tiny", [tiny()])
    found = check_method(method, weights=find_checkpoint(method.info))
    assert [str(one) for one in found if one.status == "failed"] == []


def test_the_key_covers_the_toml_and_onnxruntime(tiny):
    toml = tiny()
    before = Fingerprints().of(get("tiny", [toml]))
    assert "tiny.toml" in dict(before.files) and "onnxruntime" in dict(before.libraries)
    toml.write_text(toml.read_text() + "# another byte\n")
    after = Fingerprints().of(get("tiny", [toml]))
    assert after.sha256 != before.sha256
    assert before.changed_file() == "tiny.toml"


def test_reading_toml_imports_no_engine():
    code = (
        "import sys, p3mbench; names = [i.name for i in p3mbench.list_methods()];"
        "assert 'birefnet-portrait' in names;"
        "heavy = {'torch', 'onnxruntime', 'transformers', 'cv2'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_wrong_file_is_one_line_and_the_others_stay(tiny, tmp_path):
    (tmp_path / "home" / "methods").mkdir(parents=True)
    (tmp_path / "home" / "methods" / "odd.toml").write_text("[method]\nnam = 1\n")
    entries = {entry.name: entry for entry in find()}
    assert "unknown key 'method.nam'; did you mean method.name?" in str(entries["odd"].problem)
    assert entries["coarse"].method is not None
    with pytest.raises(MethodError, match="does not exist"):
        get("x", [tmp_path / "missing.toml"])


@pytest.mark.parametrize("content", [b"", b"<!DOCTYPE html><html></html>", b"\x08\x08junk", b"PK"])
def test_other_files_are_refused_with_a_line(tiny, tmp_path, content):
    method = get("tiny", [tiny()])
    wrong = tmp_path / "wrong.onnx"
    wrong.write_bytes(content)
    with pytest.raises(WeightsError, match="wrong.onnx") as caught:
        method.load("cpu", wrong)
    assert "\n" not in str(caught.value)


def test_a_definition_that_contradicts_the_graph_names_its_key(tiny, tmp_path):
    with pytest.raises(MethodError, match="key 'output.index': tiny.onnx has no output 3"):
        loaded(tiny("[output]\nindex = 3\n"))
    with pytest.raises(MethodError, match="the model has no input 'img'"):
        loaded(tiny('[input]\nname = "img"\n'))
    with pytest.raises(MethodError, match="key 'input.constants.r': tiny.onnx has no such input"):
        loaded(tiny("[input]\nconstants = {r = 0}\n"))
    with pytest.raises(MethodError, match="the file gives 2"):
        loaded(tiny('[input]\ntrimap = "separate"\n'))
    write_graph(
        tmp_path / "tiny.onnx",
        [helper.make_node("Identity", ["x"], ["y"])],
        {"x": [1, 3, 8, 8]},
        {"y": [1, 3, 8, 8]},
    )
    toml = tmp_path / "tiny.toml"
    toml.write_text(toml.read_text().split("[input]")[0] + "[input]\nsize = 16\n")
    with pytest.raises(MethodError, match=r"key 'input.size' is \[16, 16\], but .* only \[8, 8\]"):
        loaded(toml)


def test_further_inputs_can_be_constants(tiny, tmp_path):
    """As for RVM: states of zeros, and a ratio that depends on the image."""
    toml = tiny('[input]\nmean = 0\nstd = 1\nconstants = {r = 0.25, s = "15/longest"}\n')
    write_graph(
        tmp_path / "tiny.onnx",
        [
            helper.make_node("ReduceMean", ["x", "axes"], ["m"], keepdims=1),
            helper.make_node("Mul", ["m", "s"], ["h"]),
            helper.make_node("Add", ["h", "r"], ["y"]),
        ],
        {"x": [1, 3, "h", "w"], "r": ["a", "b", "c", "d"], "s": [1]},
        {"y": [1, 1, "h", "w"]},
        axes=[1],
    )
    alpha = loaded(toml).predict(IMAGE)
    assert alpha == pytest.approx(IMAGE.mean(axis=2) / 255 / 2 + 0.25, abs=1e-6)


def test_weights_are_those_that_the_file_declares(tiny, tmp_path):
    digest = checkpoints.sha256_of(tiny().with_name("tiny.onnx"))
    declared = f'file = "tiny.onnx"\nsha256 = "{digest}"\nurl = "https://example.org/t"'
    toml = tiny(weights=declared)
    info = get("tiny", [toml]).info
    assert checkpoints.found(info)[0].name == "tiny"
    other = tmp_path / "download.onnx"
    other.write_bytes((tmp_path / "tiny.onnx").read_bytes())
    assert checkpoints.given(info, other, None).name == "tiny"
    other.write_bytes(b"\x08\x08 something else")
    assert checkpoints.given(info, other, None).name == "download"
    with pytest.raises(WeightsError, match="is not the file that .*tiny.toml declares"):
        checkpoints.add(other, info, "", "", ())
    (tmp_path / "tiny.onnx").write_bytes(other.read_bytes())
    with pytest.raises(WeightsError, match="sha256 .* get it again: https://example.org/t"):
        checkpoints.found(info)


def test_missing_weights_get_one_line_with_their_place():
    info = get("birefnet-portrait").info
    assert find_checkpoint(info) is None
    text = needs_weights(info)
    assert "BiRefNet-portrait-epoch_150.onnx" in text
    assert "p3mbench weights add birefnet-portrait FILE" in text


def test_the_cache_of_hugging_face_is_searched(tmp_path):
    info = get("modnet-onnx").info
    folder = tmp_path / "hub" / "hub" / "models--Xenova--modnet"
    snapshot = folder / "snapshots" / "abc" / "onnx"
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("abc")
    (snapshot / "model.onnx").write_bytes(b"x")
    assert find_checkpoint(info) == snapshot / "model.onnx"


@pytest.mark.slow
def test_torchscript_runs_only_if_trusted(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")

    class Mean(torch.nn.Module):
        def forward(self, x):
            return x.mean(1, keepdim=True)

    with pytest.warns(DeprecationWarning):
        traced = torch.jit.trace(Mean(), torch.zeros(1, 3, 4, 4))
        torch.jit.save(traced, tmp_path / "mean.pt")
    toml = tmp_path / "mean.toml"
    toml.write_text(
        '[method]\nname = "mean"\nyear = 2026\n[weights]\nfile = "mean.pt"\n'
        "[input]\nmean = 0\nstd = 1\n"
    )
    with pytest.raises(MethodError, match="a program .* run again with --trust"):
        loaded(toml, "mean")
    monkeypatch.setenv("P3MBENCH_TRUST", "1")
    assert loaded(toml, "mean").predict(IMAGE) == pytest.approx(IMAGE.mean(axis=2) / 255, abs=1e-6)


def test_the_list_of_a_run_is_json(tiny):
    """Options and info of a model file can be written into records."""
    assert json.dumps(get("tiny", [tiny()]).info.facts) == '[["runs", "onnx"]]'

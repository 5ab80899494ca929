"""The functions that Python programs call, and what they return."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import p3mbench
from p3mbench.errors import StoreError, WeightsError
from p3mbench.harness.request import RunRequest


def test_the_package_lists_what_it_offers() -> None:
    names = {"run", "load_results", "evaluate", "list_methods", "load_method", "metrics"}
    names |= {"RunRequest", "Results", "P3MBenchError", "__version__"}
    assert set(dir(p3mbench)) == set(p3mbench.__all__) == names
    assert all(getattr(p3mbench, name) is not None for name in names)
    with pytest.raises(AttributeError, match="no attribute 'runn'"):
        p3mbench.runn  # noqa: B018


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, p3mbench; dir(p3mbench); print(sorted({'torch', 'pandas', 'numpy', "
    code += "'cv2', 'click', 'jinja2', 'matplotlib'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_request_alone_is_enough(tmp_path: Path) -> None:
    request = RunRequest(("coarse",), variants=("B",), limit=1, out=tmp_path, dry_run=True)
    results = p3mbench.run(request)
    assert results.folder == tmp_path and results.outcome.todo == 2
    with pytest.raises(TypeError, match="alone"):
        p3mbench.run(request, limit=2)


def test_a_bar_shows_progress(tmp_path: Path, capsys, plugin_file: Path) -> None:
    asked = {"limit": 1, "variants": "B", "jobs": 1, "plugins": plugin_file}
    results = p3mbench.run("grey", out=tmp_path / "o", progress=True, **asked)
    assert "2/2" in capsys.readouterr().err and len(results.scores) == 2


def test_two_arrays_are_scored() -> None:
    alpha = np.zeros((8, 8), np.uint8)
    alpha[2:6, 2:6] = 255
    found = p3mbench.evaluate(alpha, alpha, metrics="sad, mse")
    assert found == {"sad": 0.0, "mse": 0.0} and "no_unknown" not in found
    with pytest.raises(TypeError, match="two arrays or two folders"):
        p3mbench.evaluate(alpha, "folder")  # type: ignore[call-overload]


def test_two_folders_are_scored(tmp_path: Path) -> None:
    for folder in ("pred", "gt", "trimaps"):
        (tmp_path / folder).mkdir()
        for name, level in (("a", 255), ("b", 128)):
            square = np.zeros((8, 8), np.uint8)
            square[2:6, 2:6] = 128 if folder == "trimaps" else level
            square[3, 3] = 255
            cv2.imwrite(str(tmp_path / folder / f"{name}.png"), square)
    cv2.imwrite(str(tmp_path / "pred" / "extra.png"), np.zeros((8, 8), np.uint8))
    found = p3mbench.evaluate(
        tmp_path / "pred", str(tmp_path / "gt"), tmp_path / "trimaps", metrics=["sad", "sad_t"]
    )
    assert list(found.columns) == ["image", "status", "reason", "flags", "sad", "sad_t"]
    assert list(found["image"]) == ["a", "b", "extra"]
    assert list(found["status"]) == ["ok", "ok", "skipped"]
    assert found["sad"][0] == 0.0


def test_results_that_are_not_there() -> None:
    with pytest.raises(StoreError, match="contains no results"):
        p3mbench.load_results("nowhere")


@pytest.mark.parametrize("name", ["nano-C", "missing.pth"])
def test_unknown_weights_name_what_ships(name: str) -> None:
    with pytest.raises(WeightsError, match="there are .*nano-B, nano-N.*useless on photographs"):
        p3mbench.load_method("modnet", weights=name, device="cpu")
    with pytest.raises(WeightsError, match="needs weights: put .*; there are nano-B"):
        p3mbench.load_method("modnet", device="cpu")


def test_a_method_of_a_plugin_loads(plugin_file: Path) -> None:
    predictor = p3mbench.load_method("grey", plugins=plugin_file, level=0.5)
    assert predictor.predict(np.zeros((2, 3, 3), np.uint8)).max() == 0.5
    assert p3mbench.load_method("grey", plugins=[str(plugin_file)]) is not None


@pytest.mark.slow
def test_networks_that_ship_load_by_name() -> None:
    predictor = p3mbench.load_method("modnet", weights="nano-B", device="cpu")
    matte = predictor.predict(np.zeros((64, 48, 3), np.uint8))
    assert matte.shape == (64, 48) and matte.dtype == np.float32

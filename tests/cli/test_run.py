"""``p3mbench run``: the plan, the tables, exit codes and what the manifest says."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from calls import call

from p3mbench.images import read_alpha


def test_run_shows_a_plan_what_cannot_run_and_a_table(stored, tmp_path, p3m_folder, plugin_file):
    result = call(
        *("run", "--methods", "all", "--plugin", plugin_file, "--benchmark", "p3m500"),
        *("--data", p3m_folder, "--out", stored, "--dry-run"),
    )
    assert "0, 3 done" in result.output
    assert "p3mnet-r34: needs weights" in " ".join(result.output.split())
    assert "never released" in " ".join(result.output.split())
    assert "3 of the 500 images of p3m500 P; a subset" in result.output


def test_run_ends_with_a_table(stored, p3m_folder, plugin_file):
    args = ("--benchmark", "p3m500", "--data", p3m_folder, "--out", stored, "--jobs", 1)
    again = call("run", "--methods", "coarse", "--trimap", "kernel-5", *args)
    assert again.exit_code == 0
    assert "Coarse" in again.output
    assert "Grey" in again.output  # the store is reported, not the run
    nothing = call("run", "--methods", "coarse", *args)
    assert nothing.exit_code == 0 and "nothing left to do: 5 rows are stored" in nothing.output


def test_a_run_of_which_nothing_can_run_fails(tmp_path, p3m_folder):
    """A batch job must not end well with nothing done."""
    args = ("run", "--methods", "hatt", "--benchmark", "p3m500", "--data", p3m_folder)
    args += ("--out", tmp_path / "out")
    result = call(*args)
    assert result.exit_code == 1
    assert "nothing was run on p3m500" in result.output and "needs weights" in result.output
    assert "0 of the" not in result.output
    assert call(*args, "--dry-run").exit_code == 0


def test_the_manifest_says_what_ran_where(stored, p3m_folder):
    (manifest,) = json.loads((stored / "manifest.json").read_text())
    assert manifest["options"]["benchmark"] == "p3m500"
    assert set(manifest["methods"]) == {"grey", "coarse"}
    assert "numpy" in manifest["environment"]["versions"]
    assert len(manifest["data_sha256"]) == 64


def spoil_mask(folder: Path) -> Path:
    path = folder / "validation" / "P3M-500-P" / "mask" / "p_1.png"
    cv2.imwrite(str(path), np.dstack([read_alpha(path)] * 3 + [read_alpha(path)]))
    return path


def test_images_that_fail_are_listed_and_the_exit_code_says_so(tmp_path, p3m_folder):
    spoil_mask(p3m_folder)
    result = call(
        *("run", "--methods", "coarse", "--benchmark", "p3m500", "--data", p3m_folder),
        *("--out", tmp_path / "out", "--jobs", 1),
    )
    assert result.exit_code == 3
    assert "1 images failed" in result.stderr
    assert "cut-out with transparency" in " ".join(result.stderr.split())

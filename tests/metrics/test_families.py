"""A new metric is one file: a family with a region of its own, put into a copy of the package."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import p3mbench
from p3mbench.metrics.families import families

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"


def documented() -> str:
    """The file that the documentation shows: SAD over the 10 pixels around the face."""
    found = re.search(r"```python\n(\"\"\"SAD over a ring.*?)```", DOCS.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the package, one file more in it."""
    folder = tmp_path_factory.mktemp("copied")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(p3mbench.__file__).parent, folder / "p3mbench", ignore=ignored)
    (folder / "p3mbench/metrics/families/ring.py").write_text(documented())
    return folder


def run(copied: Path, *command: str) -> str:
    """What a command prints with the copy in the place of the package."""
    environment = {**os.environ, "PYTHONPATH": str(copied), "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, *command],
        env=environment, cwd=copied, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_file_declares_a_family() -> None:
    names = [metric.name for family in families() for metric in family.metrics]
    assert names[0] == "sad" and len(set(names)) == len(names)


def test_a_file_is_a_metric_of_score(copied: Path) -> None:
    rng = np.random.default_rng(0)
    pred, alpha = rng.integers(0, 256, (2, 60, 50), dtype=np.uint8)
    face = np.zeros((60, 50), bool)
    face[20:40, 15:30] = True
    around = cv2.dilate(face.astype(np.uint8), np.ones((21, 21))) > 0
    wanted = np.abs(pred / 255 - alpha / 255)[around & ~face].sum() / 1000
    np.savez(copied / "arrays.npz", pred=pred, alpha=alpha, face=face)
    code = (
        "import json, numpy as np\n"
        "from p3mbench.metrics import METRICS, REGIONS, score\n"
        "a = np.load('arrays.npz')\n"
        "whole = score(a['pred'], a['alpha'], face=a['face'])\n"
        "empty = score(a['pred'], a['alpha'], face=a['face'] & False)\n"
        "print(json.dumps([list(METRICS), whole, empty.flags]))\n"
    )
    names, whole, flags = json.loads(run(copied, "-c", code))
    assert names[-1] == "sad_ring" and list(whole)[-1] == "sad_ring"
    assert whole["sad_ring"] == pytest.approx(wanted, rel=1e-12)
    assert "no_ring" in flags


@pytest.mark.slow
def test_a_file_is_a_column_of_tables_and_csv(copied: Path) -> None:
    """From a run over a benchmark to a report, with no other line of code."""
    run(
        copied, "-m", "p3mbench", "run", "--benchmark", "mini", "--methods", "coarse", "--limit",
        "2", "--out", "store",
    )  # fmt: skip
    report = ("-m", "p3mbench", "report", "--results", "store")
    shown = run(copied, *report, "--metrics", "sad,sad_ring", "--all")
    assert "SAD-RING" in shown and "a ring around the face" in shown
    rows = list(csv.DictReader(run(copied, *report, "--per-image", "--format", "csv").splitlines()))
    values = [float(row["sad_ring"]) for row in rows]
    assert len(values) == 8 and all(0 < value < float(row["sad"])
                                    for value, row in zip(values, rows, strict=True))  # fmt: skip

"""Write the corpus of bad inputs as a table: the damage, and the message of the command line.

Run it from a checkout: python benchmarks/robustness/inputs.py [--out F]. The cases are those of
tests/cli/test_run_bad_inputs.py.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[2]


def load(path: Path) -> Any:
    """Import a test module by its file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def data(root: Path, common: Any) -> None:
    """Two images in P, two in NP, as the tests have them."""
    height, width = 96, 64
    y, x = np.mgrid[:height, :width]
    distance = np.hypot(y - 40, x - 32)
    arrays = {
        "image": np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8),
        "alpha": np.rint(np.clip((26 - distance) / 8 + 0.5, 0, 1) * 255).astype(np.uint8),
        "trimap": np.select([distance < 18, distance > 34], [255, 0], 128).astype(np.uint8),
    }
    validation = root / "validation"
    common.write_subset(validation / "P3M-500-P", arrays, ["p_1", "p_2"], "blurred_image")
    common.write_subset(validation / "P3M-500-NP", arrays, ["n_1", "n_2"], "original_image")


def outcome(case: Any, result: Any, folder: Path) -> str:
    """Return the line with the message, without paths of this machine."""
    if not case.words:
        return "scored" if result.exit_code == 0 else f"exit code {result.exit_code}"
    text = " ".join((result.stdout + " " + result.stderr).split())
    if result.exit_code == 3:
        with closing(sqlite3.connect(folder / "out" / "store.sqlite")) as db:
            (text,) = db.execute("SELECT reason FROM rows WHERE status != 'ok'").fetchone()
    for path in (folder / "P3M-10k" / "validation" / "P3M-500-P", folder / "P3M-10k", folder):
        text = text.replace(f"{path}/", "").replace(str(path), "data")
    start = max(text.find("Error:"), 0)
    if "cannot run" in text and case.words not in text[start:]:  # the plan says it, in the middle
        start = text.rfind(" ", 0, max(text.find(case.words) - 60, 0)) + 1
    return text[start : start + 200].strip().replace("|", "\\|").replace("<", "&lt;")


def main() -> None:
    """Run the corpus and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "bad_inputs.md")
    args = parser.parse_args()
    common, corpus = (
        load(ROOT / "tests" / "conftest.py"),
        load(ROOT / "tests" / "cli" / "test_run_bad_inputs.py"),
    )
    cv2.setNumThreads(1)
    lines = []
    for case in corpus.CASES:
        if case.name == "image unreadable" and os.geteuid() == 0:
            continue
        folder = Path(tempfile.mkdtemp())
        try:
            place = corpus.Place(folder / "P3M-10k", folder / "out")
            data(place.root, common)
            case.damage(place)
            result = corpus.call(place, case)
            lines.append(f"| {case.name} | {result.exit_code} | {outcome(case, result, folder)} |")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    text = f"""# Bad inputs

Made by `benchmarks/robustness/inputs.py` on {date.today()} from the {len(lines)} cases of
`tests/cli/test_run_bad_inputs.py`, which checks each of them. None ends in a traceback or
damages a store.

| input | exit code | outcome |
| --- | --: | --- |
"""
    args.out.write_text(text + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Stores that tests of several commands read; lets the tests of this folder import ``calls``."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from calls import call


@pytest.fixture
def stored(tmp_path: Path, p3m_folder: Path, plugin_file: Path) -> Path:
    out = tmp_path / "out"
    result = call(
        *("run", "--methods", "grey,coarse", "--plugin", plugin_file, "--benchmark", "p3m500"),
        *("--data", p3m_folder, "--out", out, "--jobs", 1),
    )
    assert result.exit_code == 0, result.output
    return out


@pytest.fixture
def both_variants(tmp_path: Path, p3m_folder: Path) -> Path:
    """A store with both test variants of P, and the mattes."""
    subset = p3m_folder / "validation" / "P3M-500-P"
    shutil.copytree(subset / "blurred_image", subset / "original_image")
    out = tmp_path / "both"
    call(
        *("run", "--methods", "coarse", "--benchmark", "p3m500", "--data", p3m_folder),
        *("--out", out, "--jobs", 1, "--save-alphas"),
    )
    return out

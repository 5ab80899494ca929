"""Stores that tests of several commands read; lets the tests of this folder import ``calls``.

The runs behind them are made once per test process. A test gets a copy of the store, which it may
change; the images that the store names are the shared ones, which no test may touch.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from calls import finished


@pytest.fixture(scope="session")
def stored_once(
    tmp_path_factory: pytest.TempPathFactory, p3m_once: Path, plugin_once: Path
) -> Path:
    out = tmp_path_factory.mktemp("stored") / "out"
    return finished(out, p3m_once, "--methods", "grey,coarse", "--plugin", plugin_once)


@pytest.fixture(scope="session")
def both_variants_once(tmp_path_factory: pytest.TempPathFactory, p3m_once: Path) -> Path:
    root = tmp_path_factory.mktemp("both")
    data = Path(shutil.copytree(p3m_once, root / "P3M-10k"))
    subset = data / "validation" / "P3M-500-P"
    shutil.copytree(subset / "blurred_image", subset / "original_image")
    return finished(root / "both", data, "--methods", "coarse", "--save-alphas")


@pytest.fixture
def stored(tmp_path: Path, stored_once: Path) -> Path:
    """A store of two methods on all images as they were released."""
    return Path(shutil.copytree(stored_once, tmp_path / "out"))


@pytest.fixture
def both_variants(tmp_path: Path, both_variants_once: Path) -> Path:
    """A store with both test variants of P, and the mattes."""
    return Path(shutil.copytree(both_variants_once, tmp_path / "both"))

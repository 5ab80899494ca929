"""Where the golden values of training are; lets the tests of this folder import ``official``."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def load_golden() -> Callable[[str], Any]:
    """What the fixture ``golden`` of ``tests/methods`` is."""
    path = Path(__file__).parents[1] / "methods" / "conftest.py"
    spec = importlib.util.spec_from_file_location("golden_of_networks", path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Golden  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def network_golden() -> Callable[[str], Any]:
    """See `load_golden`."""
    return load_golden()


@pytest.fixture(scope="session")
def training_golden(request: pytest.FixtureRequest) -> Path:
    """The folder with ``losses/`` and ``step/``: the reference data's, else the copy beside this.

    Another case may be laid over the reference data's ``losses/``.
    """
    try:
        folder = Path(request.getfixturevalue("shared")) / "golden" / "training"
    except pytest.skip.Exception:
        folder = Path()
    return folder if (folder / "losses").is_dir() else Path(__file__).parent / "golden"

"""What the tests of formats share: a report, and the folders of their helpers."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import pytest
from looking import usual

from p3mbench.report import Report


@pytest.fixture(scope="session")
def report() -> Report:
    return usual()

"""What the tests of formats share: a report, and the folders of their helpers."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import pytest
from fake import rows
from nasty_report import QUICK

from p3mbench.report import Report, build


@pytest.fixture(scope="session")
def report() -> Report:
    return build(rows(), how=QUICK)

"""What the tests of plots share: rows, and every picture of them, drawn once per session."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import pandas as pd
import pytest
from fake import DEFAULT, rows

from p3mbench.report import build
from p3mbench.report.analysis import Comparison
from p3mbench.report.plots import Drawn, draw_all
from p3mbench.stats import Bootstrap

QUICK = Bootstrap(resamples=99)
MOSAIC = "mosaic-0.10"


@pytest.fixture(scope="session")
def frame() -> pd.DataFrame:
    """Trimap-free and trimap-based methods, with what every plot needs."""
    made = rows(images=8)
    made["sad_face"] = made["sad"] / 20
    made["parameters"] = 1_000_000
    return made


@pytest.fixture(scope="session")
def comparisons(frame: pd.DataFrame) -> tuple[Comparison, ...]:
    return build(frame, how=QUICK).comparisons


@pytest.fixture(scope="session")
def free(comparisons: Sequence[Comparison]) -> Comparison:
    """The trimap-free methods."""
    return next(one for one in comparisons if one.entries.kind == "trimap-free")


@pytest.fixture(scope="session")
def drawn(comparisons: Sequence[Comparison]) -> list[Drawn]:
    return list(draw_all(comparisons, ".svg"))


@pytest.fixture(scope="session")
def many_frame() -> pd.DataFrame:
    """The first three methods on B, N and a mosaic; one of them was trained on the mosaic too."""
    mosaic = [
        replace(fake, variants=(MOSAIC,), level=fake.level * 2, obfuscation="mosaic 0.1")
        for fake in DEFAULT[:2]
    ]
    trained = replace(DEFAULT[0], train=MOSAIC, checkpoint="m.pth", variants=("B", "N"), level=11.0)
    also = replace(trained, variants=(MOSAIC,), obfuscation="mosaic 0.1")
    made = rows([*DEFAULT[:2], *mosaic, trained, also], images=8)
    made["sad_face"] = made["sad"] / 20
    return made


@pytest.fixture(scope="session")
def many(many_frame: pd.DataFrame) -> Comparison:
    """Methods on three variants."""
    (found,) = build(many_frame, how=QUICK).comparisons
    return found

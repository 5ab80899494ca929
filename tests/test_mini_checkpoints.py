"""The thin networks that ship with `mini` have learned something."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from p3mbench.benchmark import get, open_benchmark
from p3mbench.cli import main
from p3mbench.data.sample import TrimapSource
from p3mbench.method import missing_extra
from p3mbench.registry import find
from p3mbench.store import Store

ROOT = Path(__file__).resolve().parents[1]
IMAGES = 4


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Rows of every learned method and of the floors on the first images of P and NP."""
    out = tmp_path_factory.mktemp("mini")
    learned = [
        e.name
        for e in find()
        if e.method is not None and e.method.info.learned and not missing_extra(e.method.info)
    ]
    names = [*learned, "coarse", "all-background", "all-foreground"]
    arguments = ["run", "--methods", ",".join(names), "--limit", str(IMAGES), "--out", str(out)]
    arguments += ["--plugin", str(ROOT / "benchmarks" / "mini" / "floors.py"), "--jobs", "1"]
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    with Store(out) as store:
        frame = store.frame()
    assert (frame["status"] == "ok").all()
    assert set(frame["method"]) == set(names)
    return frame


def as_trained(frame: pd.DataFrame) -> pd.DataFrame:
    """Of learned methods, the rows whose test faces look like those in training."""
    blurred = frame["train_setting"].str.startswith("B")
    return frame[frame["learned"] & (blurred == (frame["variant"] == "B"))]


@pytest.mark.slow
def test_trimap_free_networks_beat_every_guess(scores: pd.DataFrame) -> None:
    """Also the mean of the very alphas that are tested, which no guess could know."""
    samples = open_benchmark(get("mini"), None).subsets
    alphas = [
        np.asarray(sample.load("N", TrimapSource()).alpha, np.float64) / 255
        for subset in samples
        for sample in subset.samples[:IMAGES]
    ]
    mean = np.mean(alphas, axis=0)
    guesses = [float(np.mean([np.abs(a - mean).sum() / 1000 for a in alphas]))]
    free = scores[scores["kind"] == "trimap-free"]
    for name in ("all-background", "all-foreground"):
        guesses.append(float(free[free["method"] == name]["sad"].mean()))
    means = as_trained(free).groupby("checkpoint")["sad"].mean()
    assert len(means) >= 30
    assert means.max() < 0.95 * min(guesses), (means.sort_values().tail(5), guesses)
    assert means.median() < 0.6 * min(guesses), means.sort_values()


@pytest.mark.slow
def test_trimap_based_networks_beat_the_trimap(scores: pd.DataFrame) -> None:
    based = scores[scores["kind"] == "trimap-based"]
    floor = based[based["method"] == "coarse"]["sad_t"].mean()
    means = as_trained(based).groupby("checkpoint")["sad_t"].mean()
    assert len(means) >= 14
    assert means.max() < 0.8 * floor, (means.sort_values().tail(5), floor)
    assert means.median() < 0.3 * floor, means.sort_values()


@pytest.mark.slow
def test_every_checkpoint_says_what_it_is(scores: pd.DataFrame) -> None:
    learned = scores[scores["learned"]]
    assert (learned["checkpoint_sha256"].str.len() == 64).all()
    for method, part in learned.groupby("method"):
        assert {"B", "N"} <= set(part["train_setting"]), method

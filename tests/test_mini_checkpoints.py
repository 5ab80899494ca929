"""The thin networks that ship with `mini` have learned something.

They are loaded and scored here in one process, on images whose faces look as in training. That they
run in the harness is tested elsewhere.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from p3mbench.benchmark import get, open_benchmark
from p3mbench.data.sample import Scene, TrimapSource
from p3mbench.harness.contenders import Contender, Request, contenders
from p3mbench.method import Kind, missing_extra, paste_known
from p3mbench.metrics import score
from p3mbench.registry import find
from p3mbench.training.recipe import Trainable

ROOT = Path(__file__).resolve().parents[1]
IMAGES = 4
FLOORS = ("coarse", "all-background", "all-foreground")


@pytest.fixture(scope="module")
def scenes() -> dict[str, list[Scene]]:
    """The first images of P and NP, by variant."""
    samples = [
        s for subset in open_benchmark(get("mini"), None).subsets for s in subset.samples[:IMAGES]
    ]
    return {variant: [s.load(variant, TrimapSource()) for s in samples] for variant in "BN"}


@pytest.fixture(scope="module")
def scores(scenes: dict[str, list[Scene]]) -> pd.DataFrame:
    """A row per image of every checkpoint, faces as in its training, and of the floors."""
    found = find([ROOT / "benchmarks" / "mini" / "floors.py"])
    methods = [
        e.method
        for e in found
        if e.method is not None
        and (
            e.name in FLOORS
            or (isinstance(e.method, Trainable) and not missing_extra(e.method.info))
        )
    ]
    ready, blocked = contenders(Request(tuple(methods), ("B", "N")), get("mini").checkpoints)
    assert not blocked
    torch.set_num_threads(1)
    return pd.DataFrame([row for one in ready for row in rows_of(one, scenes)])


def rows_of(contender: Contender, scenes: dict[str, list[Scene]]) -> list[dict[str, object]]:
    """Scores of one contender."""
    info, weights = contender.method.info, contender.weights
    predictor = contender.method.load("cpu", weights.path if weights else None)
    rows: list[dict[str, object]] = []
    for scene in scenes["B" if weights and weights.train_setting.startswith("B") else "N"]:
        trimap = scene.trimap if info.needs_trimap else None
        alpha = predictor.predict(scene.image.copy(), trimap)
        if trimap is not None:
            alpha = paste_known(alpha, trimap)
        found = score(alpha, scene.alpha, scene.trimap, metrics=("sad", "sad_t"))
        rows.append(
            {
                "method": info.name,
                "based": info.kind is Kind.TRIMAP_BASED,
                "learned": info.learned,
                "checkpoint": weights.name if weights else "",
                "sha256": weights.sha256 if weights else "",
                "train_setting": weights.train_setting if weights else "-",
                **found,
            }
        )
    return rows


@pytest.mark.slow(13)
def test_trimap_free_networks_beat_every_guess(
    scores: pd.DataFrame, scenes: dict[str, list[Scene]]
) -> None:
    """Also the mean of the very alphas that are tested, which no guess could know."""
    alphas = [np.asarray(scene.alpha, np.float64) / 255 for scene in scenes["N"]]
    mean = np.mean(alphas, axis=0)
    guesses = [float(np.mean([np.abs(a - mean).sum() / 1000 for a in alphas]))]
    free = scores[~scores["based"]]
    for name in ("all-background", "all-foreground"):
        guesses.append(float(free[free["method"] == name]["sad"].mean()))
    means = free[free["learned"]].groupby("checkpoint")["sad"].mean()
    assert len(means) >= 30
    assert means.max() < 0.95 * min(guesses), (means.sort_values().tail(5), guesses)
    assert means.median() < 0.6 * min(guesses), means.sort_values()


@pytest.mark.slow
def test_trimap_based_networks_beat_the_trimap(scores: pd.DataFrame) -> None:
    based = scores[scores["based"]]
    floor = based[based["method"] == "coarse"]["sad_t"].mean()
    means = based[based["learned"]].groupby("checkpoint")["sad_t"].mean()
    assert len(means) >= 14
    assert means.max() < 0.8 * floor, (means.sort_values().tail(5), floor)
    assert means.median() < 0.3 * floor, means.sort_values()


@pytest.mark.slow
def test_every_checkpoint_says_what_it_is(scores: pd.DataFrame) -> None:
    learned = scores[scores["learned"]]
    assert (learned["sha256"].str.len() == 64).all()
    for method, part in learned.groupby("method"):
        assert {"B", "N"} <= set(part["train_setting"]), method

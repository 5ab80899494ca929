"""A metric declared the documented way is computed right, or refused when it is declared."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from types import MappingProxyType

import literal
import numpy as np
import pytest
from mattes import draw_bytes

from p3mbench.metrics import (
    CONVENTIONS,
    METRICS,
    REGIONS,
    Metric,
    Region,
    boundary_mask,
    score,
    scores,
)
from p3mbench.metrics.family import MEASURES
from p3mbench.metrics.table import by_name, regions_of

SHAPE = (41, 37)


def scene(seed: int = 5):
    random = np.random.default_rng(seed)
    alpha = draw_bytes("soft", SHAPE, random)
    pred = np.clip(alpha.astype(int) + random.integers(-60, 60, SHAPE), 0, 255).astype(np.uint8)
    trimap = random.choice(np.array([0, 128, 255], np.uint8), SHAPE)
    return pred, alpha, trimap, random.random(SHAPE) < 0.3


@pytest.fixture
def every(monkeypatch: pytest.MonkeyPatch) -> dict[str, Metric]:
    """A table with a row for every measure of every region."""
    rows = {
        f"{measure}{region.suffix}": Metric(f"{measure}{region.suffix}", "X", region, 2)
        for measure, region in itertools.product(MEASURES, REGIONS.values())
    }
    from p3mbench.metrics import conventions

    for module in (conventions, scores):
        monkeypatch.setattr(module, "METRICS", MappingProxyType(rows))
    return rows


def reference(name: str, row: Metric, convention: str, inputs) -> float:
    """By the definitions, with none of the code under test."""
    pred, alpha, trimap, face = inputs
    chosen = CONVENTIONS[convention]
    whole = np.ones(SHAPE, bool)
    if chosen.paste_known:
        pred = literal.paste(pred, trimap)
    region = {
        "image": whole,
        "unknown": trimap == 128,
        "foreground": trimap == 255,
        "background": trimap == 0,
        "boundary": boundary_mask(alpha) > 0,
        "face": face,
    }[row.region.name]
    if name.startswith("grad"):
        if chosen.gradient == "p3m":
            return float(literal.p3m_gradient(pred, alpha, region))
        return float(literal.dim_gradient(pred, alpha, region, chosen.stretch))
    if name.startswith("conn"):
        return float(literal.connectivity(pred, alpha, region, convention))
    summed = whole if row.region.name == "unknown" and chosen.known_counts else region
    if row.region.name == "unknown" and chosen.known_counts:
        pred = literal.paste(pred, trimap)
    d = np.abs(literal.as_float(pred) - literal.as_float(alpha))[summed]
    if name.startswith("sad"):
        return float(d.sum() / 1000)
    power = 2 if name.startswith("mse") else 1
    pixels = region.sum() + chosen.pixel_epsilon
    return float((d**power).sum() / pixels * (1000 if chosen.thousandfold else 1))


@pytest.mark.parametrize("convention", ["p3m", "p3m-8bit", "dim", "paddleseg", "gca", "gca-tester"])
def test_every_measure_of_every_region_is_right(
    every: dict[str, Metric], monkeypatch: pytest.MonkeyPatch, convention: str
) -> None:
    inputs = scene()
    pred, alpha, trimap, face = inputs
    inner = tuple(n for n, m in every.items() if m.region.needs == "trimap")
    outer = tuple(n for n in every if n not in inner)
    made = replace(CONVENTIONS[convention], metrics=outer, trimap_metrics=(*inner,))
    if made.gradient != "p3m":  # with a trimap those conventions have its metrics only
        made = replace(made, metrics=(), trimap_metrics=(*inner, *outer))
    found = MappingProxyType({**CONVENTIONS, convention: made})
    monkeypatch.setattr("p3mbench.metrics.conventions.CONVENTIONS", found)
    got = score(pred, alpha, trimap, convention, face=face)
    assert set(got) == set(every)
    for name, row in every.items():
        want = reference(name, row, convention, inputs)
        assert abs(got[name] - want) <= 2e-6 * abs(want) + 1e-8, (name, got[name], want)
        alone = score(pred, alpha, trimap, convention, face=face, metrics=(name,))
        assert alone[name] == got[name]


def test_means_of_regions_without_a_pixel_are_missing_and_flagged(
    every: dict[str, Metric], monkeypatch: pytest.MonkeyPatch
) -> None:
    pred, alpha, _, _ = scene()
    made = replace(
        CONVENTIONS["p3m"], trimap_metrics=("mad_fg", "mse_bg", "grad_fg", "conn_bg", "sad_fg")
    )
    found = MappingProxyType({"p3m": made})
    monkeypatch.setattr("p3mbench.metrics.conventions.CONVENTIONS", found)
    got = score(pred, alpha, np.full(SHAPE, 128, np.uint8))
    assert all(math.isnan(got[name]) for name in ("mad_fg", "mse_bg", "grad_fg", "conn_bg"))
    assert got["sad_fg"] == 0  # a sum over nothing, as P3M's code has it
    assert {"no_foreground", "no_background"} <= set(got.flags)


@pytest.mark.parametrize(
    ("name", "region", "words"),
    [
        ("mad_fg", "image", "over the region 'image'"),
        ("grad", "face", "'_face'"),
        ("iou", "image", "one of sad, mse"),
        ("sad_hair", "face", "'_face'"),
        ("sad_trimap", "unknown", "'_t'"),
    ],
)
def test_a_row_whose_name_says_something_else_is_refused(name, region, words) -> None:
    with pytest.raises(ValueError, match="metric") as caught:
        Metric(name, "X", REGIONS[region], 2)
    assert words in str(caught.value)


def test_a_convention_that_cannot_be_computed_is_refused() -> None:
    p3m = CONVENTIONS["p3m"]
    for change, words in (
        ({"metrics": ("sad", "iou")}, "is not in METRICS"),
        ({"metrics": ("sad", "sad_fg")}, "needs a trimap"),
        ({"trimap_metrics": ("sad_t", "sad_t")}, "twice"),
    ):
        with pytest.raises(ValueError, match=words):
            replace(p3m, **change)


def test_a_metric_of_the_face_is_offered_only_with_a_face(monkeypatch) -> None:
    made = replace(CONVENTIONS["p3m"], metrics=("sad", "sad_face"))
    found = MappingProxyType({"p3m": made})
    monkeypatch.setattr("p3mbench.metrics.conventions.CONVENTIONS", found)
    pred, alpha, _, face = scene()
    assert "sad_face" not in score(pred, alpha)
    assert "sad_face" in score(pred, alpha, face=face)


def test_two_rows_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="the same name"):
        by_name([METRICS["sad"], METRICS["sad"]])


def test_two_regions_of_one_name_or_suffix_are_refused() -> None:
    face = METRICS["sad_face"]
    for other, words in (
        (Region(name="face", suffix="_f", title="another"), "the same name"),
        (Region(name="head", suffix="_face", title="another"), "the same suffix"),
    ):
        metric = Metric(f"sad{other.suffix}", "X", other, 2)
        with pytest.raises(ValueError, match=words):
            regions_of([face, metric])


def test_what_is_stored_and_shown_stays() -> None:
    """The names are keys of stored rows, and their order is that of columns."""
    assert tuple(METRICS) == (
        "sad", "mse", "mad", "grad", "conn", "sad_t", "mse_t", "mad_t", "grad_t", "conn_t",
        "sad_fg", "sad_bg", "sad_boundary", "sad_face", "mad_face",
    )  # fmt: skip


def test_gcas_own_tester_is_gca_after_pasting_and_truncating() -> None:
    pred, alpha, trimap, _ = scene()
    floats = ((pred + 0.9) / 256).astype(np.float32)
    truncated = literal.paste((floats * np.float32(255)).astype(np.uint8), trimap)
    got = score(floats, alpha, trimap, "gca-tester")
    assert got == score(truncated, alpha, trimap, "gca")
    assert "quantised" in got.flags
    assert got != score(floats, alpha, trimap, "gca")

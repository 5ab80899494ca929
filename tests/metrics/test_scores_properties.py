"""What must hold for any matte."""

from __future__ import annotations

import math

import numpy as np
import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from mattes import byte_pairs

from p3mbench.metrics import CONVENTIONS, METRICS, boundary_mask, score

SOME = settings(max_examples=examples(60), deadline=None, derandomize=True)
SYMMETRIC = ("sad", "mse", "mad", "grad", "conn", "sad_fg", "sad_bg")


def close(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-8)


@SOME
@given(byte_pairs(), st.sampled_from(sorted(CONVENTIONS)))
def test_zero_at_equality_and_never_negative(pair, convention) -> None:
    pred, alpha, trimap = pair
    binary_known = np.where(trimap == 128, alpha, trimap)
    for name, value in score(binary_known, binary_known, trimap, convention).items():
        assert math.isnan(value) or value == pytest.approx(0, abs=1e-12), name
    for value in score(pred, alpha, trimap, convention).values():
        assert math.isnan(value) or (value >= 0 and math.isfinite(value))


@SOME
@given(byte_pairs())
def test_p3m_is_symmetric_but_for_the_pasting_of_known_labels(pair) -> None:
    pred, alpha, trimap = pair
    forth, back = score(pred, alpha, trimap), score(alpha, pred, trimap)
    for name in SYMMETRIC:
        assert close(forth[name], back[name]), name


def test_what_is_not_symmetric() -> None:
    alpha = np.array([[0, 200, 100]], np.uint8)
    pred = np.array([[0, 50, 255]], np.uint8)
    trimap = np.array([[0, 128, 255]], np.uint8)
    forth, back = score(pred, alpha, trimap), score(alpha, pred, trimap)
    assert forth["sad_t"] > back["sad_t"]  # the known label replaces the prediction only
    assert forth["sad_boundary"] == back["sad_boundary"]
    dull = score(pred // 2, pred, convention="rvm")
    assert dull["grad"] == pytest.approx(0, abs=1e-3)  # stretched: contrast is not an error


@SOME
@given(byte_pairs(24), st.sampled_from(("up-down", "left-right", "both", "transposed")))
def test_flips_change_nothing(pair, how) -> None:
    turn = {
        "up-down": lambda a: a[::-1],
        "left-right": lambda a: a[:, ::-1],
        "both": lambda a: a[::-1, ::-1],
        "transposed": lambda a: a.T,
    }[how]
    pred, alpha, trimap = pair
    for convention in ("p3m", "mmagic", "rvm"):
        straight = score(pred, alpha, trimap, convention)
        turned = score(turn(pred), turn(alpha), turn(trimap), convention)
        for name, value in straight.items():
            tied = name.startswith("conn") and "conn_tie" in straight.flags + turned.flags
            assert tied or close(value, turned[name]), (convention, name)


@SOME
@given(byte_pairs(24), st.integers(2, 4))
def test_sums_grow_with_the_image_and_means_do_not(pair, times) -> None:
    pred, alpha, trimap = (np.tile(array, (times, 1)) for array in pair)
    one, many = score(*pair), score(pred, alpha, trimap)
    for name in ("sad", "sad_t", "sad_fg", "sad_bg"):
        assert close(many[name], times * one[name]), name
    for name in ("mse", "mad", "mse_t", "mad_t"):
        assert close(many[name], one[name]), name


@SOME
@given(byte_pairs(24), st.floats(0, 1), st.floats(0, 1))
def test_errors_scale_linearly_and_grow_with_the_error(pair, small, large) -> None:
    small, large = sorted((small, large))
    pred, alpha, trimap = pair
    truth = alpha / 255
    step = pred / 255 - truth
    near = score((truth + small * step).clip(0, 1), truth, trimap)
    far = score((truth + large * step).clip(0, 1), truth, trimap)
    full = score((truth + step).clip(0, 1), truth, trimap)
    for name in ("sad", "mad", "sad_fg", "sad_bg"):
        assert near[name] <= far[name] + 1e-12
        assert near[name] == pytest.approx(small * full[name], abs=1e-12)
    assert near["mse"] == pytest.approx(small**2 * full["mse"], abs=1e-12)


@SOME
@given(byte_pairs(32))
def test_regions_add_up(pair) -> None:
    pred, alpha, trimap = pair
    unknown = score(pred, alpha, trimap, "gca", metrics=("sad_t",))["sad_t"]
    scores = score(pred, alpha, trimap)
    if not math.isnan(unknown):
        assert close(scores["sad"], scores["sad_fg"] + scores["sad_bg"] + unknown)
    if not math.isnan(scores["sad_boundary"]):
        assert scores["sad_boundary"] <= scores["sad"] + 1e-12


@SOME
@given(byte_pairs(32))
def test_bytes_and_their_floats_agree(pair) -> None:
    pred, alpha, trimap = pair
    exact = score(pred, alpha, trimap)
    floats = score(pred / 255, alpha / 255, trimap)
    for name, value in exact.items():
        assert close(value, floats[name]), name


@SOME
@given(byte_pairs(40))
def test_the_boundary_is_around_every_transition(pair) -> None:
    _, alpha, _ = pair
    band = boundary_mask(alpha) > 0
    assert band[(alpha > 0) & (alpha < 255)].all()
    for axis in (0, 1):
        step = np.diff((alpha == 255).astype(int), axis=axis) != 0
        assert np.delete(band, -1, axis)[step].all()
        assert np.delete(band, 0, axis)[step].all()
    if alpha.min() == alpha.max() and alpha.max() in (0, 255):
        assert not band.any()
    assert np.array_equal(band, boundary_mask(alpha / 255) > 0)


def test_every_metric_is_described() -> None:
    for name, metric in METRICS.items():
        assert name == metric.name
        assert metric.decimals >= 2
        assert metric.lower_is_better
    titles = [metric.title for metric in METRICS.values()]
    assert len(set(titles)) == len(titles)

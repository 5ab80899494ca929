"""The fast paths against the literal formulas, on random and adversarial mattes."""

from __future__ import annotations

import math

import literal
import numpy as np
import pytest
from examples import examples
from hypothesis import HealthCheck, example, given, settings
from mattes import byte_pairs, draw_bytes, float_pairs

from p3mbench.metrics import CONVENTIONS, score

FLOAT_CONVENTIONS = ("p3m", "mmagic", "gca", "gca-whole", "rvm")
MANY = settings(
    max_examples=examples(80),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)
ONE = np.array([[200]], np.uint8)


def assert_equal(pred, alpha, trimap, convention) -> None:
    expected = literal.score(pred, alpha, trimap, convention)
    got = score(pred, alpha, trimap, convention, metrics=tuple(expected))
    for name, want in expected.items():
        if math.isnan(want):
            assert math.isnan(got[name]), (convention, name)
            continue
        # single precision: a gradient is a difference of two magnitudes of order 1
        tolerance = 1e-6 * want + 1e-8 if name.startswith("grad") else 1e-9 * want + 1e-13
        assert abs(got[name] - want) <= tolerance, (convention, name, got[name], want)


@pytest.mark.parametrize("convention", CONVENTIONS)
@MANY
@given(byte_pairs())
@example((ONE, ONE, ONE * 0 + 128))
def test_bytes_equal_the_literal_formulas(convention, pair) -> None:
    assert_equal(*pair, convention)


@pytest.mark.parametrize("convention", ["p3m", "paddleseg", "gca"])
@MANY
@given(byte_pairs())
def test_bytes_without_a_trimap_equal_the_literal_formulas(convention, pair) -> None:
    pred, alpha, _ = pair
    assert_equal(pred, alpha, None, convention)


@pytest.mark.parametrize("convention", FLOAT_CONVENTIONS)
@MANY
@given(float_pairs())
def test_floats_equal_the_literal_formulas(convention, pair) -> None:
    assert_equal(*pair, convention)


@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (200, 1), (13, 13), (5, 3), (64, 65), (33, 7)])
@pytest.mark.parametrize("convention", ["p3m", "dim", "rvm"])
def test_small_and_odd_shapes(convention, shape) -> None:
    rng = np.random.default_rng(0)
    trimap = rng.choice(np.array([0, 128, 255], np.uint8), shape)
    trimap.flat[0] = 128
    for kind in ("noise", "cuts", "binary"):
        pair = [draw_bytes(kind, shape, rng) for _ in range(2)]
        assert_equal(*pair, trimap, convention)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_matte_larger_than_strips_and_batches(dtype) -> None:
    """Blobs, islands, long runs and errors over an image of many strips and gradient batches."""
    rng = np.random.default_rng(1)
    alpha = np.kron(draw_bytes("soft", (40, 50), rng), np.ones((9, 11), np.uint8))
    pred = alpha.copy()
    pred[rng.random(alpha.shape) < 0.02] = 0
    pred[60:90] = np.roll(pred[60:90], 3, axis=1)
    pred[200:220, 100:400] = 254
    trimap = np.where(alpha == 0, 0, np.where(alpha == 255, 255, 128)).astype(np.uint8)
    if dtype == np.float32:
        pred = (pred / 255 * 0.999).astype(np.float32)
    for convention in FLOAT_CONVENTIONS if dtype == np.float32 else CONVENTIONS:
        assert_equal(pred, alpha, trimap, convention)


def test_a_long_winding_component_is_followed_to_its_end() -> None:
    """A spiral and a comb: long pointer paths, and components that join at their far ends only."""
    size = 121
    spiral = np.zeros((size, size), np.uint8)
    low, high = 0, size - 1
    while high - low > 3:
        spiral[low, low : high + 1] = spiral[low : high + 1, high] = 255
        spiral[high, low : high + 1] = spiral[low + 2 : high + 1, low] = 255
        spiral[low + 2, low : low + 3] = 255
        low, high = low + 2, high - 2
    comb = np.zeros((size, size), np.uint8)
    comb[:, ::2] = 255
    comb[-1] = 90
    for alpha in (spiral, comb, comb.T.copy(), spiral[::-1].copy()):
        pred = alpha.copy()
        pred[size // 2] //= 3
        for convention in ("p3m", "dim", "gca"):
            assert_equal(pred, alpha, np.full_like(alpha, 128), convention)


@pytest.mark.parametrize("level", [0, 128, 252])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_small_errors_on_flat_mattes_do_not_drown_in_rounding(dtype, level) -> None:
    """Float32 sums of large equal values would bias the gradients of small differences."""
    rng = np.random.default_rng(2)
    alpha = np.full((114, 125), level, np.uint8)
    alpha[0, 0], alpha[0, 1] = 0, 255
    pred = (alpha + rng.integers(0, 4, alpha.shape)).clip(0, 255).astype(np.uint8)
    if dtype == np.float32:
        pred = (pred / 255).astype(np.float32)
    for convention in FLOAT_CONVENTIONS:
        assert_equal(pred, alpha, np.full_like(alpha, 128), convention)

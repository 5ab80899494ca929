"""Scores that cannot be are refused with their likely scale; those that can be are not."""

from __future__ import annotations

import numpy as np
import pytest

from p3mbench.ingest.plausible import impossible, suspicious, value_of
from p3mbench.metrics import CONVENTIONS, score


def reason(convention: str = "p3m", pixels: int | None = None, **scores: str) -> str:
    return impossible({k: value_of(v) for k, v in scores.items()}, convention, pixels)


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ({"mse": "2.25"}, "1 is the maximum; MSE is probably multiplied by 1000"),
        ({"mad": "12.5"}, "MAD is probably multiplied by 1000"),
        ({"mse": "2.5", "mad": "0.001"}, "probably multiplied by"),
        (
            {"mse": "0.25", "mad": "0.001"},
            "never more than MAD; MSE is probably multiplied by 1000",
        ),
        ({"mse": "0.2", "mad": "0.9"}, "never less than MAD squared"),
        ({"mse": "2.6", "mad": "6.2"}, "MSE and MAD are probably multiplied by 1000"),
        ({"sad": "8730", "mad": "0.005"}, "is SAD divided by 1000"),
        (
            {"sad": "8730", "mse": "0.003"},
            "sad is 8730 beside mse 0.003, which implies an image of at least",
        ),
        ({"sad": "873000"}, "is SAD divided by 1000"),
        ({"sad": "0.0000001", "mad": "0.5"}, "less than one pixel"),
        ({"sad": "1.00", "sad_fg": "0.7", "sad_bg": "0.6"}, "sum to more than sad"),
        ({"mse_t": "0.5", "mad_t": "0.01"}, "mse_t is 0.5"),
        ({"mad_face": "3"}, "mad_face is 3"),
    ],
)
def test_impossible(scores: dict[str, str], words: str) -> None:
    assert words in reason(**scores)


@pytest.mark.parametrize(
    "scores",
    [
        {"sad": "8.73", "mse": "0.0026", "mad": "0.0050"},
        {"mse": "0.00", "mad": "0.001"},  # printed with few digits
        {"mse": "0.0001", "mad": "0.0001"},
        {"sad": "0", "mse": "0", "mad": "0", "grad": "0", "conn": "0"},
        {"mse": "1", "mad": "1"},
        {"sad": "2.5"},
        {"mad_t": "1.5", "mse_t": "1.2"},  # P3M counts errors beyond the region it divides by
    ],
)
def test_possible(scores: dict[str, str]) -> None:
    assert reason(**scores) == ""


def test_sums_are_compared_where_sizes_are_known() -> None:
    assert reason(sad="2", mad="0.002", pixels=1_000_000) == ""
    assert "is 2 thousand" in reason(sad="3.0", mad="0.002", pixels=1_000_000)


def test_a_convention_that_multiplies_is_not_taken_for_an_error() -> None:
    assert reason("rvm", mse="2.25", mad="12.5") == ""
    assert "probably multiplied" in reason("rvm", mse="2250", mad="12")


def test_small_images_of_a_benchmark_of_large_ones_are_suspicious() -> None:
    scores = {"sad": value_of("8.73"), "mad": value_of("1.0")}
    assert "8,730 pixels" in suspicious(scores, "p3m", 1080 * 1080)
    assert suspicious(scores, "p3m", None) == ""
    scores = {"sad": value_of("8.73"), "mse": value_of("0.9")}  # MSE is at most MAD
    assert "MSE 0.9 imply an image of at most 9,700 pixels" in suspicious(scores, "p3m", 10**6)
    assert suspicious(scores, "rvm", 10**6) == ""
    scores = {"sad": value_of("8731")}
    assert "not divided by 1000" in suspicious(scores, "p3m", 1080 * 1080)
    assert suspicious({"sad": value_of("1231")}, "p3m", 1080 * 1080) == ""


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_what_is_measured_is_never_called_impossible(convention: str) -> None:
    random = np.random.default_rng(3)
    for kind in range(40):
        shape = tuple(int(side) for side in random.integers(1, 30, 2))
        pred, alpha = (random.integers(0, 256, shape).astype(np.uint8) for _ in range(2))
        if kind % 3 == 0:
            pred, alpha = (np.where(x > 127, 255, 0).astype(np.uint8) for x in (pred, alpha))
        trimap = random.choice(np.array([0, 128, 255], np.uint8), shape)
        found = score(pred, alpha, trimap, convention)
        shown = {k: value_of(repr(v)) for k, v in found.items() if v == v}
        assert impossible(shown, convention, pred.size) == "", (kind, found)


def test_thousandths_are_rounded_once() -> None:
    assert value_of("2.6", 1e-3).value == 0.0026 and value_of("1.1", 1e-3).value == 0.0011

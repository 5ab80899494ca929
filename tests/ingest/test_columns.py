"""Foreign names of metrics are mapped, and scaled only where the name says so."""

from __future__ import annotations

import pytest

from p3mbench.errors import DataError
from p3mbench.ingest.columns import columns_of, metric_of


@pytest.mark.parametrize(
    ("title", "name", "factor"),
    [
        ("SAD", "sad", 1),
        ("sad_trimap", "sad_t", 1),
        ("SAD-T", "sad_t", 1),
        ("SAD_TRIMAP", "sad_t", 1),
        ("SAD TRIMAP", "sad_t", 1),
        ("unknown MSE", "mse_t", 1),
        ("MAD (unknown)", "mad_t", 1),
        ("Grad", "grad", 1),
        ("Gradient", "grad", 1),
        ("Conn.", "conn", 1),
        ("Connectivity", "conn", 1),
        ("Grad-T", "grad_t", 1),
        ("MAE", "mad", 1),
        ("SAD FG", "sad_fg", 1),
        ("sad_background", "sad_bg", 1),
        ("SAD-B", "sad_boundary", 1),
        ("SAD-FACE", "sad_face", 1),
        ("SAD ↓", "sad", 1),
        ("SAD/1000", "sad", 1),
        ("MSE (1e-3)", "mse", 1e-3),
        ("MSE(1e3)", "mse", 1e-3),
        ("MSE x1000", "mse", 1e-3),
        ("MSE × 10^3", "mse", 1e-3),
        ("MSE (10⁻³) ↓", "mse", 1e-3),
        ("MSE (×10−3)", "mse", 1e-3),
        ("mse_1e-3", "mse", 1e-3),
        ("MAD*1000", "mad", 1e-3),
        ("MAD (%)", "mad", 1e-2),
        ("MSE-T (1e-2)", "mse_t", 1e-2),
    ],
)
def test_names_and_units(title: str, name: str, factor: float) -> None:
    assert metric_of(title) == (name, factor)


@pytest.mark.parametrize(
    "title", ["F1", "SAD (1e3)", "sad_hair", "SSIM", "IoU", "", "dSSD", "MESSDdt", "sad_privacy"]
)
def test_what_is_not_ours_stays_unknown(title: str) -> None:
    assert metric_of(title) is None


def test_two_columns_of_one_metric_are_refused() -> None:
    with pytest.raises(DataError, match="two columns are mse: 'MSE' and 'MSE \\(1e-3\\)'"):
        columns_of(["image", "MSE", "MSE (1e-3)"], (), "x")


def test_kept_columns_must_be_names_and_be_there() -> None:
    kept = columns_of(["image", "sad", "hair"], ("hair",), "x")
    assert [column.kind for column in kept] == ["text", "metric", "own"]
    with pytest.raises(DataError, match="letters, digits and _, not 'my score'"):
        columns_of(["sad", "my score"], ("all",), "x")
    with pytest.raises(DataError, match="no column 'hare' to keep"):
        columns_of(["sad", "hair"], ("hare",), "x")


def test_a_misspelt_metric_gets_a_hint() -> None:
    with pytest.raises(DataError, match="did 'sdad' mean sad"):
        columns_of(["image", "sdad"], (), "x")

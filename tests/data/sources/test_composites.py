"""Foregrounds on backgrounds: Distinctions-646 and PhotoMatte85."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from p3mbench.benchmark import get, open_benchmark
from p3mbench.errors import BenchmarkError, DataError


def test_distinctions_are_composed_on_the_users_backgrounds(tmp_path, portrait_arrays) -> None:
    for folder in ("FG", "GT", "BG"):
        (tmp_path / "Test" / folder).mkdir(parents=True)
    white = np.full((50, 200, 3), 255, np.uint8)
    for name in ("x", "y"):
        cv2.imwrite(str(tmp_path / f"Test/FG/{name}.png"), portrait_arrays["image"][..., ::-1])
        cv2.imwrite(str(tmp_path / f"Test/GT/{name}.png"), portrait_arrays["alpha"])
    for name in ("b0", "b1", "b2"):
        cv2.imwrite(str(tmp_path / f"Test/BG/{name}.png"), white)
    benchmark = get("distinctions646")
    (subset,) = open_benchmark(benchmark, tmp_path).subsets
    assert len(subset.samples) == 40 and subset.samples[21].id == "y-01"
    assert subset.samples[21].background.name == "b0.png"  # the 22nd of three in turn
    scene = subset.samples[21].load("N", benchmark.trimap)
    alpha = portrait_arrays["alpha"]
    assert np.array_equal(scene.alpha, alpha) and scene.face is None
    assert (scene.image[alpha == 0] == 255).all()
    assert np.array_equal(scene.image[alpha == 255], portrait_arrays["image"][alpha == 255])
    soft = (alpha > 0) & (alpha < 255)
    a = alpha[soft][:, None] / 255
    exact = a * portrait_arrays["image"][soft] + (1 - a) * 255
    assert np.abs(scene.image[soft] - exact).max() <= 0.51


def test_a_foreground_without_alpha_is_told(tmp_path, portrait_arrays) -> None:
    for folder in ("FG", "GT", "BG"):
        (tmp_path / "Test" / folder).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / f"Test/{folder}/x.png"), portrait_arrays["alpha"])
    (tmp_path / "Test/GT/x.png").rename(tmp_path / "Test/GT/z.png")
    with pytest.raises(DataError, match=r"x.png: has no alpha in .*GT; add it"):
        open_benchmark(get("distinctions646"), tmp_path)


def test_cut_outs_with_transparency_are_composed(tmp_path, portrait_arrays) -> None:
    (tmp_path / "backgrounds").mkdir()
    cv2.imwrite(str(tmp_path / "backgrounds" / "b.png"), np.full((300, 300, 3), 255, np.uint8))
    rgba = np.dstack([portrait_arrays["image"][..., ::-1], portrait_arrays["alpha"]])
    cv2.imwrite(str(tmp_path / "0051115Q_000001_0041.png"), rgba)
    benchmark = get("photomatte85")
    (subset,) = open_benchmark(benchmark, tmp_path).subsets
    (sample,) = subset.samples
    assert (sample.id, subset.size) == ("0051115Q_000001_0041", 85)
    scene = sample.load("N", benchmark.trimap)
    assert np.array_equal(scene.alpha, portrait_arrays["alpha"])
    assert (scene.image[scene.alpha == 0] == 255).all()
    assert set(sample.files("N")) == {"image", "alpha", "background"}
    with pytest.raises(BenchmarkError, match="their only variant is N"):
        open_benchmark(benchmark.with_variants(("B",)), tmp_path)
    cv2.imwrite(str(sample.foreground), portrait_arrays["image"])
    with pytest.raises(DataError, match="has no 8-bit transparency"):
        sample.load("N", benchmark.trimap)


@pytest.mark.slow
def test_composites_run_and_are_drawn_in_the_report(tmp_path, portrait_arrays) -> None:
    import p3mbench

    (tmp_path / "cuts" / "backgrounds").mkdir(parents=True)
    white = np.full((80, 80, 3), 255, np.uint8)
    cv2.imwrite(str(tmp_path / "cuts" / "backgrounds" / "b.png"), white)
    rgba = np.dstack([portrait_arrays["image"][..., ::-1], portrait_arrays["alpha"]])
    for name in ("x", "y"):
        cv2.imwrite(str(tmp_path / "cuts" / f"{name}.png"), rgba)
    asked = {"benchmark": "photomatte85", "data": tmp_path / "cuts", "jobs": 1}
    results = p3mbench.run("coarse", out=tmp_path / "out", save_alphas=True, **asked)
    assert results.outcome.exit_code == 0 and list(results.scores["image"]) == ["x", "y"]
    again = p3mbench.run("coarse", out=tmp_path / "out", **asked)
    assert (again.outcome.todo, again.outcome.done) == (0, 2)
    assert "n = 2 of 85 images" in str(results.table())
    cv2.imwrite(str(tmp_path / "cuts" / "backgrounds" / "b.png"), white - 9)
    changed = p3mbench.run("coarse", out=tmp_path / "out", dry_run=True, **asked)
    assert changed.outcome.todo == 2  # the background is part of a row's key


def test_folders_of_composites_must_exist(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder of backgrounds"):
        cv2.imwrite(str(tmp_path / "a.png"), np.zeros((4, 4, 4), np.uint8))
        open_benchmark(get("photomatte85"), tmp_path)

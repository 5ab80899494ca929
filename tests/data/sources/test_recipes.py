"""The built-in benchmarks of other data sets, on tiny folders with their published layouts."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from p3mbench.benchmark import get, open_benchmark
from p3mbench.data.verify import find_parts, verify
from p3mbench.errors import BenchmarkError, DataError

# benchmark -> folders of pictures, alphas and trimaps, as their authors lay them out
LAYOUTS = {
    "aim500": ("original", "mask", "trimap"),
    "ppm100": ("image", "matte", None),
    "am2k": ("validation/original", "validation/mask", "validation/trimap"),
    "rwp636": ("image", "alpha", None),
}
WORDS = ("Layout:", "Licence:", "Variants:")


def lay(root: Path, name: str, arrays: dict[str, np.ndarray], ids: list[str]) -> Path:
    """Write the folders of a layout: JPEG pictures, PNG alphas and trimaps."""
    image, alpha, trimap = LAYOUTS[name]
    for folder in (image, alpha, trimap):
        if folder is not None:
            (root / folder).mkdir(parents=True)
    for stem in ids:
        cv2.imwrite(str(root / image / f"{stem}.jpg"), arrays["image"][..., ::-1])
        cv2.imwrite(str(root / alpha / f"{stem}.png"), arrays["alpha"])
        if trimap is not None:
            cv2.imwrite(str(root / trimap / f"{stem}.png"), arrays["trimap"])
    return root


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_folder_in_the_published_layout_opens(name, tmp_path, portrait_arrays) -> None:
    root = lay(tmp_path / "data", name, portrait_arrays, ["o_1", "02_0030_input"])
    benchmark = get(name)
    (subset,) = open_benchmark(benchmark, root).subsets
    assert [sample.id for sample in subset.samples] == ["02_0030_input", "o_1"]
    assert subset.available == ("N",)
    scene = subset.samples[0].load("N", benchmark.trimap)
    assert scene.image.shape == (96, 64, 3) and set(np.unique(scene.trimap)) == {0, 128, 255}
    assert np.array_equal(scene.alpha, portrait_arrays["alpha"])
    assert not verify(find_parts(benchmark, root), jobs=1).kinds


@pytest.mark.parametrize("name", [*LAYOUTS, "distinctions646", "photomatte85", "p3m500-parquet"])
def test_a_recipe_says_layout_licence_and_variants(name: str) -> None:
    text = (Path(__file__).parents[3] / "benchmarks" / f"{name}.toml").read_text()
    assert [word for word in WORDS if f"# {word}" not in text] == []
    page = (Path(__file__).parents[3] / "docs" / "datasets.md").read_text()
    assert f"`{name}`" in page


@pytest.mark.parametrize("name", ["aim500", "am2k"])
def test_animals_and_objects_have_one_variant(name, tmp_path, portrait_arrays) -> None:
    root = lay(tmp_path / "data", name, portrait_arrays, ["a"])
    (subset,) = open_benchmark(get(name).with_variants(("B", "N")), root).subsets
    assert "no blurred images and 0 of 1 face masks" in subset.lacks("B")


def test_without_data_the_option_is_named() -> None:
    with pytest.raises(BenchmarkError, match="give --data DIR"):
        open_benchmark(get("aim500"), None)


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

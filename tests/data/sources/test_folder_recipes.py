"""The built-in benchmarks of other data sets, on tiny folders with their published layouts."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from p3mbench.benchmark import get, open_benchmark
from p3mbench.data.verify import find_parts, verify
from p3mbench.errors import BenchmarkError

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

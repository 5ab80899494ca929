"""Folders that a TOML file names, with files of any variant."""

from __future__ import annotations

import shutil
import warnings

import cv2
import numpy as np
import pytest

from p3mbench import benchmark as benchmarks
from p3mbench.data.sample import TrimapSource
from p3mbench.errors import BenchmarkError, DataError

MINE = """
name = "mine"
source = "folder"
variants = ["B", "N", "mosaic-0.10", "zero", "tool-swap", "tool-fake"]
[[subsets]]
name = "P"
alpha = "mask"
original = "original_image"
face = "facemask"
[subsets.variants]
zero = "black"
tool-swap = "swapped"
"""
PLAIN = """
name = "mine"
source = "folder"
[[subsets]]
name = "P"
alpha = "mask"
blurred = "blurred_image"
"""


def test_a_variant_has_files_or_is_made(p3m_folder, portrait_arrays):
    """Each with the recipe of its own, or with none where its files are used."""
    subset = p3m_folder / "validation" / "P3M-500-P"
    for name in ("original_image", "black", "swapped"):
        shutil.copytree(subset / "blurred_image", subset / name)
    (subset / "facemask").mkdir()
    for stem in ("p_1", "p_2", "p_3"):
        cv2.imwrite(str(subset / "facemask" / f"{stem}.png"), portrait_arrays["face"])
    (subset / "mine.toml").write_text(MINE)
    opened = benchmarks.open_benchmark(benchmarks.get(str(subset / "mine.toml")), None)
    (only,) = opened.subsets
    assert only.available == ("B", "mosaic-0.10", "tool-swap", "zero", "N")
    assert only.lacks("tool-fake") == (
        "another program makes its images; name their folder in the table [subsets.variants]"
    )
    assert "does not declare variant gaussian-0.20" in only.lacks("gaussian-0.20")
    sample = only.samples[0]
    recipes = {variant: sample.recipe(variant).get("obfuscation") for variant in only.available}
    assert recipes == {
        "B": "gaussian-0.12-v1",
        "mosaic-0.10": "mosaic-0.1-v1",
        "tool-swap": None,
        "zero": None,
        "N": None,
    }
    folders = {v: sample.files(v)["image"].parent.name for v in only.available}
    assert folders["zero"] == "black" and folders["tool-swap"] == "swapped"
    assert {folders[v] for v in ("B", "mosaic-0.10", "N")} == {"original_image"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        images = {v: sample.load(v, TrimapSource()).image for v in only.available}
    assert not np.array_equal(images["B"], images["mosaic-0.10"])
    assert np.array_equal(images["zero"], images["N"])  # files are used, whatever they show


def test_a_file_of_ones_own_reads_folders_beside_it(p3m_folder):
    subset = p3m_folder / "validation" / "P3M-500-P"
    (subset / "mine.toml").write_text(PLAIN)
    opened = benchmarks.open_benchmark(benchmarks.get(str(subset / "mine.toml")), None)
    (only,) = opened.subsets
    assert (only.size, only.available) == (3, ("B",))


def test_files_that_do_not_pair_end_it_with_their_number(p3m_folder):
    subset = p3m_folder / "validation" / "P3M-500-P"
    for stem in ("p_1", "p_2"):
        (subset / "mask" / f"{stem}.png").unlink()
    (subset / "mine.toml").write_text(PLAIN)
    mine = benchmarks.get(str(subset / "mine.toml"))
    with pytest.raises(DataError, match=r"p_1.png: has no mask in .*\(and 1 more such lines\)$"):
        benchmarks.open_benchmark(mine, None)
    with pytest.raises(DataError, match="no such folder"):
        benchmarks.open_benchmark(mine, p3m_folder / "gone")


def test_a_definition_without_a_folder_needs_data(p3m_folder):
    plain = benchmarks.parse(PLAIN, "text", None)
    with pytest.raises(BenchmarkError, match="benchmark mine needs a data folder: give --data DIR"):
        benchmarks.open_benchmark(plain, None)
    found = benchmarks.open_benchmark(plain, p3m_folder / "validation" / "P3M-500-P")
    assert found.where == str((p3m_folder / "validation" / "P3M-500-P").resolve())

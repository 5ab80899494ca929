from __future__ import annotations

import shutil
import warnings

import cv2
import numpy as np
import pytest

from p3mbench import benchmark as benchmarks
from p3mbench.data.sample import TrimapSource
from p3mbench.errors import BenchmarkError

GOOD = """
name = "mine"
source = "folder"
[[subsets]]
name = "P"
alpha = "mask"
blurred = "blurred_image"
"""


def test_built_in_definitions_are_valid():
    assert {"mini", "p3m500"} <= set(benchmarks.builtin_names())
    for name in benchmarks.builtin_names():
        assert benchmarks.get(name).name == name


def test_mini_opens_without_any_data():
    opened = benchmarks.open_benchmark(benchmarks.get("mini"), None)
    assert [subset.name for subset in opened.subsets] == ["P", "NP"]
    ids = [sample.id for subset in opened.subsets for sample in subset.samples]
    assert len(set(ids)) == len(ids)
    assert all(subset.available == ("B", "N") for subset in opened.subsets)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            'source = "folder"',
            'source = "web"',
            "'source' must be one of folder, p3m10k, synthetic",
        ),
        ('name = "mine"', "", "'name' must be a line of text"),
        ('name = "mine"', 'nmae = "mine"', "did you mean name"),
        (
            'name = "mine"',
            'name = "mine"\nvariants = ["X"]',
            "'X' is no test variant: use N (faces visible)",
        ),
        (
            'name = "mine"',
            'name = "mine"\nvariants = "B"',
            "must list test variants such as B, N and mosaic",
        ),
        ('name = "mine"', 'name = "mine"\nvariants = ["B", "gaussian-0.12"]', "have one recipe"),
        (
            'name = "mine"',
            'name = "mine"\nvariants = ["mosaic-0.1", "mosaic-0.10"]',
            "variants mosaic-0.1 and mosaic-0.10 have one recipe (mosaic-0.1-v1); leave one out",
        ),
        ('alpha = "mask"', 'alpha = "mask"\nvariants = 1', "must be a table"),
        ('alpha = "mask"', 'alpha = "mask"\nvariants = { B = "b" }', "use the key 'blurred'"),
        ('alpha = "mask"', 'alpha = "mask"\nvariants = { fog = "b" }', "'fog' is no other variant"),
        ('alpha = "mask"', 'alpha = "mask"\nvariants = { zero = 1 }', "'zero' must be a line"),
        ('name = "mine"', 'name = "mine"\nconvention = "best"', "'convention' must be one of"),
        ('name = "mine"', 'name = "mine"\ntrimap = "wide"', "neither 'dataset' nor"),
        ('name = "mine"', 'name = "mine"\nobfuscation = 3', "must be a table"),
        ("[[subsets]]", '[obfuscation]\nkind = "sepia"\n[[subsets]]', "not 'sepia'"),
        ("[[subsets]]", "[obfuscation]\ncolour = 1\n[[subsets]]", "'colour'"),
        ('name = "mine"', "name = ", "not valid TOML"),
        ("[[subsets]]", "[other]", "unknown key 'other'"),
        ('alpha = "mask"', "", "'alpha' must be a line of text"),
        ('alpha = "mask"', 'alpha = "mask"\nmatte = "x"', "unknown key 'subsets.matte'"),
        ('alpha = "mask"', 'alpha = "mask"\nsize = -1', "'size' must be a whole number"),
        ('alpha = "mask"', 'alpha = "mask"\nsize = true', "'size' must be a whole number"),
    ],
)
def test_what_is_wrong_is_named(old, new, words):
    assert old in GOOD
    with pytest.raises(BenchmarkError, match="my file") as caught:
        benchmarks.parse(GOOD.replace(old, new), "my file", None)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["../x", "in/out", "..", "a\\\\b", "-x", "=1+1", "a\\u001bb"])
@pytest.mark.parametrize("old", ['name = "mine"', 'name = "P"'])
def test_names_that_climb_or_hide_are_refused(old, name):
    """They become folders of mattes, labels and cells of tables."""
    assert old in GOOD
    with pytest.raises(BenchmarkError, match="my file.* name .* cannot be used") as caught:
        benchmarks.parse(GOOD.replace(old, f'name = "{name}"'), "my file", None)
    assert str(caught.value).isprintable()


def test_two_subsets_of_one_name_are_refused():
    twice = GOOD + GOOD[GOOD.index("[[") :]
    with pytest.raises(BenchmarkError, match="two subsets have one name"):
        benchmarks.parse(twice, "my file", None)


def test_unknown_benchmarks_are_answered_with_the_known_ones():
    with pytest.raises(BenchmarkError, match=r"did you mean mini\?.*FILE\.toml"):
        benchmarks.get("minni")
    with pytest.raises(BenchmarkError, match="cannot be read"):
        benchmarks.get("no/such.toml")


def test_a_file_of_ones_own_reads_folders_beside_it(p3m_folder):
    subset = p3m_folder / "validation" / "P3M-500-P"
    (subset / "mine.toml").write_text(GOOD)
    opened = benchmarks.open_benchmark(benchmarks.get(str(subset / "mine.toml")), None)
    (only,) = opened.subsets
    assert (only.size, only.available) == (3, ("B",))


def test_p3m500_takes_its_folder_from_the_environment(p3m_folder, monkeypatch):
    p3m500 = benchmarks.get("p3m500")
    monkeypatch.delenv("P3M_ROOT", raising=False)
    with pytest.raises(BenchmarkError, match="--data DIR or in the environment variable P3M_ROOT"):
        benchmarks.open_benchmark(p3m500, None)
    monkeypatch.setenv("P3M_ROOT", str(p3m_folder))
    opened = benchmarks.open_benchmark(p3m500, None)
    assert {s.name: len(s.samples) for s in opened.subsets} == {"P": 3, "NP": 2}


def test_variants_may_be_asked_for_that_are_not_declared():
    mini = benchmarks.get("mini")
    asked = mini.with_variants(["mosaic-0.10", "N", "N"])
    assert asked.variants == ("mosaic-0.10", "N")
    assert benchmarks.chosen("mini", variants=("zero",)).variants == ("zero",)
    assert benchmarks.chosen("mini").variants == mini.variants == ("B", "N")
    for wrong, words in ((["B", "gaussian-0.12"], "one recipe"), (["fog"], "no test variant")):
        with pytest.raises(BenchmarkError, match=f"benchmark mini: .*{words}"):
            mini.with_variants(wrong)


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
    assert only.lacks("tool-fake").startswith("another program makes its images; put them in")
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


def test_a_variant_without_face_masks_says_what_to_do(p3m_folder):
    opened = benchmarks.open_benchmark(
        benchmarks.chosen("p3m500", variants=("mosaic-0.10", "N")), p3m_folder
    )
    p, np_ = opened.subsets
    assert p.lacks("mosaic-0.10").startswith("it is made from the unblurred images; the unblurred")
    assert np_.lacks("mosaic-0.10").startswith("no images mosaic-0.10 and 0 of 2 face masks in")


def test_p3m10k_reads_a_folder_of_the_name_of_a_variant(p3m_folder):
    subset = p3m_folder / "validation" / "P3M-500-P"
    shutil.copytree(subset / "blurred_image", subset / "mosaic-0.10")
    without = benchmarks.open_benchmark(benchmarks.get("p3m500"), p3m_folder)
    assert without.subsets[0].available == ("B",)
    asked = benchmarks.chosen("p3m500", variants=("mosaic-0.10",))
    (found, _) = benchmarks.open_benchmark(asked, p3m_folder).subsets
    assert found.available == ("B", "mosaic-0.10")
    assert found.samples[0].files("mosaic-0.10")["image"].parent.name == "mosaic-0.10"

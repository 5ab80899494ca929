from __future__ import annotations

import pytest

from p3mbench import benchmark as benchmarks
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
            "'source' must be one of composites, folder, p3m10k, parquet, synthetic",
        ),
        ('name = "mine"', "", "'name' must be a line of text"),
        ('name = "mine"', 'nmae = "mine"', "did you mean name"),
        (
            'name = "mine"',
            'name = "mine"\nvariants = ["X"]',
            "'X' is not a test variant: use N (faces visible)",
        ),
        (
            'name = "mine"',
            'name = "mine"\nvariants = "B"',
            "must list test variants such as B, N and mosaic",
        ),
        (
            'name = "mine"',
            'name = "mine"\nvariants = ["B", "gaussian-0.12"]',
            "have the same recipe",
        ),
        (
            'name = "mine"',
            'name = "mine"\nvariants = ["mosaic-0.1", "mosaic-0.10"]',
            "'mosaic-0.1' is not a test variant: write mosaic-0.10",
        ),
        ('alpha = "mask"', 'alpha = "mask"\nvariants = 1', "must be a table"),
        ('alpha = "mask"', 'alpha = "mask"\nvariants = { B = "b" }', "use the key 'blurred'"),
        (
            'alpha = "mask"',
            'alpha = "mask"\nvariants = { fog = "b" }',
            "'fog' is not another variant",
        ),
        ('alpha = "mask"', 'alpha = "mask"\nvariants = { zero = 1 }', "zero' must be a line"),
        ('name = "mine"', 'name = "mine"\nconvention = "best"', "'convention' must be one of"),
        ('name = "mine"', 'name = "mine"\ntrimap = "wide"', "neither 'dataset' nor"),
        ('name = "mine"', 'name = "mine"\nobfuscation = 3', "must be a table"),
        ("[[subsets]]", '[obfuscation]\nkind = "sepia"\n[[subsets]]', "not 'sepia'"),
        ("[[subsets]]", "[obfuscation]\ncolour = 1\n[[subsets]]", "'colour'"),
        ('name = "mine"', "name = ", "not valid TOML"),
        ("[[subsets]]", "[other]", "unknown key 'other'"),
        ('alpha = "mask"', "", "alpha' must be a line of text"),
        ('alpha = "mask"', 'alpha = "mask"\nmatte = "x"', "unknown key 'subsets.matte'"),
        ('alpha = "mask"', 'alpha = "mask"\nsize = -1', "size' must be a whole number"),
        ('alpha = "mask"', 'alpha = "mask"\nsize = true', "size' must be a whole number"),
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
    with pytest.raises(BenchmarkError, match="two subsets have the same name"):
        benchmarks.parse(twice, "my file", None)


def test_unknown_benchmarks_are_answered_with_the_known_ones():
    with pytest.raises(BenchmarkError, match=r"did you mean mini\?.*FILE\.toml"):
        benchmarks.get("minni")
    with pytest.raises(BenchmarkError, match="cannot be read"):
        benchmarks.get("no/such.toml")


def test_variants_may_be_asked_for_that_are_not_declared():
    mini = benchmarks.get("mini")
    asked = mini.with_variants(["mosaic-0.10", "N", "N"])
    assert asked.variants == ("mosaic-0.10", "N")
    assert benchmarks.chosen("mini", variants=("zero",)).variants == ("zero",)
    assert benchmarks.chosen("mini").variants == mini.variants == ("B", "N")
    for wrong, words in ((["B", "gaussian-0.12"], "the same recipe"), (["fog"], "not a test")):
        with pytest.raises(BenchmarkError, match=f"benchmark mini: .*{words}"):
            mini.with_variants(wrong)

"""What a run is asked for: checked when it is made, recorded as the options that ask for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from p3mbench.harness.request import RunRequest, as_fields


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"variants": ("X",)}, "--variants: 'X' is not a test variant: use N"),
        ({"shard": (3, 2)}, "--shard takes I/N with I from 1 to N, such as 3/8, not '3/2'"),
        ({"faces": "guess"}, "--faces must be one of facemask, detect, not 'guess'"),
        ({"retry": "all"}, "--retry must be one of none, failed"),
        ({"precision": "fp8"}, "--precision must be one of fp32, bf16, fp16"),
        ({"jobs": 0}, "--jobs must be 1 or more"),
        ({"threads": 0}, "--threads must be 1 or more"),
        ({"limit": -1}, "--limit must be 0 or more"),
        ({"timeout": -1.0}, "--timeout must be 0 or more"),
        ({"memory_limit": 0.0}, "--memory-limit must be more than 0 GiB"),
    ],
)
def test_a_value_that_cannot_be_is_refused_when_the_request_is_made(fields, words) -> None:
    with pytest.raises(ValueError) as error:
        RunRequest(**fields)
    assert words in str(error.value)


def test_every_variant_can_be_asked_for() -> None:
    asked = ("B", "N", "mosaic-0.10", "zero", "tool-swap")
    assert RunRequest(variants=asked).variants == asked


def test_what_was_not_asked_for_is_not_recorded() -> None:
    assert RunRequest().recorded() == {
        "methods": "all",
        "device": "auto",
        "threads": 1,
        "precision": "fp32",
        "retry": "none",
        "timeout": 3600.0,
        "scheduler": "local",
        "out": str(Path("results") / "run"),
    }


def test_all_that_was_asked_for_is_recorded_as_options(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = RunRequest(
        methods=("coarse", "gca"),
        options={"coarse": {"unknown": 0.5}},
        weights={"gca": ((Path("a.pth"), "B"), (Path("b.pth"), None))},
        benchmark="mine.toml",
        data=Path("data"),
        variants=("B", "N"),
        images=("a", "b"),
        shard=(2, 3),
        plugins=(Path("p.py"),),
        save_alphas=True,
    ).recorded()
    assert found["methods"] == "coarse,gca"
    assert found["options"] == ["coarse.unknown=0.5"]
    assert found["weights"] == [f"gca={tmp_path}/a.pth@B", f"gca={tmp_path}/b.pth"]
    assert found["benchmark"] == str(tmp_path / "mine.toml")
    assert found["data"] == str(tmp_path / "data")
    assert (found["variants"], found["images"], found["shard"]) == ("B,N", "a,b", "2/3")
    assert found["plugins"] == [str(tmp_path / "p.py")] and found["save_alphas"] is True


def test_names_are_those_that_must_have_a_place() -> None:
    assert RunRequest().names == ()
    assert RunRequest(methods=("knn",)).names == ("knn",)
    assert RunRequest(save_alphas=True, out=Path("o")).alphas == Path("o") / "alphas"


@pytest.mark.parametrize(
    ("written", "field"),
    [
        ({"methods": "coarse, knn"}, ("coarse", "knn")),
        ({"variants": "B,N"}, ("B", "N")),
        ({"images": "p_1"}, ("p_1",)),
        ({"images": ["p_1", "p_2"]}, ("p_1", "p_2")),
        ({"benchmark": Path("office.toml")}, "office.toml"),
        ({"data": "office"}, Path("office")),
        ({"out": "results"}, Path("results")),
        ({"plugins": "mine.py"}, (Path("mine.py"),)),
        ({"plugins": ["mine.py", Path("yours.py")]}, (Path("mine.py"), Path("yours.py"))),
        ({"weights": {"modnet": "a.pth"}}, {"modnet": ((Path("a.pth"), None),)}),
        ({"weights": {"modnet": [("a.pth", "B")]}}, {"modnet": ((Path("a.pth"), "B"),)}),
        ({"limit": 3}, 3),
    ],
)
def test_what_people_write_in_python_becomes_the_field(written, field) -> None:
    (name,) = written
    assert getattr(RunRequest(**as_fields(written)), name) == field

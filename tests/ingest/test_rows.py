"""A line becomes a row: its image, its words, its numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from files import ANY, HEADER, P3M, imported, written

from p3mbench.errors import DataError
from p3mbench.ingest import Defaults, import_file
from p3mbench.ingest.rows import is_summary
from p3mbench.store import Store


def test_a_failed_image_needs_no_score(tmp_path: Path) -> None:
    text = f"{HEADER},status\na,one,B,B,,,failed\na,two,B,B,1,1,\n"
    with Store(tmp_path / "out", create=True) as store:
        import_file(written(tmp_path, text), store, P3M)
        assert store.frame()["status"].tolist() == ["failed", "ok"]


@pytest.mark.parametrize(
    "name", ["allan", "meanwhile", "total_recall", "p_mean_1", "sumo", "max_01", "n_1"]
)
def test_names_that_only_look_like_sums_stay(tmp_path: Path, name: str) -> None:
    frame, _ = imported(tmp_path, f"image,sad,mse\na,1,0.1\n{name},2,0.2\n")
    assert name in set(frame["image"])


def test_a_unit_is_of_the_convention_that_has_it(tmp_path: Path) -> None:
    """RVM multiplies MSE by 1000 itself: what stands under (1e-3) is its raw value."""
    frame, _ = imported(tmp_path, "image,MSE (1e-3)\na,2.5\n", replace(ANY, convention="rvm"))
    assert frame["mse"].tolist() == [2.5]


@pytest.mark.parametrize(
    ("subset", "variant", "train"),
    [("P3M-500-NP", "original", "blurred"), ("np", "n", "b"), ("p3m_500_np", "Normal", "B")],
)
def test_other_spellings_of_subsets_and_variants_are_known(
    tmp_path: Path, subset: str, variant: str, train: str
) -> None:
    text = f"method,image,subset,variant,train_setting,sad\nm,a,{subset},{variant},{train},1\n"
    with Store(tmp_path / "out", create=True) as store:
        import_file(written(tmp_path, text), store, Defaults(convention="p3m"))
        row = store.frame().iloc[0]
    assert (row["subset"], row["variant"], row["train_setting"]) == ("NP", "N", "B")


def test_merged_cells_are_named(tmp_path: Path) -> None:
    text = "method,image,sad\nm,a,1\n,b,1\n"
    with pytest.raises(DataError, match="line 3: method is empty .merged cells must be filled"):
        imported(tmp_path, text, replace(ANY, method=""))


def test_names_are_paired_whatever_their_unicode_form(tmp_path: Path) -> None:
    composed, decomposed = "Jos\u00e9", "Jose\u0301"
    frame, _ = imported(tmp_path, f"image,sad\n{decomposed}.png,1\n")
    assert frame["image"].tolist() == [composed]
    _, outcome = imported(tmp_path, f"image,sad\n{composed},1\n")
    assert outcome.equal == 1


@pytest.mark.parametrize(
    "name",
    ["mean" + "_" * 5000 + "x", "mean of " + "p3m-" * 3000 + "!", "mean" + " 1" * 3000 + "x"],
)
def test_no_name_takes_long_to_read(name):
    """Each of these once took longer than anybody waits."""
    assert not is_summary(name)

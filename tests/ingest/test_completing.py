"""What a file does not say is asked for and never guessed; lines that sum up are left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from files import ANY, GOOD, imported, written

from p3mbench.errors import DataError
from p3mbench.ingest import Defaults, import_file
from p3mbench.store import Store


def test_a_convention_is_never_guessed(tmp_path: Path) -> None:
    with (
        Store(tmp_path / "out", create=True) as store,
        pytest.raises(DataError, match="none is given: use --convention"),
    ):
        import_file(written(tmp_path, GOOD), store, Defaults(subset="P"))


@pytest.mark.parametrize(
    "name",
    ["mean", "Mean", "Average", "AVG.", "total", "ALL", "std", "Sum:", "mean of 3",
     "Mean (3 images)", "平均", "合計", "Mittelwert", "moyenne", "median", "overall", "Std Dev",
     "Mean ± std", "Ø", "Média", "Gemiddelde", "среднее значение", "均值 (5张)", "5 images",
     "Mean on P3M-500-P", "P3M-500 mean", "mean_all", "Średnia", "avg_NP", "**Average**"],
)  # fmt: skip
def test_a_line_that_sums_up_is_left_out_and_said(tmp_path: Path, name: str) -> None:
    frame, outcome = imported(tmp_path, f"image,sad,mse\na,1,0.1\nb,2,0.2\n{name},1.7,0.3\n")
    assert frame["image"].tolist() == ["a", "b"]
    assert any(
        "left out lines that are not images" in note and name in note for note in outcome.notes
    )
    with pytest.raises(DataError, match="--strict"):
        imported(tmp_path, f"image,sad\na,1\n{name},1\n", replace(ANY, strict=True))


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (
            "method,image,variant,train_setting,sad",
            "lacks subset; add the column, or give --subset",
        ),
        (
            "image,subset,variant,train_setting,sad",
            "lacks method; add the column, or give --method",
        ),
        ("method,image,subset,sad", "give --setting TRAIN:TEST"),
        ("method,subset,variant,train_setting,sad", "lacks image; it is needed"),
    ],
)
def test_what_must_be_said_is_asked_for(tmp_path: Path, header: str, words: str) -> None:
    line = ",".join({"variant": "B", "train_setting": "B", "sad": "1"}.get(name, "x")
                    for name in header.split(","))  # fmt: skip
    with pytest.raises(DataError) as caught:
        imported(tmp_path, f"{header}\n{line}\n", Defaults(convention="p3m"))
    assert words in str(caught.value)

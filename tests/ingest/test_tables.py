"""Tables as spreadsheets, pandas and Markdown write them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from files import ANY, imported

from p3mbench.errors import DataError


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("image;SAD;MSE\na;1,5;0,25\n", [1.5, 0.25]),
        ("image\tSAD\tMSE\na\t1.5\t0.25\n", [1.5, 0.25]),
        ("image\tSAD\tMSE\na\t1,5\t0,25\n", [1.5, 0.25]),
        ("image|sad|mse\na|1.5|0.25\n", [1.5, 0.25]),
        ("| Image | SAD ↓ | MSE |\n| --- | ---: | :-: |\n| a | **1.5** | 0.25 |\n", [1.5, 0.25]),
        ("Image | SAD | MSE\n--- | --- | ---\na | 1.5 | 0.25\n", [1.5, 0.25]),
        ('image,SAD,MSE\na,"1,5","0,25"\n', [1.5, 0.25]),
        ("Bild;SAD;MSE ($\\times 10^{-3}$)\na;1,5;250\n", [1.5, 0.25]),
        ("图像,SAD,MSE (‰)\na,1.5,250\n", [1.5, 0.25]),
        ('image,sad,mse\n"a",1.5,0.25\n', [1.5, 0.25]),
        ("sep=;\nimage;sad;mse\na;1,5;0,25\n", [1.5, 0.25]),
        (",image,sad,mse\n0,a,1.5,0.25\n", [1.5, 0.25]),
        ("Unnamed: 0,image,sad,mse\n0,a,1.5,0.25\n", [1.5, 0.25]),
        (",sad,mse\na,1.5,0.25\n", [1.5, 0.25]),
        ("# by our script\nimage,sad,mse\n\na,1.5,0.25\n,,\n", [1.5, 0.25]),
        ("image,sad,mse\na,1.5,0.25\nimage,sad,mse\n", [1.5, 0.25]),
        ("filename,SAD,MSE (1e-3)\na.png,1.5,250\n", [1.5, 0.25]),
        ("Image,SAD/1000,MSE x1000\na.png,1.5,250\n", [1.5, 0.25]),
        ("image,sad,mse\r\na,1.5,2.5e-1\r\n", [1.5, 0.25]),
        ("image,sad,mse\n'=a,1.5,0.25\n".replace("'=a", "a"), [1.5, 0.25]),
        ("image,sad,mse\na,1.5,0.25\n".encode("utf-16"), [1.5, 0.25]),
        ("dir/x,image,sad,mse\n1,blurred_image/a.jpg,1.5,0.25\n", [1.5, 0.25]),
    ],
)
def test_tables_as_others_write_them(
    tmp_path: Path, text: str | bytes, values: list[float]
) -> None:
    frame, _ = imported(tmp_path, text)
    assert frame["image"].tolist() == ["a"]
    assert [frame["sad"][0], frame["mse"][0]] == values


def test_unknown_columns_are_listed_and_kept_only_if_asked_for(tmp_path: Path) -> None:
    text = "image,sad,hair,comment\na,1,0.5,fine\n"
    frame, outcome = imported(tmp_path, text)
    assert "hair" not in frame
    assert any(
        "2 columns are not known and were left out: hair, comment" in n for n in outcome.notes
    )
    frame, _ = imported(tmp_path, text, replace(ANY, keep=("hair",), method="other"))
    assert frame[frame["method"] == "other"]["hair"].tolist() == [0.5]


def test_scores_of_both_variants_side_by_side_are_refused(tmp_path: Path) -> None:
    """SAD-B alone is SAD over the boundary."""
    for header in ("image,SAD_B,SAD_N", "image,SAD (B),SAD (N)", "image,sad,MSE-B,MSE-N"):
        row = "a," + ",".join("1" for _ in header.split(",")[1:])
        with pytest.raises(DataError, match="looks like scores of the variant N"):
            imported(tmp_path, f"{header}\n{row}\n")
    assert imported(tmp_path, "image,SAD-B\na,1\n")[0]["sad_boundary"].tolist() == [1]

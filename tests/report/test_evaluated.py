"""The scores of a folder are the same in every format, and are read again by ``import``."""

from __future__ import annotations

import csv
import io
import json

import pytest

from p3mbench.evaluation import EvaluatedImage
from p3mbench.metrics import Scores
from p3mbench.report import formats
from p3mbench.report.evaluated import evaluated

NAN = float("nan")
IMAGES = (
    EvaluatedImage("a", Scores({"sad": 1.25, "mse": 0.5}, {"matte_0_1": None}), "ok"),
    EvaluatedImage("=b", Scores({"sad": 2.0, "mse": NAN}, {}), "ok"),
    EvaluatedImage("c", None, "failed", "no file"),
)


def text(format: str) -> str:
    return evaluated(IMAGES, "p3m", ("mine", "all"), format)


@pytest.mark.parametrize("format", ["table", "markdown", "latex"])
def test_people_read_a_line_per_image_and_the_means(format: str) -> None:
    found = text(format)
    assert all(part in found for part in ("Scores of 2 images", "1.25", "mean of 2", "1.62"))
    assert "nan" not in found and "no file" not in found


def test_programs_read_full_precision() -> None:
    lines = list(csv.DictReader(io.StringIO(text("csv"))))
    assert [(line["image"], line["sad"], line["mse"]) for line in lines] == [
        ("a", "1.25", "0.5"),
        ("'=b", "2.0", "nan"),
    ]
    assert lines[0]["flags"] == "matte_0_1" and lines[0]["benchmark"] == "mine"
    whole = json.loads(text("json"))
    assert list(whole) == ["convention", "mean", "flags", "images"]
    assert whole["mean"] == {"sad": 1.625, "mse": 0.5}
    assert whole["images"][1]["metrics"]["mse"] is None
    assert whole["images"][2] | {"status": "failed", "reason": "no file"} == whole["images"][2]


def test_every_format_can_write_a_folder_without_a_score() -> None:
    for format in formats():
        assert evaluated(IMAGES[2:], "p3m", ("mine", "all"), format).endswith("\n")

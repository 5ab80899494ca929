"""``p3mbench privacy`` and ``p3mbench data verify --leak``, end to end on tiny benchmarks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from calls import call

from p3mbench.privacy.record import file_of, read_record

TINY = """
name = "tiny"
source = "synthetic"
variants = ["B", "N", "zero"]
[synthetic]
world = "collection"
seed = 2026
height = 192
width = 144
[[subsets]]
name = "P"
count = {count}
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY.format(count=3), encoding="utf-8")
    return path


@pytest.mark.slow
def test_a_measurement_ends_in_a_record_and_in_the_report(tmp_path: Path, tiny: Path) -> None:
    out = tmp_path / "results"
    result = call("privacy", tiny, "--out", out, "--persons", 3)
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert said.index("MTCNN finds") < said.index("subset variant faces")
    assert "is not anonymous" in said and "lower bounds" in said
    assert "3 images with visible faces; so few images cannot show a rate of 0.1" in said
    record = read_record(file_of(out, "tiny"))
    places = {place.variant: place for place in record.places}
    assert set(places) == {"B", "N", "zero"}
    assert places["N"].found["mtcnn"].value > places["zero"].found["mtcnn"].value
    assert set(places["zero"].recognised) == {"person-face", "person-head"}
    run = ("--benchmark", tiny, "--methods", "coarse", "--out", out, "--jobs", 1)
    assert call("run", *run).exit_code == 0
    shown = call("report", "--results", out, "--tables", "price")
    assert "Price of privacy, mean SAD" in shown.output and "without" not in shown.output
    plots = tmp_path / "plots"
    assert call("report", "--results", out, "--plots", plots, "--plot-format", "svg").exit_code == 0
    assert list(plots.glob("price-*.svg"))


def test_wrong_requests_are_one_line(tmp_path: Path, tiny: Path) -> None:
    for more, told in (
        (("--detector", "retina"), "there are mtcnn, cascade and yunet=FILE"),
        (("--detector", f"yunet={tmp_path / 'no.onnx'}"), "there is no such file"),
        (("--recogniser", tmp_path / "no.onnx"), "there is no such file"),
        (("--variants", "mosiac-0.10"), "not a test variant"),
    ):
        result = call("privacy", tiny, "--persons", 0, "--out", tmp_path / "out", *more)
        assert result.exit_code != 0 and told in result.output
    assert not (tmp_path / "out").exists()


def test_photographs_have_no_drawn_people(p3m_folder: Path, tmp_path: Path) -> None:
    out = ("--out", tmp_path / "out")
    result = call("privacy", "p3m500", "--data", p3m_folder, "--persons", 5, *out)
    assert result.exit_code == 2 and "give --recogniser FILE" in result.output


def test_a_foreign_record_is_one_line(stored: Path) -> None:
    (stored / "privacy-x.json").write_text('{"p3mbench_privacy": 9}', encoding="utf-8")
    result = call("report", "--results", stored)
    assert result.exit_code == 1
    assert "privacy-x.json: is not a record of p3mbench privacy" in result.output


@pytest.mark.slow
def test_the_leak_of_drawn_benchmarks(tmp_path: Path) -> None:
    path = tmp_path / "old.toml"
    text = TINY.format(count=10).replace("collection", "mannequins").replace(', "zero"', "")
    path.write_text(text, encoding="utf-8")
    result = call("data", "verify", "--leak", "--strict", "--benchmark", path)
    assert result.exit_code == 3
    assert result.output.startswith("leak, P B: the artefact alone finds the person: AUC 0.")
    as_json = call("data", "verify", "--leak", "--benchmark", path, "--format", "json")
    (found,) = json.loads(as_json.stdout)["leaks"]
    assert found["auc"] > 0.8 and found["images"] == 10


def test_photographs_with_one_variant_cannot_be_tested(p3m_folder: Path) -> None:
    result = call("data", "verify", p3m_folder, "--leak")
    assert result.exit_code == 0
    wanted = "not measured: needs images with visible and with hidden faces"
    assert f"leak, P: {wanted}" in result.output and f"leak, NP: {wanted}" in result.output

"""Checks over all lines: sums without a name, subsets, scores that are odd."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from files import ANY, imported, written

from p3mbench.cli import main
from p3mbench.errors import DataError
from p3mbench.ingest import import_file
from p3mbench.store import Store


@pytest.mark.parametrize("name", ["Ergebnis", "zusammen", "m", "00-P3M"])
@pytest.mark.parametrize("what", ["mean", "sum"])
@pytest.mark.parametrize("first", [True, False])
def test_a_line_that_is_the_others_mean_is_known_by_its_numbers(
    tmp_path: Path, name: str, what: str, first: bool
) -> None:
    values = [(1.25, 0.013), (2.5, 0.022), (7.75, 0.031), (3.1, 0.012), (0.9, 0.017)]
    parts = 1 if what == "sum" else len(values)
    sums = [sum(column) / parts for column in zip(*values, strict=True)]
    lines = [f"p_{i},{sad},{mse}" for i, (sad, mse) in enumerate(values)]
    lines.insert(0 if first else len(lines), f"{name},{sums[0]:.2f},{sums[1]:.4f}")
    frame, outcome = imported(tmp_path, "image,sad,mse\n" + "\n".join(lines))
    assert len(frame) == 5 and name not in set(frame["image"])
    assert any(f"is the {what} of the 5 lines" in note for note in outcome.notes)


@pytest.mark.parametrize("first", [True, False])
def test_a_mean_with_a_deviation_beyond_it_takes_it_along(tmp_path: Path, first: bool) -> None:
    values = [8.7312, 5.12, 6.33, 3.21, 4.11]
    lines = [f"p_{i},{value}" for i, value in enumerate(values)]
    beyond = ["x1,5.50024", "x2,2.135"]
    lines = [*reversed(beyond), *lines] if first else [*lines, *beyond]
    frame, outcome = imported(tmp_path, "image,sad\n" + "\n".join(lines))
    assert sorted(frame["sad"]) == sorted(values)
    assert any("'x1' (and 1 beyond it) is the mean of the 5" in note for note in outcome.notes)


def test_a_mean_amid_the_lines_is_known_where_its_digits_leave_no_doubt(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    values = rng.gamma(2, 4, 40).round(6)
    lines = [f"p_{i},{value:.6f}" for i, value in enumerate(values)]
    lines.insert(17, f"p_x,{values.mean():.6f}")
    frame, _ = imported(tmp_path, "image,sad\n" + "\n".join(lines))
    assert len(frame) == 40 and "p_x" not in set(frame["image"])
    coarse = [f"p_{i},{value:.1f}" for i, value in enumerate(values)]
    coarse.insert(17, f"p_x,{values.mean():.1f}")
    assert len(imported(tmp_path, "image,sad\n" + "\n".join(coarse))[0]) == 41


def test_a_name_unlike_the_others_is_flagged_and_said(tmp_path: Path) -> None:
    lines = "".join(f"p_{i},{i + 1}.5\n" for i in range(5))
    frame, outcome = imported(tmp_path, f"image,sad\n{lines}Results,9.25\n")
    odd = frame[frame["flags"].str.contains("odd_scores")]
    assert odd["image"].tolist() == ["Results"]
    assert "'Results' is named unlike the other images" in outcome.notes[0]


def test_alike_lines_are_no_means_of_each_other(tmp_path: Path) -> None:
    text = "image,sad,mse\n" + "".join(f"p{i},1,0.5\n" for i in range(6))
    assert len(imported(tmp_path, text)[0]) == 6


def test_subsets_of_a_published_benchmark_are_its_own(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="p3m500 has the subsets P and NP, not 'all'"):
        imported(tmp_path, "image,sad\na,1\n", replace(ANY, subset="all"))
    lines = "".join(f"i{i},{i}\n" for i in range(501))
    with pytest.raises(DataError, match="501 images of p3m500, subset P, which has 500"):
        imported(tmp_path, f"image,sad\n{lines}")


def test_a_part_of_a_published_benchmark_is_said_to_be_one(tmp_path: Path) -> None:
    with Store(tmp_path / "fresh", create=True) as store:
        import_file(written(tmp_path, "image,sad\na,1\nb,2\nc,3\nd,5\n"), store, ANY)
        assert store.expected() == {("p3m500", "P"): 500}
    shown = CliRunner().invoke(main, ["report", "--results", str(tmp_path / "fresh")])
    assert "4 of 500" in shown.output, shown.output


def test_a_suspicious_row_is_flagged_and_said(tmp_path: Path) -> None:
    frame, outcome = imported(tmp_path, "image,sad,mad\na,8.73,0.5\n")
    assert (
        frame["flags"].tolist() == ["imported,odd_scores"] and "17,460 pixels" in frame["reason"][0]
    )
    assert any("was it resized" in note for note in outcome.notes)

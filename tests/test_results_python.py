"""Results in Python: scores, gaps, tables and plots of a store, and how a notebook shows them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

import p3mbench
from p3mbench.results import COLUMNS, GAP_COLUMNS, Results

MORE = """

@dataclass(frozen=True)
class Dark:
    info: ClassVar[MethodInfo] = MethodInfo(
        name="dark", title="<Dark>", kind=Kind.TRIMAP_FREE, year=2026, citation="nobody")

    def load(self, device, weights):
        return self

    def predict(self, image, trimap=None):
        if image.mean() > 300:
            raise ValueError("too bright")
        return np.clip(image[..., 0] / np.float32(255), 0, 1).astype(np.float32)
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, plugin_once: Path) -> Results:
    """Two methods on three drawn portraits in both variants."""
    root = tmp_path_factory.mktemp("results")
    plugin = root / "two.py"
    plugin.write_text(plugin_once.read_text() + MORE)
    asked = {"benchmark": "mini", "limit": 3, "jobs": 1, "plugins": plugin}
    return p3mbench.run("grey,dark", out=root / "out", **asked)


def test_scores_are_a_frame_with_documented_columns(results: Results) -> None:
    scores = results.scores
    assert list(scores.columns) == [*COLUMNS, *results.metrics]
    assert {"sad", "mse", "grad"} <= set(results.metrics)
    assert len(scores[scores["method"] == "grey"]) == 12
    scores["sad"] = 0.0  # a copy: the results stay
    assert results.scores["sad"].max() > 0
    assert results.failures.empty and "reason" in results.failures
    page = (Path(__file__).parents[1] / "docs" / "api.md").read_text()
    assert [name for name in (*COLUMNS, *GAP_COLUMNS) if f"`{name}`" not in page] == []


def test_gaps_are_a_frame_largest_first(results: Results) -> None:
    gaps = results.gap("mse", kind="trimap-free")
    assert list(gaps.columns) == GAP_COLUMNS and len(gaps)
    for _, part in gaps.groupby(["contrast", "test"]):
        assert part["gap"].is_monotonic_decreasing
    assert results.gap(kind="trimap-based").empty
    name = gaps["contrast"].iloc[0]
    assert set(results.gap(contrast=name)["contrast"]) == {name}
    with pytest.raises(ValueError, match="unknown contrast"):
        results.gap(contrast="gapp")
    with pytest.raises(ValueError, match="did you mean trimap-free"):
        results.gap(kind="trimapfree")


def test_tables_have_every_format(results: Results, tmp_path: Path) -> None:
    tables = results.table(metrics="sad,mse")
    assert "Grey" in str(tables) and "MSE" in str(tables)
    assert tables.to("latex", standalone=True).startswith("\\documentclass")
    html = tables._repr_html_()
    assert "&lt;Dark&gt;" in html and "<Dark>" not in html
    assert "| Grey" in tables.save(tmp_path / "t.md").read_text()
    assert len(str(results.table("all"))) > len(str(tables))
    assert results.table(kind="trimap-based").report.tables == ()
    with pytest.raises(ValueError, match="latexx"):
        tables.to("latexx")
    with pytest.raises(ValueError, match="sad2"):
        results.table(metrics=["sad2"])


def test_plots_are_pictures(results: Results, tmp_path: Path) -> None:
    picture = results.plot()
    pixels = cv2.imdecode(np.frombuffer(picture._repr_png_(), np.uint8), cv2.IMREAD_COLOR)
    assert pixels.shape[1] > 300 and "gap" in repr(picture).lower()
    assert picture.save(tmp_path / "gap.svg").read_bytes().startswith(b"<?xml")
    with pytest.raises(ValueError, match="the suffix must be one of"):
        picture.save(tmp_path / "gap.gif")
    with pytest.raises(ValueError, match="unknown plot 'gapp'; did you mean gap"):
        results.plot("gapp")
    with pytest.raises(ValueError, match="nothing that the plot gap shows"):
        results.plot(kind="trimap-based")


def test_a_notebook_shows_results(results: Results) -> None:
    assert "24 scores: 2 methods, 6 images, benchmark mini" in repr(results)
    html = results._repr_html_()
    assert "&lt;Dark&gt;" in html and "<script" not in html and "3 images" not in html
    assert html.startswith("<p><b>Results</b>")


def test_a_page_is_one_file(results: Results, tmp_path: Path, undrawn: None) -> None:
    page = results.page(tmp_path / "r.html")
    assert page.read_text().startswith("<!doctype html>")


def test_an_empty_store_says_so(tmp_path: Path) -> None:
    empty = p3mbench.run("coarse", limit=1, variants="B", out=tmp_path / "o", dry_run=True)
    assert "0 scores" in repr(empty) and "Results" in empty._repr_html_()
    assert empty.gap().empty and empty.scores.empty

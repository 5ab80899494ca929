"""``p3mbench gallery``: everything the report makes, in one folder."""

from __future__ import annotations

import json

import pytest
from calls import call

LIGHT = ("--tables", "markdown", "--no-page")


@pytest.mark.slow
def test_a_variant_that_was_never_released_is_left_out_of_page_and_plots(stored, tmp_path):
    """P3M-500-P has blurred faces only: the page is made of what there is."""
    out = tmp_path / "gallery"
    assert call("gallery", "--results", stored, "--out", out).exit_code == 0
    text = (out / "report.html").read_text()
    images = json.loads(text.split('id="data">')[1].split("</script>")[0])["viewer"]["images"]
    assert images and all("B" in image and "N" not in image for image in images)


@pytest.mark.slow
def test_the_gallery_shows_what_it_wrote(both_variants, tmp_path):
    out = tmp_path / "gallery"
    assert call("gallery", "--results", both_variants, "--out", out).exit_code == 0
    index = (out / "README.md").read_text()
    files = {path.name for path in out.iterdir()} - {"README.md"}
    assert all(f"({name})" in index for name in files)
    assert {"tables.tex", "report.html", "gap.png"} <= files


@pytest.mark.usefixtures("undrawn")
def test_a_gallery_may_have_one_format_and_no_page(both_variants, tmp_path):
    out = tmp_path / "g"
    assert call("gallery", "--results", both_variants, "--out", out, *LIGHT).exit_code == 0
    assert {p.name for p in out.glob("tables.*")} == {"tables.md"}
    index = (out / "README.md").read_text()
    assert "tables.csv" not in index and "report.html" not in index
    assert {p.name for p in out.iterdir()} >= {"gap.png", "panels-trimap-based-sad-t.png"}

"""``p3mbench gallery``: everything the report makes, in one folder."""

from __future__ import annotations

import json
from pathlib import Path

from calls import call

README = Path(__file__).resolve().parents[2] / "README.md"


def test_a_variant_that_was_never_released_is_left_out_of_page_and_plots(stored, tmp_path):
    """P3M-500-P has blurred faces only: the page is made of what there is."""
    out = tmp_path / "gallery"
    assert call("gallery", "--results", stored, "--out", out).exit_code == 0
    text = (out / "report.html").read_text()
    images = json.loads(text.split('id="data">')[1].split("</script>")[0])["viewer"]["images"]
    assert images and all("B" in image and "N" not in image for image in images)


def test_the_gallery_shows_what_it_wrote(both_variants, tmp_path):
    out = tmp_path / "gallery"
    assert call("gallery", "--results", both_variants, "--out", out).exit_code == 0
    index = (out / "README.md").read_text()
    files = {path.name for path in out.iterdir()} - {"README.md"}
    assert all(f"({name})" in index for name in files)
    assert {"tables.tex", "report.html", "gap.png"} <= files
    light = ("--tables", "markdown", "--no-page")
    assert (
        call("gallery", "--results", both_variants, "--out", tmp_path / "g", *light).exit_code == 0
    )
    assert {p.name for p in (tmp_path / "g").glob("tables.*")} == {"tables.md"}
    assert "tables.csv" not in (tmp_path / "g" / "README.md").read_text()

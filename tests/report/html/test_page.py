"""The page as text: nothing from outside is markup, and the same rows give the same page."""

from __future__ import annotations

import time

import pytest
from fake import DEFAULT, Fake, rows
from page_of import EVIL, EVIL_IMAGE, page

from p3mbench.report import build
from p3mbench.report.html import Page, render_html


def test_nothing_from_outside_is_markup(made: str) -> None:
    """No browser needed: the names occur escaped only, and nothing is loaded from elsewhere."""
    assert EVIL not in made and EVIL_IMAGE not in made
    assert made.count("<script") == 2 and made.count("</script>") == 2
    assert "http://" not in made.replace("http://www.w3.org", "") and "https://" not in made
    assert "default-src &#39;none&#39;" in made


@pytest.mark.usefixtures("undrawn")
def test_the_same_rows_give_the_same_page() -> None:
    """That plots repeat byte for byte is a test of theirs."""
    few = DEFAULT[:2]
    assert page(few, images=4) == page(few, images=4)


def test_the_page_says_what_the_variants_are(made: str) -> None:
    assert "Settings are TRAIN:TEST; B = faces blurred, N = normal faces. Every number" in made
    assert 'id="view-hidden"' not in made and "result on the blurred image" in made


def test_a_report_without_rows_is_a_page() -> None:
    empty = rows(DEFAULT[:1], images=1).iloc[:0]
    assert "There are no results yet." in render_html(Page(build(empty)))


@pytest.mark.slow
def test_three_thousand_images_are_a_matter_of_seconds() -> None:
    """3 methods x 1000 images x 10 metrics, with every plot. Measured; the bound is generous."""
    fakes = tuple(
        Fake(f"m{i}", f"Method {i}", 5.0 + i, "B", checkpoint=str(i), subsets=("P",), gap=1.0)
        for i in range(3)
    )
    frame = rows(fakes, images=1000)
    start = time.perf_counter()
    render_html(Page(build(frame)))
    assert time.perf_counter() - start < 60  # 2.8 s on the machine it was written on


def test_the_page_opens_with_the_answer(made: str) -> None:
    summary = made.split('id="summary"')[1].split('id="tables"')[0]
    assert summary.index("PPT gap [interval]") < summary.index("Every gap in words")
    assert "Best mean:" in summary and "What cannot be said, and why:" in summary

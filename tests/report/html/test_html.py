"""The page in a real browser: it sorts, filters, wipes, copies, and runs nothing but its own."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake import DEFAULT, Fake, rows

from p3mbench.data.sample import Scene
from p3mbench.report import build
from p3mbench.report.build import subjects
from p3mbench.report.html import Page, render_html
from p3mbench.report.html.summary import findings
from p3mbench.stats import Bootstrap

QUICK = Bootstrap(resamples=199)
EVIL = "<script>window.hacked = 1</script>"
EVIL_IMAGE = '"><img src=x onerror="window.hacked=2">'
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
         "--disable-component-update", "--no-first-run")  # fmt: skip


class Drawings:
    """Pictures of nothing in particular, for every image and method."""

    problems = ("one image could not be read",)

    def scene(self, benchmark: str, subset: str, variant: str, image: str) -> Scene:
        rng = np.random.default_rng(ord(variant))
        alpha = np.zeros((64, 48), np.uint8)
        alpha[20:, 12:36] = 255
        return Scene(rng.integers(0, 256, (64, 48, 3), dtype=np.uint8), alpha, None, None)

    def matte(self, entry: Any, subset: str, setting: Any, image: str) -> np.ndarray:
        alpha = np.zeros((64, 48), np.uint8)
        alpha[20:, 12 if setting.test == "B" else 24 : 36] = 255
        return alpha


def page(fakes: tuple[Fake, ...] = DEFAULT, images: int = 8) -> str:
    frame = rows(fakes, images=images)
    frame.loc[frame["image"] == "p_0001", "image"] = EVIL_IMAGE
    return render_html(
        Page(
            build(frame, how=QUICK),
            subjects(frame),
            frame,
            ({"started_utc": "2026-11-24T00:00:00", "command": ["</script>", EVIL]},),
            Drawings(),  # type: ignore[arg-type]
        )
    )


@pytest.fixture(scope="module")
def made() -> str:
    evil = replace(DEFAULT[0], method=EVIL, title=EVIL, level=30.0, checkpoint=EVIL)
    return page((*DEFAULT, evil))


@pytest.fixture
def browser(tmp_path: Path, made: str) -> Iterator[Any]:
    """The page, opened from a file; what it logged and asked for is checked at the end."""
    chromium = os.environ.get("P3MBENCH_BROWSER") or shutil.which("chromium")
    if not chromium:
        if os.environ.get("P3MBENCH_REQUIRE_BROWSER"):
            pytest.fail("Chromium is required here and was not found (P3MBENCH_BROWSER)")
        pytest.skip("no Chromium on this machine (P3MBENCH_BROWSER)")
    from playwright.sync_api import sync_playwright

    path = tmp_path / "report.html"
    path.write_text(made, encoding="utf-8")
    said: list[str] = []
    asked: list[str] = []
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        opened = chrome.new_page(viewport={"width": 1100, "height": 900})
        opened.on("console", lambda message: said.append(message.text))
        opened.on("pageerror", lambda error: said.append(str(error)))
        opened.on("request", lambda request: asked.append(request.url))
        opened.goto(path.as_uri())
        yield opened
        assert opened.evaluate("window.hacked") is None
        chrome.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("data:", "file:"))] == []


def until(opened: Any, expression: str) -> None:
    """Wait for something to be true; Playwright's own way would evaluate text within the page."""
    for _ in range(200):
        if opened.evaluate(expression):
            return
        opened.wait_for_timeout(50)
    pytest.fail(f"never true: {expression}")


def column(opened: Any, number: int) -> list[str]:
    """The visible cells of a column of the first table that has the evil method in it."""
    sheet = opened.locator(".sheet[open]").first
    return sheet.locator(f"tr.row:visible > *:nth-child({number})").all_inner_texts()


@pytest.mark.slow
def test_a_click_sorts_and_another_turns_it_round(browser: Any) -> None:
    head = browser.locator(".sheet[open]").first.locator("button.sort").nth(1)
    head.click()
    up = [float(text.split()[0]) for text in column(browser, 2) if text[0].isdigit()]
    assert len(up) > 2 and up == sorted(up)
    assert head.locator("..").get_attribute("aria-sort") == "ascending"
    head.focus()
    browser.keyboard.press("Enter")
    assert [float(t.split()[0]) for t in column(browser, 2) if t[0].isdigit()] == up[::-1]
    assert column(browser, 2)[-1] == "–"  # missing ones stay last


@pytest.mark.slow
def test_filters_leave_what_was_asked_for(browser: Any) -> None:
    browser.fill("#filter", "p3m")
    assert set(column(browser, 1)) == {"P3M-Net (R34)"}
    assert "lines shown" in browser.locator("#shown").inner_text()
    browser.fill("#filter", "")
    browser.select_option("#kind", "trimap-based")
    shown = browser.locator(".sheet:visible")
    assert shown.count() > 0
    assert {s.get_attribute("data-kind") for s in shown.all()} == {"trimap-based"}


@pytest.mark.slow
def test_the_slider_wipes_from_one_variant_to_the_other(browser: Any) -> None:
    wipe = browser.locator("#view-wipe")
    until(browser, "document.getElementById('view-b').width === 48")
    assert browser.locator("#view-none").is_hidden()
    wipe.focus()
    for key, left in (("Home", "0%"), ("End", "100%"), ("ArrowLeft", "99%")):
        browser.keyboard.press(key)
        assert browser.evaluate("document.getElementById('view-line').style.left") == left
    assert "inset(0px 1% 0px 0px)" in browser.evaluate(
        "getComputedStyle(document.getElementById('view-b')).clipPath"
    )


@pytest.mark.slow
def test_mattes_composites_and_errors_are_drawn(browser: Any) -> None:
    """The N matte is half of the person: the other half is an error."""
    pixel = "([x, y]) => Array.from(document.getElementById('view-n').getContext('2d')"
    pixel += ".getImageData(x, y, 1, 1).data)"
    until(browser, "document.getElementById('view-n').width === 48")
    expected = {
        "matte": ([0, 0, 0, 255], [255, 255, 255, 255]),
        "error": ([255, 255, 200, 255], [0, 0, 0, 255]),
    }
    for mode, (missed, found) in expected.items():
        browser.select_option("#view-mode", mode)
        for place, colour in (([16, 40], missed), ([30, 40], found)):
            seen = None
            for _ in range(100):  # it is painted in its own time
                seen = browser.evaluate(pixel, place)
                if np.abs(np.subtract(seen, colour)).max() < 4:
                    break
                browser.wait_for_timeout(50)
            assert np.abs(np.subtract(seen, colour)).max() < 4, (mode, place, seen)
    browser.select_option("#view-mode", "composite")
    until(browser, f"String(({pixel})([2, 2])) === '0,177,64,255'")


@pytest.mark.slow
def test_scores_are_those_of_the_rows(browser: Any) -> None:
    frame = rows(DEFAULT, images=8)
    method = browser.locator("#view-method option", has_text="P3M-Net (R34), trained on B").first
    browser.select_option("#view-method", method.get_attribute("value"))
    browser.select_option("#view-image", label="p_0002")
    cells = browser.locator("#view-scores tbody tr").first.locator("td").all_inner_texts()
    mine = frame[(frame["checkpoint"] == "b.pth") & (frame["image"] == "p_0002")]
    b, n = (mine[mine["variant"] == v]["sad"].item() for v in "BN")
    assert cells[:2] == [f"{b:.2f}", f"{n:.2f}"]
    assert float(cells[2].replace("−", "-")) == pytest.approx(n - b, abs=0.005)


@pytest.mark.slow
def test_names_are_text_and_the_latex_can_be_copied(browser: Any) -> None:
    assert any(EVIL in text for text in column(browser, 1))
    assert browser.locator("script").count() == 2  # the data and ours
    options = browser.locator("#view-image option").all_inner_texts()
    assert EVIL_IMAGE in options
    browser.select_option("#view-image", label=EVIL_IMAGE)
    button = browser.locator(".sheet[open] button.copy").first
    button.click()
    until(browser, "document.querySelector('.sheet[open] .copy').innerText != 'Copy LaTeX'")
    assert button.inner_text() == "Copied"


@pytest.mark.slow
def test_it_fits_a_phone_and_has_a_dark_side(browser: Any) -> None:
    browser.set_viewport_size({"width": 360, "height": 700})
    assert browser.evaluate("document.documentElement.scrollWidth") <= 360
    colour = "getComputedStyle(document.body).backgroundColor"
    light = browser.evaluate(colour)
    browser.emulate_media(color_scheme="dark")
    assert browser.evaluate(colour) != light


def test_nothing_from_outside_is_markup(made: str) -> None:
    """No browser needed: the names occur escaped only, and nothing is loaded from elsewhere."""
    assert EVIL not in made and EVIL_IMAGE not in made
    assert made.count("<script") == 2 and made.count("</script>") == 2
    assert "http://" not in made.replace("http://www.w3.org", "") and "https://" not in made
    assert "default-src &#39;none&#39;" in made


def test_the_same_rows_give_the_same_page(made: str) -> None:
    fakes = (*DEFAULT, replace(DEFAULT[0], method=EVIL, title=EVIL, level=30.0, checkpoint=EVIL))
    assert page(fakes) == made


def test_the_summary_says_what_the_gap_tables_say() -> None:
    fakes = (
        Fake("a", "Sure", 10.0, "B", gap=5.0, checkpoint="a"),
        Fake("b", "Unsure", 10.0, "B", gap=0.0, checkpoint="b"),
        Fake("c", "Broken", 10.0, "B", gap=50.0, checkpoint="c", failed=4),
    )
    frame = rows(fakes)
    found = findings(build(frame, how=QUICK), frame)
    gap = next(f for f in found if f.heading.startswith("PPT gap"))
    assert "Most for Sure: SAD +" in gap.text and "(significant)" in gap.text
    assert "Of 2 complete methods, 1 lose and 0 gain" in gap.text and gap.tone == "worse"
    assert "c (16)" in found[-1].text and found[-1].tone == "note"


@pytest.mark.slow
def test_three_thousand_images_are_a_matter_of_seconds() -> None:
    """3 methods x 1000 images x 10 metrics, with every plot. Measured; the bound is generous."""
    fakes = tuple(
        Fake(f"m{i}", f"Method {i}", 5.0 + i, "B", checkpoint=str(i), subsets=("P",), gap=1.0)
        for i in range(3)
    )
    frame = rows(fakes, images=1000)
    start = time.perf_counter()
    render_html(Page(build(frame), subjects(frame), frame))
    assert time.perf_counter() - start < 60  # 2.8 s on the machine it was written on

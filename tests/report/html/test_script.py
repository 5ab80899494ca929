"""The page in a real browser: it sorts, filters, wipes, copies, and runs nothing but its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fake import DEFAULT, rows
from page_of import EVIL, EVIL_IMAGE, page_of

from p3mbench.report.html import page as html_page


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
    frame = rows(DEFAULT, images=6)
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


@pytest.mark.slow
def test_each_hidden_variant_can_be_put_beside_normal_faces(
    opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html_page, "draw_all", lambda *_, **__: iter(()))  # has tests of its own
    mosaic = "mosaic-0.10"
    frame = rows([*DEFAULT[:2], *(
        replace(fake, variants=(mosaic,), level=2 * fake.level, obfuscation="mosaic 0.1")
        for fake in DEFAULT[:2]
    )], images=4)  # fmt: skip
    tab = opened(page_of(frame))
    select = tab.locator("#view-hidden")
    assert select.locator("option").all_inner_texts() == ["B", mosaic]
    heads = tab.locator("#view-scores th[scope=col]")
    image = tab.locator("#view-image").input_value()
    name = tab.locator(f"#view-image option[value='{image}']").inner_text()
    label = tab.locator("#view-method option:checked").inner_text()
    for variant, width in (("B", 24), (mosaic, 6)):
        select.select_option(variant)
        assert heads.all_inner_texts()[1:] == [variant, "N", f"N − {variant}"]
        cells = tab.locator("#view-scores tbody tr").first.locator("td").all_inner_texts()
        mine = frame[(frame["image"] == name) & (frame["train_setting"] == label[-1])]
        hidden, normal = (mine[mine["variant"] == v]["sad"].item() for v in (variant, "N"))
        assert cells[:2] == [f"{hidden:.2f}", f"{normal:.2f}"]
        white = "Array.from(document.getElementById('view-b').getContext('2d')"
        white += ".getImageData(0, 40, 48, 1).data).filter((v, i) => i % 4 === 0 && v > 128).length"
        until(tab, f"{white} === {width}")

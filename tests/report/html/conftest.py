"""What the tests of the page share: one page with hostile names, and one browser."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import pytest
from page_of import page

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
         "--disable-component-update", "--no-first-run")  # fmt: skip


@pytest.fixture(scope="session")
def made() -> str:
    """The page as text, with an empty picture for every plot: theirs are in base64."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("p3mbench.report.plots.rendered", lambda *_, **__: b"<svg/>")
        return page()


@pytest.fixture(scope="session")
def drawn_page() -> str:
    """The page with its plots, as a browser shows it."""
    return page()


@pytest.fixture(scope="session")
def chrome() -> Iterator[Any]:
    """A browser, started once."""
    chromium = os.environ.get("P3MBENCH_BROWSER") or shutil.which("chromium")
    if not chromium:
        if os.environ.get("P3MBENCH_REQUIRE_BROWSER"):
            pytest.fail("Chromium is required here and was not found (P3MBENCH_BROWSER)")
        pytest.skip("no Chromium on this machine (P3MBENCH_BROWSER)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def opened(chrome: Any, tmp_path: Path) -> Iterator[Any]:
    """Opens a page from a file; what it logged and asked for is checked at the end."""
    said: list[str] = []
    asked: list[str] = []
    context = chrome.new_context(viewport={"width": 1100, "height": 900})
    tab = context.new_page()
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))

    def show(text: str) -> Any:
        path = tmp_path / "report.html"
        path.write_text(text, encoding="utf-8")
        tab.goto(path.as_uri())
        return tab

    yield show
    assert tab.evaluate("window.hacked") is None
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("data:", "file:"))] == []


@pytest.fixture
def browser(opened: Any, drawn_page: str) -> Any:
    """The page, opened in a fresh tab."""
    return opened(drawn_page)

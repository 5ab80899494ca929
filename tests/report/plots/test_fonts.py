"""Titles in any script: with a font that has the letters, and without one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake import Fake, rows
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib.font_manager import fontManager

from p3mbench.report import build
from p3mbench.report.plots import fonts
from p3mbench.report.plots.gap import gap_picture
from p3mbench.report.plots.style import new_figure
from p3mbench.stats import Bootstrap

# Yi syllables: no font of this project's test machines holds them.
LETTERS = "\ua000\ua001"
FAMILY = "P3MBench Test Yi"


def yi_font(path: Path) -> None:
    """A font with two square glyphs."""
    names = [".notdef", "first", "second"]
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for point in ((0, 700), (700, 700), (700, 0)):
        pen.lineTo(point)
    pen.closePath()
    square = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(c): name for c, name in zip(LETTERS, names[1:], strict=True)})
    builder.setupGlyf(dict.fromkeys(names, square))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (800, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": FAMILY, "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    builder.save(path)


@pytest.fixture
def with_font(tmp_path: Path) -> Iterator[None]:
    before = list(fontManager.ttflist)
    yi_font(tmp_path / "yi.ttf")
    fontManager.addfont(tmp_path / "yi.ttf")
    fonts.substitutes.cache_clear()
    yield
    fontManager.ttflist[:] = before
    fonts.substitutes.cache_clear()


def picture(title: str, suffix: str = ".png") -> bytes:
    frame = rows([Fake("m", title, 9.0)], images=4)
    return gap_picture(build(frame, how=Bootstrap(resamples=50)).comparisons, Path(f"gap{suffix}"))


@pytest.mark.usefixtures("with_font")
@pytest.mark.slow
def test_an_installed_font_draws_what_the_usual_one_lacks() -> None:
    assert fonts.substitutes(frozenset(LETTERS)) == ((FAMILY,), frozenset())
    assert fonts.boxes_note([f"title {LETTERS}"]) == ""
    figure = new_figure(2)
    odd, usual = figure.text(0, 0, LETTERS), figure.text(0, 0.5, "plain é")
    fonts.give_glyphs(figure)
    assert odd.get_fontfamily() == [fonts.USUAL, FAMILY]
    assert FAMILY not in usual.get_fontfamily()
    figure.draw_without_rendering()  # a letter without a glyph is a warning, and so an error here
    for suffix in (".png", ".svg", ".pdf"):
        assert picture(LETTERS, suffix)


def test_without_a_font_the_plot_is_drawn_and_a_note_names_the_script() -> None:
    fonts.substitutes.cache_clear()
    assert picture(LETTERS).startswith(b"\x89PNG")
    note = fonts.boxes_note(["plain", f"title {LETTERS}", "é and α are in the usual font"])
    assert "(YI)" in note and "boxes" in note


def test_plain_names_need_no_other_font_and_no_note() -> None:
    assert fonts.boxes_note(["MODNet", "Ünïcödé α−β", "line\nbreak"]) == ""


def test_a_font_of_placeholders_is_no_font() -> None:
    names, _ = fonts.substitutes(frozenset(LETTERS))
    assert not any(name.startswith(fonts.PLACEHOLDERS) for name in names)


def test_a_damaged_font_file_lacks_everything(tmp_path: Path) -> None:
    path = tmp_path / "broken.ttf"
    path.write_bytes(b"no font")
    assert fonts.missing("ab c", str(path)) == {"a", "b", "c"}

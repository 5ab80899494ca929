"""Letters that the usual font lacks: another installed font draws them, or a note says so."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

USUAL = "DejaVu Sans"  # comes with matplotlib
# Fonts that draw a box for every letter, or have signs in the places of letters.
PLACEHOLDERS = ("Last Resort", "LastResort", "Adobe Blank", "STIXNonUnicode", "cmsy", "cmex")
# Families of one design for the scripts of most titles; they are tried first.
FIRST = ("Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "WenQuanYi Zen Hei",
         "WenQuanYi Micro Hei", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "SimHei",
         "Malgun Gothic", "Noto Sans", "Arial Unicode MS", "Droid Sans Fallback",
         "Unifont")  # fmt: skip


def give_glyphs(figure: Figure) -> None:
    """Draw every text of a figure in fonts that have its letters.

    Texts that the usual font can draw stay as they are. Letters that no installed font has are
    drawn as boxes; `boxes_note` names their scripts.
    """
    from matplotlib.text import Text

    texts = [t for t in figure.findobj(Text) if isinstance(t, Text) and not t.get_text().isascii()]
    lacking = missing("".join(t.get_text() for t in texts), _usual_file())
    if not lacking:
        return
    families, _ = substitutes(frozenset(lacking))
    for text in texts:
        if families and lacking & set(text.get_text()):
            _prefer(text, families)


def boxes_note(texts: Iterable[str]) -> str:
    """Name the scripts of some texts that plots show as boxes, in one line; "" if none."""
    letters = {c for text in texts if not text.isascii() for c in text}
    lacking = missing(letters, _usual_file()) if letters else set()
    left = substitutes(frozenset(lacking))[1] if lacking else frozenset()
    if not left:
        return ""
    scripts = ", ".join(sorted({_script(c) for c in left}))
    return (
        f"no installed font has some letters of the plots ({scripts}), so they are drawn as boxes; "
        "install a font that has them, such as Noto Sans CJK for Chinese"
    )


@contextmanager
def quiet_search() -> Iterator[None]:
    """Keep matplotlib's log from reporting how well each font fits."""
    log = logging.getLogger("matplotlib.font_manager")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


@lru_cache(maxsize=16)
def substitutes(letters: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return families that together have ``letters``, as far as any has them, and what is left.

    A family is taken if it has some letter that those before it lack.
    """
    from matplotlib.font_manager import fontManager

    files = {}
    for entry in fontManager.ttflist:
        if entry.name.startswith(PLACEHOLDERS):
            continue
        if entry.style == "normal" and (entry.name not in files or entry.weight == 400):
            files[entry.name] = entry.fname
    order = sorted(files, key=lambda name: (FIRST.index(name) if name in FIRST else 99, name))
    families: list[str] = []
    left = set(letters)
    for name in order:
        if not left:
            break
        still = missing(left, files[name])
        if still < left:
            families.append(name)
            left = still
    return tuple(families), frozenset(left)


def missing(letters: Iterable[str], path: str) -> set[str]:
    """Return the letters that a font file lacks; all of them if it cannot be read."""
    wanted = {c for c in letters if not c.isspace() and unicodedata.category(c)[0] != "C"}
    if not wanted:
        return set()
    return {c for c in wanted if ord(c) not in _codes(path)}


@lru_cache(maxsize=256)
def _codes(path: str) -> frozenset[int]:
    from matplotlib.font_manager import get_font

    try:
        return frozenset(get_font(path).get_charmap())
    except (OSError, RuntimeError, ValueError):  # a bitmap font, or a damaged file
        return frozenset()


def _usual_file() -> str:
    from matplotlib.font_manager import findfont

    return str(findfont(USUAL))


def _prefer(text: Text, families: Sequence[str]) -> None:
    properties = text.get_fontproperties().copy()
    properties.set_family([USUAL, *families])
    text.set_fontproperties(properties)


def _script(character: str) -> str:
    """Return the script of a letter, such as "CJK" or "ARABIC"."""
    return unicodedata.name(character, "unnamed").split("-")[0].split()[0]

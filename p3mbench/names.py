"""Make foreign text safe for paths, terminals and spreadsheets.

Names of methods, checkpoints, benchmarks, subsets and images become parts of paths and keys. Text
of foreign code (exception messages, logs) reaches terminals. Cells of tables reach spreadsheets.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from p3mbench.errors import P3MBenchError

MOST_CHARACTERS = 200
_FORMULA = ("=", "+", "-", "@")
_SEPARATORS = ("/", "\\")
_BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")


def problem_of(name: str) -> str:
    """Say why a name cannot be part of a path or a label; "" if it can.

    A name is refused if it is empty, is longer than 200 characters, begins with a dot, a hyphen or
    ``=``, begins or ends with a space, or contains a slash, a backslash, a control or formatting
    character or a lone surrogate.

    >>> problem_of("p3mnet-r34"), problem_of("../x")
    ('', 'it begins with a dot')
    """
    if not name:
        return "it is empty"
    if len(name) > MOST_CHARACTERS:
        return f"it is longer than {MOST_CHARACTERS} characters"
    if name[0] in ".-=":
        return f"it begins with {'a dot' if name[0] == '.' else repr(name[0])}"
    if name != name.strip():
        return "it begins or ends with a space"
    for character in name:
        if character in _SEPARATORS:
            return f"it contains {character!r}"
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            return f"it contains the character {ascii(character)}"
    return ""


def checked_name(name: str, what: str, error: type[P3MBenchError] = P3MBenchError) -> str:
    """Return ``name`` if it can be part of a path and a label.

    Args:
        name: text from a user, a file or a plugin.
        what: what it names, for the message: "subset", "checkpoint".
        error: the class to raise.

    Raises:
        P3MBenchError: the name is unusable. The class is ``error``; the message gives the reason.
    """
    problem = problem_of(name)
    if problem:
        raise error(f"{what} name {printable(name)!r} cannot be used: {problem}; rename it")
    return name


def printable(text: str, *, lines: bool = False) -> str:
    """Escape everything in ``text`` that a terminal would obey or that cannot be encoded.

    Control and formatting characters (terminal codes, changes of writing direction) and lone
    surrogates become escapes such as ``\\x1b``.

    Args:
        text: from foreign code or files.
        lines: keep line breaks and tabs.

    >>> printable("\\x1b[31mred")
    '\\\\x1b[31mred'
    """
    if text.isascii() and text.isprintable():
        return text
    kept = "\n\t" if lines else ""
    return "".join(
        c if c in kept or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
        # joiners that scripts and emoji need
        or c in "\u200c\u200d" else ascii(c)[1:-1]
        for c in text
    )  # fmt: skip


def plain(text: str) -> str:
    """One line that cannot steer a terminal or a page: line breaks are spaces, codes escapes.

    >>> plain("two\\nlines \\x1b[31m")
    'two lines \\\\x1b[31m'
    """
    if text.isascii() and text.isprintable():
        return text
    return printable(_BREAKS.sub(" ", text))


def spreadsheet_cell(text: str) -> str:
    """Put a quote before ``text`` that a spreadsheet would take for a formula.

    Numbers and a lone hyphen stay as they are. `plain_cell` removes the quote.

    >>> spreadsheet_cell("=1+1"), spreadsheet_cell("-0.5"), spreadsheet_cell("-")
    ("'=1+1", '-0.5', '-')
    """
    if text[:1] in _FORMULA or text[:1] in ("\t", "\r"):
        if text == "-" or _is_number(text):
            return text
        return f"'{text}"
    return text


def plain_cell(text: str) -> str:
    """Remove the quote that `spreadsheet_cell` may have put before a text.

    >>> plain_cell("'=1+1"), plain_cell("'quoted'")
    ('=1+1', "'quoted'")
    """
    rest = text[1:]
    return rest if text[:1] == "'" and rest and spreadsheet_cell(rest) == text else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def nearest(name: str, names: Iterable[str]) -> str:
    """Return a hint with the nearest known name and a space after it; "" if none is near.

    >>> nearest("hybird", ["resize", "hybrid"]), nearest("x", ["resize"])
    ('did you mean hybrid? ', '')
    """
    from difflib import get_close_matches  # slow to import, and needed for errors only

    near = get_close_matches(name, list(names), n=1)
    return f"did you mean {near[0]}? " if near else ""


def unknown(name: str, names: Iterable[str], what: str) -> str:
    """Return an error text for an unknown name, with the nearest known one.

    >>> unknown("closed-from", ["closed-form", "knn"], "method")
    "unknown method 'closed-from'; did you mean closed-form? (known: closed-form, knn)"
    """
    have = sorted(names)
    known = f"known: {', '.join(have) or 'none'}" if len(have) <= 40 else f"{len(have)} are known"
    return f"unknown {what} {printable(repr(name))}; {nearest(name, have)}({known})"

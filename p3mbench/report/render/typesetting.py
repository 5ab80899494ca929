"""Text as LaTeX source, and the room that it takes."""

from __future__ import annotations

import re
import unicodedata

from p3mbench.names import plain

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "_": r"\_",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\char34}",
    "`": r"\`{}",
    "\N{MINUS SIGN}": r"\ensuremath{-}",
    "\N{EN DASH}": r"\textendash{}",
    "\N{EM DASH}": r"\textemdash{}",
    "\N{MULTIPLICATION SIGN}": r"\ensuremath{\times}",
    "\N{PLUS-MINUS SIGN}": r"\ensuremath{\pm}",
    "\N{DEGREE SIGN}": r"\ensuremath{^\circ}",
    "\N{MICRO SIGN}": r"\ensuremath{\mu}",
    "\N{LEFT SINGLE QUOTATION MARK}": "`",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": "``",
    "\N{RIGHT DOUBLE QUOTATION MARK}": "''",
    "\N{HORIZONTAL ELLIPSIS}": r"\ldots{}",
    "\N{NO-BREAK SPACE}": "~",
    "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "ø": r"\o{}", "Ø": r"\O{}", "å": r"\aa{}",
    "Å": r"\AA{}", "ł": r"\l{}", "Ł": r"\L{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ı": r"\i{}",
}  # fmt: skip
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u",
    "\u0307": ".", "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c",
}  # fmt: skip
# Greek capitals that look Latin have no command of their own.
_LATIN_GREEK = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo", strict=True))
_GREEK = (
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
    "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi",
    "omega",
)  # fmt: skip
_LIGATURES = re.compile(r"-(?=-)|'(?=')|,(?=,)|([?!])(?=`)")


def escape(text: str) -> str:
    """Write text as ASCII LaTeX source that needs no package and prints the same.

    An accent that the default fonts lack is left out; any other such sign becomes its U+XXXX.
    """
    text = unicodedata.normalize("NFC", plain(text))
    return "".join(_escaped(char) for char in _LIGATURES.sub(r"\g<0>\0", text)).replace("\0", "{}")


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if ord(char) < 128:
        return char
    decomposed = unicodedata.normalize("NFD", char)
    base, marks = decomposed[0], decomposed[1:]
    if base.isascii() and marks:
        accent = next((_ACCENTS[mark] for mark in marks if mark in _ACCENTS), None)
        return rf"\{accent}{{{base}}}" if accent else base
    if char in _LATIN_GREEK:
        return rf"\ensuremath{{\mathrm{{{_LATIN_GREEK[char]}}}}}"
    words = unicodedata.name(char, "").lower().replace("lamda", "lambda").split()
    if words[:1] == ["greek"] and words[2:3] == ["letter"] and words[3] in _GREEK and not words[4:]:
        name = words[3] if words[1] == "small" else words[3].capitalize()
        return rf"\ensuremath{{\{name}}}"
    return f"U+{ord(char):04X}"


# Widths in points of Computer Modern Roman at 10 pt, and of its bold face (cmr10.tfm, cmbx10.tfm,
# as LaTeX measures them). Times, which many styles use, is narrower.
_ROMAN = {
    2.78: " !',.:;<[]_`il", 3.06: "fj", 3.34: "-", 3.62: "I", 3.95: "()trs", 4.45: "cez",
    5.01: "\"$*/0123456789\\^ago{}~>?", 5.28: "Jqkvxy", 5.56: "Sbdhnpu", 6.26: "ZL", 6.81: "FEP",
    7.51: "BCTwRAHNUVXY", 7.86: "D&+=@KOQG", 8.34: "#%m", 9.17: "M", 10.28: "W|",
}  # fmt: skip
_WIDTHS = {char: width for width, chars in _ROMAN.items() for char in chars}
_WIDTHS |= {"\N{MINUS SIGN}": 7.78, "\N{EN DASH}": 5.01, "\N{PLUS-MINUS SIGN}": 7.78}
_OTHER = 33.0  # a sign that is written as U+XXXX, and an upper bound for all others
BOLD = 1.17  # bold to roman, at most for letters and digits


def points(text: str, *, bold: bool = False) -> float:
    """Return an upper estimate of the width of text at 10 pt, in points."""
    width = sum(_width(char) for char in plain(text))
    return width * BOLD if bold else width


def _width(char: str) -> float:
    if char in _WIDTHS:
        return _WIDTHS[char]
    base = unicodedata.normalize("NFD", char)[0]
    return _WIDTHS.get(base, _OTHER if len(_escaped(char)) == 6 else 10.0)

"""JSON: everything known, nested, in full precision, for programs."""

from __future__ import annotations

import json
import unicodedata

from p3mbench.report.render.format import Data, Export

_UNSAFE = ("Cc", "Cf", "Cs", "Zl", "Zp")  # categories of Unicode that control a screen


def as_json(value: object) -> str:
    """Write JSON text that ends with a newline; control and formatting characters are escaped.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    if not text.isascii():
        text = "".join(
            json.dumps(c)[1:-1] if unicodedata.category(c) in _UNSAFE and c != "\n" else c
            for c in text
        )
    return text.replace("\x7f", "\\u007f") + "\n"


def write_json(data: Data) -> str:
    """Write the whole as one JSON value."""
    return as_json(data.whole)


FORMAT = Export(
    name="json",
    purpose="for programs",
    suffixes=(".json",),
    write=write_json,
    order=50,
)

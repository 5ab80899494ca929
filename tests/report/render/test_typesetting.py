"""Widths of text: never less than what LaTeX sets."""

from __future__ import annotations

import pytest

from p3mbench.report.render.typesetting import points

# \settowidth of LaTeX at 10 pt, Computer Modern
MEASURED = {
    "0.29": 17.78,
    "P3M-Net (R34) nano": 93.06,
    "Method": 33.89,
    "+0.83 [+0.41, +1.31]": 91.67,
}


@pytest.mark.parametrize("text", MEASURED)
def test_an_estimate_is_an_upper_bound_and_close(text: str) -> None:
    assert MEASURED[text] * 0.98 <= points(text) <= MEASURED[text] * 1.12


def test_bold_is_wider_and_foreign_letters_count() -> None:
    assert points("0.29", bold=True) > points("0.29")
    assert points("\u62a0") > points("MM") and points("\xe9") == points("e")

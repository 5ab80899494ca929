"""How numbers are written."""

from __future__ import annotations

import pytest

from p3mbench.report.wording.numbers import number


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.005, "1.00"), (-0.001, "0.00"), (-1.239, "−1.24"), (float("nan"), "–"), (0.0, "0.00")],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value, 2) == text


def test_signed_numbers() -> None:
    assert number(1.0, 1, sign=True) == "+1.0" and number(0.01, 1, sign=True) == "0.0"

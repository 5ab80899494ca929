"""A line per stored row says the flags of the row."""

from __future__ import annotations

import pytest
from looking import IMPORTED_WORDS, A, B, made

from p3mbench.report import per_image

TEXTS = ("table", "markdown", "latex", "csv", "json")


def squeezed(text: str) -> str:
    return " ".join(text.replace("\\", "").split())


@pytest.mark.parametrize("format", TEXTS)
def test_every_format_of_single_images_says_them_too(format: str) -> None:
    frame = made(A, B)
    frame.loc[3, "flags"] = "empty_prediction,mine"
    text = squeezed(per_image(frame, format))
    assert "the predicted matte is all 0" in text.replace("The", "the") and "mine" in text
    assert IMPORTED_WORDS not in text

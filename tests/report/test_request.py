"""A request says what a report shows; wrong ones are named at once."""

from __future__ import annotations

from typing import Any

import pytest

from p3mbench.report.request import Decimals, ReportRequest, check_matched, matches


def test_precision_is_read_per_metric() -> None:
    assert Decimals.parse("3") == Decimals(3)
    assert Decimals.parse("SAD=1, mse-t=5") == Decimals(None, (("sad", 1), ("mse_t", 5)))
    assert Decimals.parse("2,sad=1") == Decimals(2, (("sad", 1),))


@pytest.mark.parametrize("text", ["x", "sad=", "=2", "sad=x", "11", "sad=99", "1.5"])
def test_other_precisions_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="precision"):
        Decimals.parse(text)


@pytest.mark.parametrize(
    ("pattern", "name", "does"),
    [
        ("SAD-T", "sad_t", True), ("p3mnet-*", "P3MNet-R34", True), ("-:N", "\u2013:N", True),
        ("sad", "sad_t", False), ("a?", "ab", True), ("b:b", "B:B", True), ("[a]", "[a]", True),
    ],
)  # fmt: skip
def test_patterns_ignore_case_and_hyphens(pattern: str, name: str, does: bool) -> None:
    assert matches(pattern, [name]) is does


def test_a_name_that_there_is_not_gets_the_nearest() -> None:
    known = {"modnet": ["MODNet"], "gfm-r34": ["GFM (R34)"]}
    check_matched("method", ["mod*", "GFM (R34)"], known)
    with pytest.raises(ValueError, match=r"no method modent: did you mean modnet\?"):
        check_matched("method", ["modent"], known)
    with pytest.raises(ValueError, match="no method zzz: there are modnet, gfm-r34"):
        check_matched("method", ["zzz"], known)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"format": "html", "per_image": True}, "image viewer"),
        ({"kind": "other"}, "kind must be"),
        ({"order": "given"}, "name them"),
        ({"label": "a b"}, "a label has"),
        ({"text_width": 20.0}, "a text width"),
    ],
)
def test_what_does_not_go_together_is_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ReportRequest(**options)

"""Rows are chosen by method, title or checkpoint."""

from __future__ import annotations

import pytest
from fake import rows

from p3mbench.report.analysis.choosing import chosen_rows, place


@pytest.mark.parametrize(
    ("patterns", "methods"),
    [
        ((), {"p3mnet-r34", "modnet", "mean", "closed-form", "knn", "coarse"}),
        (("MODNet",), {"modnet"}),
        (("p3m*", "knn"), {"p3mnet-r34", "knn"}),
        (("Closed-form",), {"closed-form"}),
    ],
)
def test_by_name_title_and_pattern(patterns: tuple[str, ...], methods: set[str]) -> None:
    assert set(chosen_rows(rows(images=2), patterns)["method"]) == methods


def test_by_checkpoint() -> None:
    found = chosen_rows(rows(images=2), ["b.pth"])
    assert set(found["checkpoint"]) == {"b.pth"} and set(found["train_setting"]) == {"B"}


def test_a_method_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="no method modnt: did you mean modnet"):
        chosen_rows(rows(images=2), ["modnt"])


def test_the_order_of_patterns() -> None:
    assert [place(["b*", "a"], [name]) for name in ("a", "bc", "z")] == [1, 0, 2]

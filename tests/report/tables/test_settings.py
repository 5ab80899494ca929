"""Methods by TRAIN:TEST: columns, counts and notes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake import rows
from looking import NET_B, NET_N, QUICK, table, usual

from p3mbench.report import Role, build


@pytest.mark.parametrize(
    "expected", [{("mini", "P", "B"): 500, ("mini", "P", "N"): 500}, {("mini", "P"): 500}]
)
def test_counts_and_subsets_are_said_in_the_title(expected: dict[tuple[str, ...], int]) -> None:
    shown = table(build(rows(), expected=expected, how=QUICK), Role.SETTINGS)
    assert shown.title.endswith("n = 24 of 500 images (a subset)")
    full = table(usual(), Role.SETTINGS)
    assert full.title.endswith("n = 24 images")


def test_settings_without_rows_are_dropped_and_named() -> None:
    released = [replace(f, variants=("B",), subsets=("P",)) for f in (NET_B, NET_N)]
    released += [replace(f, variants=("N",), subsets=("NP",)) for f in (NET_B, NET_N)]
    report = build(rows(released), how=QUICK)
    shown = table(report, Role.SETTINGS)
    assert [title for title, _ in shown.groups()] == ["B:B", "N:B"]
    assert "No results on subset P for B:N and N:N." in shown.notes
    gaps = table(report, Role.GAPS)
    assert {row.block for row in gaps.rows} == {
        "P versus NP: NP B:N − P B:B",
        "P versus NP: NP N:N − P N:B",
    }


@pytest.mark.parametrize(("images", "rough"), [(4, True), (24, False), (1, False)])
def test_intervals_from_few_images_are_called_rough(images: int, rough: bool) -> None:
    shown = table(build(rows([NET_B], images=images), how=QUICK), Role.SETTINGS)
    assert ("Intervals from fewer than 15 images are rough." in shown.notes) is rough


def test_flags_are_counted() -> None:
    shown = table(build(rows([replace(NET_B, flags="seen-in-training")])), Role.SETTINGS)
    assert shown.notes[0] == "[a] Flag seen-in-training: P3M-Net (R34), 48 of 48 rows."

"""The table of gaps says which images each is over, and which test it had."""

from __future__ import annotations

import pytest
from looking import QUICK, logs, usual

from p3mbench.report import Report, Role, Table, build
from p3mbench.settings import SUBSET_GAP


def gaps(report: Report) -> Table:
    return next(table for table in report.tables if table.role is Role.GAPS)


def test_nothing_claims_common_images_or_a_paired_test() -> None:
    report = build(logs(), how=QUICK)
    for text in (" ".join((t.title, t.caption, *t.notes)) for t in report.tables):
        assert "common images" not in text and "Wilcoxon" not in text
        assert "harder than P" not in text
    shown = gaps(report)
    assert "have no image in common" in shown.caption
    notes = " ".join(shown.notes)
    assert "Mann-Whitney U test" in notes and "confounded" in notes
    assert [row.block for row in shown.rows] == [f"{SUBSET_GAP}: NP B:N − P B:B"] * 2


def test_with_both_kinds_of_gap_each_has_its_own_test() -> None:
    shown = gaps(usual())
    notes = " ".join(shown.notes)
    assert "Wilcoxon" in notes and "Mann-Whitney" in notes
    assert "over common images" in shown.caption and "no image in common" in shown.caption


@pytest.mark.parametrize(("variant", "confounded"), [("B", True), ("N", False)])
def test_people_and_blur_are_confounded_only_where_both_differ(
    variant: str, confounded: bool
) -> None:
    notes = " ".join(gaps(build(logs(p_variant=variant), how=QUICK)).notes)
    assert ("confounded" in notes) == confounded
    assert "different people" in notes

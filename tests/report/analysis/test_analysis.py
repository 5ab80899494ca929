"""What is compared: metrics, settings and kinds as asked for."""

from __future__ import annotations

import pytest
from fake import rows
from looking import NET_B, QUICK, table, usual

from p3mbench.report import Role, build


def test_metrics_follow_the_paper_by_kind() -> None:
    report = usual()
    based = table(report, Role.SETTINGS, "trimap-based")
    assert [c.metric for c in based.columns[:2]] == ["sad_t", "mse_t"]
    assert [c.decimals for c in based.columns[:2]] == [2, 4]
    free = table(report, Role.SETTINGS)
    assert [c.metric for c in free.columns[:2]] == ["sad", "mse"]
    chosen = table(build(rows(), metrics=["grad", "sad"], how=QUICK), Role.SETTINGS)
    assert [c.metric for c in chosen.columns[:2]] == ["grad", "sad"]
    assert chosen.columns[-1].metric == "grad"


def test_filters() -> None:
    report = build(rows(), settings=["B:B", "B:N", "-:N"], kind="trimap-free", how=QUICK)
    assert {t.kind for t in report.tables} == {"trimap-free"}
    shown = table(report, Role.SETTINGS)
    assert [title for title, _ in shown.groups()][:3] == ["B:B", "B:N", "–:N"]
    (found,) = report.comparisons
    assert [gaps.contrast.name for gaps in found.gaps_in() if gaps.contrast.paired] == ["PPT gap"]
    assert not build(rows(), settings=["other:B"], how=QUICK).tables


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"settings": ["BN"]}, "TRAIN:TEST"),
        ({"settings": ["B:X"]}, "TRAIN:TEST"),
        ({"kind": "other"}, "kind must be"),
        ({"metrics": ["psnr"]}, "no metric psnr"),
        ({"metrics": []}, "at least one"),
    ],
)
def test_wrong_choices_are_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(rows([NET_B]), **options)

"""What is compared: metrics, settings and kinds as asked for."""

from __future__ import annotations

from typing import Any

import pytest
from fake import rows
from looking import NET_B, QUICK, table, usual

from p3mbench.report import Role, build
from p3mbench.report.request import ReportRequest


def test_metrics_follow_the_paper_by_kind() -> None:
    report = usual()
    based = table(report, Role.SETTINGS, "trimap-based")
    assert [c.metric for c in based.columns[:2]] == ["sad_t", "mse_t"]
    assert [c.decimals for c in based.columns[:2]] == [2, 4]
    free = table(report, Role.SETTINGS)
    assert [c.metric for c in free.columns[:2]] == ["sad", "mse"]
    request = ReportRequest(metrics=("grad", "sad"))
    chosen = table(build(rows(), request, how=QUICK), Role.SETTINGS)
    assert [c.metric for c in chosen.columns[:2]] == ["grad", "sad"]
    assert chosen.columns[-1].metric == "grad"


def test_filters() -> None:
    request = ReportRequest(settings=("B:B", "B:N", "-:N"), kind="trimap-free")
    report = build(rows(), request, how=QUICK)
    assert {t.kind for t in report.tables if t.role != Role.PROVENANCE} == {"trimap-free"}
    shown = table(report, Role.SETTINGS)
    assert [title for title, _ in shown.groups()][:3] == ["B:B", "B:N", "–:N"]
    (found,) = report.comparisons
    assert [gaps.contrast.name for gaps in found.gaps_in() if gaps.contrast.paired] == ["PPT gap"]
    assert not build(rows(), ReportRequest(settings=("other:B",)), how=QUICK).tables


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"settings": ("BN",)}, "TRAIN:TEST"),
        ({"settings": ("B:X",)}, "TRAIN:TEST"),
        ({"kind": "other"}, "kind must be"),
        ({"metrics": ("psnr",)}, "no metric psnr"),
        ({"metrics": ()}, "at least one"),
    ],
)
def test_wrong_choices_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(rows([NET_B]), ReportRequest(**options))

"""Gaps are those of the rows, with their tests."""

from __future__ import annotations

import pytest
from fake import rows
from looking import NET_B, QUICK, cell, select, table, usual

from p3mbench import stats
from p3mbench.report import Role, build


def test_means_and_gaps_are_those_of_the_rows() -> None:
    frame = rows()
    shown = table(build(frame), Role.SETTINGS)
    of = {"method": "p3mnet-r34", "subset": "P"}
    bb = select(frame, train_setting="B", variant="B", **of)
    bn = select(frame, train_setting="B", variant="N", **of)
    nb = select(frame, train_setting="N", variant="B", **of)
    nn = select(frame, train_setting="N", variant="N", **of)
    label = "P3M-Net (R34)"
    assert cell(shown, label, "P/B:N/sad").value == pytest.approx(bn.mean(), rel=1e-14)
    for key, test, reference in (
        ("P/B:N-B:B/sad", bn, bb),
        ("P/B:N-N:N/sad", bn, nn),
        ("P/N:B-N:N/sad", nb, nn),
    ):
        gap = stats.paired_gap(test, reference)
        found = cell(shown, label, key)
        assert (found.value, found.low, found.high) == (gap.estimate, gap.low, gap.high)
        assert found.value == pytest.approx((test - reference).mean())
        assert found.n == 24
    names = {c.title: c.setting for c in shown.columns}
    assert names["PPT gap"] == "B:N − B:B" and names["Privacy cost"] == "B:N − N:N"


def test_learning_free_methods_have_the_obfuscation_shift_only() -> None:
    frame = rows()
    shown = table(build(frame, how=QUICK), Role.SETTINGS)
    of = {"method": "mean", "subset": "P"}
    shift = select(frame, variant="B", **of) - select(frame, variant="N", **of)
    assert cell(shown, "Mean alpha", "P/-:B--:N/sad").value == pytest.approx(shift.mean())
    assert cell(shown, "Mean alpha", "P/B:N-B:B/sad").attempted is False
    assert shown.columns[-1].title == "Obfuscation shift (–)"


def test_p_versus_np_is_unpaired_and_like_with_like() -> None:
    frame = rows([NET_B])
    gaps = table(build(frame), Role.GAPS)
    np_n = select(frame, subset="NP", variant="N")
    p_n = select(frame, subset="P", variant="N")
    wanted = stats.unpaired_gap(np_n, p_n)
    found = cell(gaps, "P3M-Net (R34)", "gap", "P versus NP: NP B:N − P B:N")
    assert (found.value, found.low, found.n) == (wanted.estimate, wanted.low, 48)


def test_holm_is_over_the_methods_of_a_gap() -> None:
    gaps = table(usual(), Role.GAPS)
    block = "PPT gap: B:N − B:B"
    names = ("MODNet", "P3M-Net (R34)")
    raw = [cell(gaps, name, "p", block).value for name in names]
    adjusted = [cell(gaps, name, "p_holm", block).value for name in names]
    assert adjusted == pytest.approx(stats.holm(raw))
    assert adjusted != pytest.approx(raw)

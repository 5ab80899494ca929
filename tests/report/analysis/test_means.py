"""Means are over the images that were scored, and say which were not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake import DEFAULT, rows
from looking import NET_B, QUICK, cell, table, usual

from p3mbench.report import Role, build
from p3mbench.report.tables.model import cell_text


def test_failed_rows_are_counted_and_left_out() -> None:
    frame = rows()
    shown = table(build(frame, how=QUICK), Role.SETTINGS)
    found = cell(shown, "MODNet", "P/B:B/sad")
    ok = frame[(frame.method == "modnet") & (frame.status == "ok") & (frame.train_setting == "B")]
    mean = ok[(ok.subset == "P") & (ok.variant == "B")]["sad"].mean()
    assert found.value == pytest.approx(mean)
    assert (found.n, found.total, found.failed, found.complete) == (21, 24, 3, False)
    assert cell_text(found, shown.columns[0]).endswith("(21/24)")
    assert "MODNet, P B:B: 3 images failed (returned NaN)." in shown.notes


def test_a_failed_row_never_counts_even_if_it_holds_a_score() -> None:
    frame = rows([NET_B])
    frame.loc[frame.index[0], ["status", "sad"]] = ["failed", 1e9]
    found = cell(table(build(frame, how=QUICK), Role.SETTINGS), "P3M-Net (R34)", "P/B:B/sad")
    assert found.n == 23 and found.value < 100


def test_undefined_for_everyone_is_not_incomplete() -> None:
    fakes = [replace(f, undefined=2, failed=0, limit=99) for f in DEFAULT[5:]]
    shown = table(build(rows(fakes), how=QUICK), Role.SETTINGS, "trimap-based")
    found = cell(shown, "KNN", "P/-:B/sad_t")
    assert (found.n, found.total, found.undefined, found.complete) == (22, 22, 2, True)
    assert any(
        n.startswith("2 images of P, test B: SAD-T and MSE-T undefined") for n in shown.notes
    )
    assert shown.marked


def test_undefined_for_one_is_incomplete_and_named() -> None:
    shown = table(usual(), Role.SETTINGS, "trimap-based")
    assert not cell(shown, "Coarse", "P/-:B/sad_t").complete
    assert "Coarse, P –:B and P –:N: no SAD-T and MSE-T for 2 images." in shown.notes

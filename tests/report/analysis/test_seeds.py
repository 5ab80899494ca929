"""Training seeds: B is paired with N of the same seed, and means have a spread."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake import rows
from looking import (
    NET_B,
    NET_N,
    QUICK,
    cell,
    labels,
    table,
)

from p3mbench.report import Role, build


def test_seeds_pair_b_with_n_and_have_a_spread() -> None:
    fakes = [
        replace(base, seed=seed, checkpoint=f"{base.train}{seed}", level=base.level + int(seed))
        for base in (NET_B, NET_N)
        for seed in ("0", "1", "2")
    ]
    frame = rows(fakes)
    report = build(frame, how=QUICK)
    shown = table(report, Role.SETTINGS)
    assert labels(shown) == ["P3M-Net (R34)"]
    assert labels(table(report, Role.DETAIL))[:3] == [f"P3M-Net (R34), seed {s}" for s in range(3)]
    part = frame[(frame.subset == "P") & (frame.train_setting == "B") & (frame.variant == "B")]
    means = part.groupby("seed")["sad"].mean()
    whole = cell(shown, "P3M-Net (R34)", "P/B:B/sad")
    assert (whole.value, whole.spread) == pytest.approx((means.mean(), means.std()))
    gap = cell(shown, "P3M-Net (R34)", "P/B:N-N:N/sad")
    assert gap.low < gap.value < gap.high and gap.p_holm == gap.p_holm  # of all seeds together
    spread = table(report, Role.SEEDS)
    assert cell(spread, "P3M-Net (R34)", "mean", "B:B").value == pytest.approx(means.mean())
    assert cell(spread, "P3M-Net (R34)", "sd", "B:B").value == pytest.approx(means.std())
    assert cell(spread, "P3M-Net (R34)", "seeds", "B:B").value == 3

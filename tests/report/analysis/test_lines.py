"""Entries that differ only in their seed share a line."""

from __future__ import annotations

from dataclasses import replace

from fake import rows
from looking import MEAN, NET_B, NET_N, QUICK

from p3mbench.report.analysis import analyse
from p3mbench.report.analysis.lines import lines_of, spread


def test_seeds_share_a_line_and_nothing_else_does() -> None:
    seeds = [replace(NET_B, seed=s, checkpoint=s) for s in "01"]
    other = [replace(NET_B, options='{"size": 3}', seed="0", checkpoint="o"), MEAN]
    (found,) = analyse(rows([*seeds, *other], images=3), how=QUICK).comparisons
    lines = {line.label: len(line.entries) for line in lines_of(found)}
    assert sorted(lines.values()) == [1, 1, 2]
    assert lines["Mean alpha"] == 1


def test_checkpoints_of_one_seed_stay_apart() -> None:
    same = [replace(NET_B, seed="0", checkpoint=c) for c in ("x", "y")]
    (found,) = analyse(rows([*same, NET_N], images=3), how=QUICK).comparisons
    assert all(len(line.entries) == 1 for line in lines_of(found))


def test_the_spread_needs_two_numbers() -> None:
    assert spread([1.0]) is None and spread([1.0, float("nan")]) is None
    both = spread([1.0, 3.0])
    assert both is not None and (both.mean, both.seeds) == (2.0, 2)

"""The price of privacy in one sentence."""

from __future__ import annotations

import numpy as np

from p3mbench.names import plain
from p3mbench.privacy.counting import Proportion
from p3mbench.report.analysis.comparison import Comparison
from p3mbench.report.analysis.pricing import price_lines
from p3mbench.report.wording.numbers import metric_display, number
from p3mbench.report.wording.titles import listed
from p3mbench.settings import NORMAL, UNTRAINED


def percent(share: Proportion) -> str:
    """Write a share, such as ``92 %``; a dash for none."""
    return f"{100 * share.value:.0f} %" if share.n else "\N{EN DASH}"


def _change(share: float) -> str:
    """Write a relative change, such as ``+12 %``."""
    return f"{number(100 * share, 0, sign=True)} %"


def price_sentence(comparison: Comparison) -> list[str]:
    """Say what is seen: one sentence per train setting; none without prices."""
    lines = price_lines(comparison)
    said = []
    for train in dict.fromkeys(line.train for line in lines):
        mine = [line for line in lines if line.train == train and line.rise == line.rise]
        if not mine:
            continue
        ends = {(line.points[0].variant, line.points[-1].variant) for line in mine}
        if len(ends) > 1:
            continue
        first, last = mine[0].points[0], mine[0].points[-1]
        who = "Untrained methods" if train == UNTRAINED else f"Trained on {train}"
        rises = sorted(mine, key=lambda line: line.rise)
        median = float(np.median([line.rise for line in mine]))
        where = "visible" if first.variant == NORMAL else f"hidden by {first.variant}"
        extremes = [
            f"{plain(line.entry.label)} {_change(line.rise)}"
            for line in dict.fromkeys((rises[0], rises[-1]))
        ]
        title = metric_display(comparison.metric).title
        said.append(
            f"{who}: from faces {where} ({percent(first.found)} found, n = {first.found.n}) to "
            f"{last.variant} ({percent(last.found)} found), mean {title} changes by "
            f"{_change(median)} in the median of {len(mine)} "
            f"method{'s' * (len(mine) > 1)} ({listed(extremes)})."
        )
    return said

"""The summary in words, at most one screen, whatever the store holds."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from fake import DEFAULT, Fake, rows
from looking import MEAN, NET_B, NET_N, QUICK, logs

from p3mbench.report import build, render
from p3mbench.report.render.layout import text_width

SCREEN, MOST = 24, 40


def screen(frame: pd.DataFrame) -> str:
    report = build(frame, how=QUICK).select("summary")
    text = render(report, "table")
    assert all(text_width(line) <= 100 for line in text.splitlines()), text
    return text


MOSAIC = replace(NET_B, train="mosaic-0.10", variants=("mosaic-0.10", "N"))
CASES = {
    "one method": ([NET_B, NET_N], "PPT gap"),
    "trimap-based only": (DEFAULT[5:], "no PPT gap of trimap-based methods on mini"),
    "untrained only": ([MEAN], "none is trained"),
    "no B": ([replace(MEAN, variants=("N",))], "no gap of trimap-free methods on mini"),
    "no N training": ([NET_B], "no privacy cost of trimap-free methods"),
    "failed": ([replace(NET_B, failed=3), NET_N], "12 of 192 rows have no score"),
    "a flag": ([replace(NET_B, flags="imported"), NET_N], "?: in doubt."),
    "mosaic": ([MOSAIC], "mosaic-0.10:N"),
    "seeds": ([replace(NET_B, seed=s, checkpoint=s) for s in "01"], "\N{PLUS-MINUS SIGN}"),
    "two benchmarks": ([MEAN, replace(MEAN, benchmark="mine")], "each has lines of its own"),
    "two conventions": ([MEAN, replace(MEAN, convention="dim")], "each has lines of its own"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_kind_of_store_has_a_summary(case: str) -> None:
    fakes, says = CASES[case]
    text = screen(rows(fakes))
    assert says in " ".join(text.split())
    assert len(text.splitlines()) <= SCREEN


def test_three_images_are_called_too_few() -> None:
    text = " ".join(screen(rows([NET_B, NET_N], images=3)).split())
    assert "n = 3 is too small for 1 method" in text


def test_logs_of_p_and_np() -> None:
    assert "P versus NP" in screen(logs())


def test_many_methods_fit_one_screen_and_the_rest_is_counted() -> None:
    """57 entries with long names, in two kinds."""
    nets = [
        Fake(f"net{i}", f"A network with a long name, number {i}", 5.0 + i, train, gap=i / 9,
             checkpoint=f"{train}{i}", subsets=("P",))
        for i in range(22) for train in "BN"
    ]  # fmt: skip
    based = [
        replace(DEFAULT[5], method=f"t{i}", title=f"Trimap {i}", subsets=("P",)) for i in range(13)
    ]
    text = screen(rows([*nets, *based], images=6))
    assert len(text.splitlines()) <= MOST
    assert "of 22" in text and "of 13" in text

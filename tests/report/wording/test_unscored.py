"""Why rows have no score: grouped, counted, most frequent first."""

from __future__ import annotations

import pandas as pd
import pytest
from fake import METRICS, Fake, rows

from p3mbench.report import build, formats, render
from p3mbench.report.analysis.overview import overview_of
from p3mbench.report.wording.unscored import nothing_scored, unscored


def failed(columns: bool = True) -> pd.DataFrame:
    """Two methods that failed on all of 8 rows, one of them for two reasons."""
    fakes = [Fake(m, m.upper(), 9.0, subsets=("P",), failed=4) for m in "ab"]
    frame = rows(fakes, images=4)
    frame["reason"] = "returned NaN"
    frame.loc[[0, 1, 2], ["status", "reason"]] = ["oom", "out of memory."]
    return frame if columns else frame.drop(columns=list(METRICS))


def test_reasons_are_grouped_over_methods_with_counts() -> None:
    assert unscored(overview_of(failed())) == [
        "13 rows failed (A, B): returned NaN.",
        "3 rows oom (A): out of memory.",
    ]
    assert unscored(overview_of(rows([Fake("a", "A", 9.0)], images=4))) == []


def test_many_reasons_end_in_a_count() -> None:
    frame = failed()
    frame["reason"] = [f"reason {i}" for i in range(len(frame))]
    notes = unscored(overview_of(frame))
    assert len(notes) == 11 and notes[-1] == "6 rows for 6 other reasons."


@pytest.mark.parametrize("columns", [True, False])
@pytest.mark.parametrize("format", [f for f in formats() if f != "csv"])
def test_a_store_without_a_score_says_why(format: str, columns: bool) -> None:
    report = build(failed(columns))
    assert report.notes[:2] == (
        "None of the 16 rows has a score.",
        "13 rows failed (A, B): returned NaN.",
    )
    text = render(report, format).replace("\\", "")
    assert "returned NaN" in text and "no results with these settings" not in text


def test_one_ok_row_is_a_report_as_usual() -> None:
    assert nothing_scored(overview_of(rows([Fake("a", "A", 9.0, failed=3)], images=4))) == []

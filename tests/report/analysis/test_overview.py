"""The rows of a report in numbers."""

from __future__ import annotations

from dataclasses import replace

from fake import DEFAULT, rows

from p3mbench.report.analysis.overview import overview_of


def test_rows_are_counted() -> None:
    frame = rows([replace(DEFAULT[0], flags="imported"), DEFAULT[2]], images=8)
    found = overview_of(frame)
    assert (found.benchmarks, found.methods, found.images) == (("mini",), 2, 16)
    assert (found.rows, found.imported, found.scored) == (64, 32, 52)
    assert found.failed == {"modnet": 12}
    (group,) = found.unscored
    assert (group.status, group.reason, group.methods) == ("failed", "returned NaN", {"MODNet": 12})
    assert [(use.flag, use.rows, use.of) for use in found.flags] == [("imported", 32, 64)]
    assert found.codes == ()


def test_codes_are_those_of_methods_that_have_one() -> None:
    frame = rows(DEFAULT[:3], images=2)
    frame["code"] = ["c0de" if method == "modnet" else "" for method in frame["method"]]
    assert overview_of(frame).codes == (("modnet", "c0de"),)

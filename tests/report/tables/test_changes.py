"""What changed between two stores is what was changed."""

from __future__ import annotations

import pytest
from fake import DEFAULT, Fake, rows

from p3mbench.report import render
from p3mbench.report.analysis.changes import Side, compare_stores
from p3mbench.report.tables.changes import changes_report
from p3mbench.runs import RunRecord


def test_equal_stores_have_no_change() -> None:
    found = compare_stores(Side("a", rows()), Side("b", rows()))
    report = changes_report(found)
    assert not found.changed and not report.tables
    n = len(rows())
    assert report.notes == (f"{n} of {n} common rows have equal scores.",)


def test_a_changed_score_is_found_with_its_image() -> None:
    new = rows()
    at = new.index[(new["method"] == "mean") & (new["image"] == "p_0005") & (new["variant"] == "N")]
    new.loc[at, "sad"] += 24.0
    found = compare_stores(Side("a", rows()), Side("b", new), ("sad", "mse"))
    report = changes_report(found)
    (table,) = report.tables
    (row,) = table.rows
    cells = {c.key: cell for c, cell in zip(table.columns, row.cells, strict=True)}
    assert found.changed and row.method == "mean"
    assert cells["change"].value == pytest.approx(1.0) and cells["largest"].value == pytest.approx(
        24.0
    )
    assert cells["image"].text == "p_0005" and cells["changed"].value == 1
    for format_ in ("table", "markdown", "latex", "csv", "json"):
        assert "p\\_0005" in (text := render(report, format_)) or "p_0005" in text


def test_missing_rows_statuses_weights_and_environment_are_said() -> None:
    old, new = rows(), rows()
    new = new[new["method"] != "mean"].copy()
    new.loc[new["checkpoint"] == "b.pth", "checkpoint_sha256"] = "f" * 64
    new.loc[(new["method"] == "knn") & (new["image"] == "p_0000"), "status"] = "timeout"
    runs = [RunRecord(environment={"versions": {"torch": v}}) for v in ("1", "2")]
    found = compare_stores(Side("a", old, runs[:1]), Side("b", new, runs[1:]))
    text = "\n".join(changes_report(found).notes)
    assert "Only in a: 96 rows: mean (96)." in text
    assert "p3mnet-r34, trained on B: checkpoint" in text and "became ffffffff" in text
    assert "knn: 2 images went from ok to timeout." in text
    assert "Environment, versions torch: 1 became 2." in text and found.changed


def test_a_metric_that_one_side_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="b has no metric grad"):
        compare_stores(Side("a", rows(DEFAULT)), Side("b", rows().drop(columns="grad")), ("grad",))


def test_what_qualifies_rows_is_said_of_each_store() -> None:
    before, after = rows([Fake("a", "A", 9.0)], 4), rows([Fake("a", "A", 9.0)], 4)
    after["flags"] = "imported,conn_tie"
    notes = changes_report(compare_stores(Side("x", before), Side("y", after))).notes
    assert [n for n in notes if "imported" in n] == [
        "y: The score was imported, not measured here (flag imported): A, 16 of 16 rows."
    ]


def test_precision_stands_beside_the_name() -> None:
    before = rows([Fake("a", "A", 9.0, options='{"precision": "fp16"}')], 4)
    after = before.copy()
    after["sad"] += 1
    found = compare_stores(Side("x", before), Side("y", after), ["sad"])
    (table,) = changes_report(found).tables
    assert {row.label for row in table.rows} == {"A, fp16"}

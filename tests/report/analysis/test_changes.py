"""What changed between two stores, as numbers."""

from __future__ import annotations

import pytest
from fake import DEFAULT, rows

from p3mbench.report.analysis.changes import Moved, Side, compare_stores
from p3mbench.settings import Setting


def test_a_changed_score_is_counted_once_with_its_image() -> None:
    new = rows()
    at = new.index[(new["method"] == "mean") & (new["image"] == "p_0005") & (new["variant"] == "N")]
    new.loc[at, "sad"] += 24.0
    found = compare_stores(Side("a", rows()), Side("b", new), ("sad", "mse"))
    (change,) = found.scores
    assert (change.metric, change.setting, change.subset) == ("sad", Setting("-", "N"), "P")
    assert (change.image, change.images, change.changed) == ("p_0005", 24, 1)
    assert change.largest == pytest.approx(24) and change.change == pytest.approx(1)
    assert change.after - change.before == pytest.approx(1)
    assert found.changed and found.common - found.equal == 1


def test_rows_of_one_store_alone_and_statuses_are_changes() -> None:
    old, new = rows(), rows()
    assert not compare_stores(Side("a", old), Side("b", new)).changed
    gone = compare_stores(Side("a", old), Side("b", new[new["method"] != "mean"]))
    assert gone.changed and [side.alone for side in gone.sides] == [{"mean": 96}, {}]
    new.loc[(new["method"] == "knn") & (new["image"] == "p_0000"), "status"] = "timeout"
    moved = compare_stores(Side("a", old), Side("b", new))
    assert moved.changed and moved.statuses == (Moved("knn", "ok", "timeout", rows=2),)


def test_several_checkpoints_of_one_train_setting_are_refused() -> None:
    twice = rows([DEFAULT[0], DEFAULT[0]], images=4)
    with pytest.raises(ValueError, match="several checkpoints of one train setting"):
        compare_stores(Side("a", twice), Side("b", twice))

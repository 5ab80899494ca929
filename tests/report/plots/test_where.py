"""The regions of the error add up to the whole."""

from __future__ import annotations

from fake import DEFAULT, rows

from p3mbench.report.analysis import Comparison, analyse
from p3mbench.report.plots.where import bars_of


def test_regions_add_up_to_the_whole() -> None:
    frame = rows(DEFAULT[:1], images=4)
    frame["sad_t"], frame["sad_fg"], frame["sad_bg"] = 1.0, 2.0, 3.0
    frame["sad_face"] = 0.5
    bars = bars_of(analyse(frame).comparisons[0])["B"]
    assert [(bar.variant, bar.parts, bar.face) for bar in bars] == [
        ("B", (3.0, 1.0, 2.0), 0.5),
        ("N", (3.0, 1.0, 2.0), 0.5),
    ]


def test_a_method_has_a_bar_for_each_variant(many: Comparison) -> None:
    assert {train: [bar.variant for bar in bars] for train, bars in bars_of(many).items()} == {
        train: ["B", "mosaic-0.10", "N"] for train in ("B", "mosaic-0.10", "N")
    }

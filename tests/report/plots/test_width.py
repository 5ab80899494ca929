"""The sweep over trimap widths holds one line per method, of whole-image errors."""

from __future__ import annotations

import pytest
from fake import Fake, rows

from p3mbench.report.analysis import analyse
from p3mbench.report.plots.plot import PlotView
from p3mbench.report.plots.style import rendered
from p3mbench.report.plots.width import Width, sentence, sweeps_of, width_of, widths

SOURCES = {"kernel-5": 1.0, "kernel-25": 3.0, "kernel-5@modnet-1a2b": 2.0}


def fakes(sources: dict[str, float]) -> list[Fake]:
    made = []
    for source, factor in sources.items():
        based = {"kind": "trimap-based", "trimap_source": source}
        made += [
            Fake("closed-form", "Closed-form", 7.0 * factor, **based),
            Fake("gca", "GCA", 4.0 * factor, "N", checkpoint="n.pth", **based),
            Fake("gca", "GCA", 4.1 * factor, "B", checkpoint="b.pth", **based),
            Fake("dim", "DIM", 5.0 * factor, "B", checkpoint="b.pth", **based),
        ]
    return made


def test_sources_are_read() -> None:
    assert width_of("kernel-5@a@b") == Width(5, "a@b")
    assert width_of("kernel-5") == Width(5, "") and width_of("dataset") is None


def test_each_method_has_a_line_with_its_means() -> None:
    frame = rows(fakes(SOURCES))
    (sweep,) = sweeps_of(analyse(frame).comparisons)
    assert sweep.widths == [Width(5, ""), Width(25, ""), Width(5, "modnet-1a2b")]
    assert set(sweep.lines) == {"Closed-form", "GCA", "DIM (B)"}
    assert (sweep.metric, sweep.test, sweep.subset) == ("sad", "N", "P")
    mine = frame[(frame["method"] == "gca") & (frame["checkpoint"] == "n.pth")]
    mine = mine[(mine["subset"] == "P") & (mine["variant"] == "N")]
    for source, width in zip(
        SOURCES, (sweep.widths[0], sweep.widths[1], sweep.widths[2]), strict=True
    ):
        expected = mine[mine["trimap_source"] == source]["sad"].mean()
        assert sweep.lines["GCA"][width] == pytest.approx(expected)
    assert sentence(sweep) == "From kernel 5 to 25 the error of the median method grows 3.0 times."


def test_one_width_is_no_sweep() -> None:
    one = analyse(rows(fakes({"kernel-5": 1.0}))).comparisons
    assert sweeps_of(one) == [] and widths(PlotView(tuple(one))) is None


def test_it_is_drawn_and_repeats() -> None:
    view = PlotView(tuple(analyse(rows(fakes(SOURCES))).comparisons))
    first, second = (rendered(lambda: widths(view), ".svg") for _ in range(2))
    assert first and first == second and b"GCA" in first

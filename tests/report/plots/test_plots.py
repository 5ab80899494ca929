"""The gap plot is drawn in every format, with the report's numbers, the same bytes each time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from fake import DEFAULT, rows
from hypothesis import given
from hypothesis import strategies as st

from p3mbench.report import build
from p3mbench.report.build import subjects
from p3mbench.report.plots import draw_all
from p3mbench.report.plots.gap import gap_plot, panels_of, panels_of_report
from p3mbench.report.plots.scatter import clouds_of
from p3mbench.report.plots.slopes import slopes_of
from p3mbench.report.plots.speed import costs_of
from p3mbench.report.plots.style import spread
from p3mbench.report.plots.where import bars_of
from p3mbench.stats import Bootstrap

QUICK = Bootstrap(resamples=199)
MAGIC = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.mark.parametrize("suffix", list(MAGIC))
def test_suffix_decides_and_bytes_repeat(tmp_path: Path, suffix: str) -> None:
    report = build(rows(), how=QUICK)
    one, two = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    assert gap_plot(report, one) == one
    gap_plot(report, two)
    assert one.read_bytes().startswith(MAGIC[suffix]) and one.read_bytes() == two.read_bytes()


def test_panels_hold_the_numbers_of_the_table() -> None:
    report = build(rows(), how=QUICK)
    panels = [panel for table in report.tables for panel in panels_of(table)]
    assert [(p.contrast.name, p.contrast.test.train) for p in panels] == [
        ("Obfuscation shift", "-"),
        ("PPT gap", "B"),
        ("Obfuscation shift", "N"),
        ("Obfuscation shift", "-"),
    ]
    ppt = panels[1]
    assert [line.label for line in ppt.lines] == ["MODNet", "P3M-Net (R34)"]  # largest gap first
    net = ppt.lines[1]
    assert net.gap.value == pytest.approx(net.means[1] - net.means[0])


@pytest.mark.parametrize("count", [1, 20])
def test_any_number_of_methods_and_any_name(tmp_path: Path, count: int) -> None:
    fakes = [
        replace(DEFAULT[0], method=f"m{i}", title=f"$x_{i}$ 抠图 {'long name ' * i}")
        for i in range(count)
    ]
    before = dict(matplotlib.rcParams)
    assert gap_plot(build(rows(fakes, images=6), how=QUICK), tmp_path / "a.png").is_file()
    assert dict(matplotlib.rcParams) == before


def test_rows_are_taken_too(tmp_path: Path) -> None:
    assert gap_plot(rows(DEFAULT[:1], images=5), str(tmp_path / "a.svg")).is_file()


def test_one_image_has_no_interval_to_draw(tmp_path: Path) -> None:
    assert gap_plot(rows(DEFAULT[:1], images=1), tmp_path / "a.svg").is_file()


def test_what_cannot_be_drawn_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="suffix must be one of .png, .svg, .pdf"):
        gap_plot(rows(DEFAULT[:1]), tmp_path / "a.jpg")
    only_b = rows([replace(DEFAULT[0], variants=("B",))])
    with pytest.raises(ValueError, match="both test variants"):
        gap_plot(only_b, tmp_path / "a.png")


SUFFIX = ".svg"


def test_every_plot_repeats_and_names_its_own_file() -> None:
    frame = rows()
    frame["sad_face"] = frame["sad"] / 20
    frame["parameters"] = 1_000_000
    report = build(frame, how=QUICK)
    found = [list(draw_all(report, subjects(frame), SUFFIX)) for _ in range(2)]
    assert found[0] == found[1]
    names = [drawn.name for drawn in found[0]]
    assert len(names) == len(set(names))
    assert {name.split("-")[0] for name in names} == {
        "gap", "slopes", "scatter", "cumulative", "speed", "where",
    }  # fmt: skip


def test_slopes_hold_complete_pairs_with_their_means() -> None:
    frame = rows()
    free = next(s for s in subjects(frame) if s.entries.kind == "trimap-free")
    found = slopes_of(free.entries, "sad")
    assert set(found) == {"B", "N", "-"}
    assert [label for label, *_ in found["B"]] == ["P3M-Net (R34)"]  # MODNet failed on three
    (_, b, n) = found["B"][0]
    mine = frame[(frame["checkpoint"] == "b.pth") & (frame["subset"] == "P")]
    assert b == pytest.approx(mine[mine["variant"] == "B"]["sad"].mean())
    assert n == pytest.approx(mine[mine["variant"] == "N"]["sad"].mean())


def test_clouds_are_paired_and_the_largest_change_comes_first() -> None:
    free = next(s for s in subjects(rows()) if s.entries.kind == "trimap-free")
    clouds = clouds_of(free.entries, "sad")
    gaps = [abs(cloud.gap) for cloud in clouds]
    assert gaps == sorted(gaps, reverse=True)
    modnet = next(c for c in clouds if c.title == "MODNet, trained on B")
    assert len(modnet.images) == 21 and "p_0000" not in modnet.images


def test_regions_add_up_to_the_whole() -> None:
    frame = rows(DEFAULT[:1])
    frame["sad_t"], frame["sad_fg"], frame["sad_bg"] = 1.0, 2.0, 3.0
    frame["sad_face"] = 0.5
    bars = bars_of(subjects(frame)[0].entries)["B"]
    assert [(bar.variant, bar.parts, bar.face) for bar in bars] == [
        ("B", (3.0, 1.0, 2.0), 0.5),
        ("N", (3.0, 1.0, 2.0), 0.5),
    ]


def test_costs_are_medians_in_the_preferred_setting() -> None:
    frame = rows(DEFAULT[:2])
    frame["parameters"] = 7
    (cost,) = costs_of(subjects(frame)[0].entries, "sad")
    assert (cost.setting, cost.parameters, cost.device) == ("N:N", 7, "cpu")
    assert cost.seconds == pytest.approx(0.25 * 12.5)


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=30),
    st.floats(0.001, 0.1),
)
def test_labels_are_spread_apart_in_order_and_within_bounds(
    values: list[float], distance: float
) -> None:
    placed = spread(values, distance, 0.0, 1.0)
    room = min(distance, 1 / len(values))
    order = np.argsort(values, kind="stable")
    assert (np.diff(np.array(placed)[order]) >= room - 1e-9).all()
    assert min(placed) >= -1e-9 and max(placed) <= 1 + 1e-9


def test_subsets_of_other_names_have_plots_of_their_own() -> None:
    fakes = [replace(fake, subsets=("easy", "hard")) for fake in DEFAULT[:2]]
    frame = rows(fakes)
    drawn = list(draw_all(build(frame, how=QUICK), subjects(frame), ".svg"))
    names = [one.name for one in drawn]
    assert len(set(names)) == len(names) >= 6
    assert any("easy" in name for name in names) and any("hard" in name for name in names)
    titles = [panel.title for panel in panels_of_report(build(frame, how=QUICK))]
    assert {title.splitlines()[1].split(",")[0] for title in titles} == {"mini easy", "mini hard"}

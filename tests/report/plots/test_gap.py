"""The gap plot is drawn in every format, with the numbers of the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import matplotlib
import pandas as pd
import pytest
from fake import DEFAULT, rows

from p3mbench.report import build
from p3mbench.report.analysis import Comparison, analyse
from p3mbench.report.plots.gap import gap_picture, gap_plot, panels_of
from p3mbench.stats import Bootstrap

QUICK = Bootstrap(resamples=99)
MAGIC = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


def compared(frame: pd.DataFrame) -> tuple[Comparison, ...]:
    return analyse(frame, how=QUICK).comparisons


@pytest.mark.parametrize(
    "suffix", [".svg", *(pytest.param(s, marks=pytest.mark.slow) for s in (".png", ".pdf"))]
)
def test_suffix_decides_and_bytes_repeat(tmp_path: Path, suffix: str) -> None:
    found = compared(rows(DEFAULT[:3], images=6))
    one, two = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    assert gap_plot(found, one) == one
    gap_plot(found, two)
    assert one.read_bytes().startswith(MAGIC[suffix]) and one.read_bytes() == two.read_bytes()


def test_panels_hold_the_numbers_of_the_comparison(comparisons: Sequence[Comparison]) -> None:
    panels = panels_of(comparisons)
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
    shift = panels[2].lines[0]  # test B minus test N, drawn in the order B, N as well
    assert shift.gap.value == pytest.approx(shift.means[0] - shift.means[1])


def test_gaps_have_the_decimals_of_the_tables(frame: pd.DataFrame) -> None:
    small = frame.copy()
    small[["sad", "sad_t"]] /= 500
    report = build(small, how=QUICK)
    for panel in panels_of(report.comparisons):
        columns = [
            c for t in report.tables for c in t.columns if c.setting == panel.contrast.formula
        ]
        assert panel.decimals in [c.decimals for c in columns if c.metric == panel.metric]
        assert panel.decimals > 2


def test_every_hidden_variant_has_panels_of_its_own(many: Comparison) -> None:
    panels = panels_of([many])
    assert [(p.contrast.formula, p.marks[0].label, p.marks[1].label) for p in panels] == [
        ("B:N − B:B", "test B (faces blurred)", "test N (normal faces)"),
        ("mosaic-0.10:N − mosaic-0.10:mosaic-0.10", "test mosaic-0.10 (faces hidden)",
         "test N (normal faces)"),
        ("N:B − N:N", "test B (faces blurred)", "test N (normal faces)"),
        ("N:mosaic-0.10 − N:N", "test mosaic-0.10 (faces hidden)", "test N (normal faces)"),
    ]  # fmt: skip
    assert len({p.marks[0].marker for p in panels}) == 2
    for panel in panels:
        for line in panel.lines:
            sign = 1 if panel.contrast.test.test == "N" else -1
            assert line.gap.value == pytest.approx(sign * (line.means[1] - line.means[0]))
    assert gap_picture([many], Path("x.svg")).count(b"mosaic-0.10") > 2


@pytest.mark.parametrize("count", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_any_number_of_methods_and_any_name(tmp_path: Path, count: int) -> None:
    fakes = [
        replace(DEFAULT[0], method=f"m{i}", title=f"$x_{i}$ 抠图 {'long name ' * i}")
        for i in range(count)
    ]
    before = dict(matplotlib.rcParams)
    assert gap_plot(compared(rows(fakes, images=6)), tmp_path / "a.png").is_file()
    assert dict(matplotlib.rcParams) == before


def test_rows_are_taken_too(tmp_path: Path) -> None:
    assert gap_plot(rows(DEFAULT[:1], images=5), str(tmp_path / "a.svg")).is_file()


def test_one_image_has_no_interval_to_draw(tmp_path: Path) -> None:
    assert gap_plot(rows(DEFAULT[:1], images=1), tmp_path / "a.svg").is_file()


def test_what_cannot_be_drawn_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="suffix must be one of .png, .svg, .pdf"):
        gap_plot(rows(DEFAULT[:1], images=4), tmp_path / "a.jpg")
    only_b = rows([replace(DEFAULT[0], variants=("B",))], images=4)
    with pytest.raises(ValueError, match="both test variants"):
        gap_plot(only_b, tmp_path / "a.png")


def test_subsets_of_other_names_have_panels_of_their_own() -> None:
    fakes = [replace(fake, subsets=("easy", "hard")) for fake in DEFAULT[:2]]
    titles = [panel.title for panel in panels_of(compared(rows(fakes, images=6)))]
    assert {title.splitlines()[1].split(",")[0] for title in titles} == {"mini easy", "mini hard"}

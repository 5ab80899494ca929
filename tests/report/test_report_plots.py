"""The gap plot is drawn in every format, with the report's numbers, the same bytes each time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import matplotlib
import pytest
from fake import DEFAULT, rows

from p3mbench.report import build
from p3mbench.report.plots.gap import gap_plot, panels_of
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
    assert net.gap.value == pytest.approx(net.n - net.b)


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

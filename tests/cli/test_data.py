"""``p3mbench data``: verify, make and sheet."""

from __future__ import annotations

import cv2
from calls import call


def test_data_verify_names_what_is_wrong(p3m_folder):
    fine = call("data", "verify", p3m_folder)
    assert fine.exit_code == 0
    assert "15 files read: 0 problems, 0 odd" in fine.output
    mask = p3m_folder / "validation" / "P3M-500-P" / "mask" / "p_2.png"
    mask.write_bytes(mask.read_bytes()[:-20])
    bad = call("data", "verify", p3m_folder)
    assert bad.exit_code == 3
    assert "is a truncated or damaged PNG file; make or copy it again: 1 (" in bad.output
    assert "P3M-500-P/mask/p_2.png" in bad.output


def test_synthetic_data_is_written_in_the_layout_it_is_read_in(tmp_path):
    toml = tmp_path / "tiny.toml"
    toml.write_text(
        'name = "tiny"\nsource = "synthetic"\n[synthetic]\nheight = 96\nwidth = 72\n'
        '[[subsets]]\nname = "P"\ncount = 2\n[[subsets]]\nname = "NP"\ncount = 1\n'
    )
    folder = tmp_path / "data"
    assert "3 portraits" in call("data", "make", folder, "--benchmark", toml).output
    checked = call("data", "verify", folder)
    assert checked.exit_code == 0
    assert checked.output.count("unavailable") == 0
    sheet = tmp_path / "sheet.png"
    assert call("data", "sheet", sheet, "--benchmark", toml).exit_code == 0
    assert cv2.imread(str(sheet)) is not None

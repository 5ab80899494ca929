"""Synthetic portraits as files, and contact sheets."""

from __future__ import annotations

from pathlib import Path

import pytest

from p3mbench.benchmark import parse
from p3mbench.data.export import write_p3m_layout
from p3mbench.errors import DataError


@pytest.mark.parametrize("other", ["train/blurred_image/p_1.jpg", "notes.txt", "validation/x"])
def test_data_make_does_not_write_among_other_data(tmp_path: Path, other: str) -> None:
    text = (
        'name = "tiny"\nsource = "synthetic"\n[[subsets]]\nname = "P"\ncount = 1\n'
        "[synthetic]\nheight = 64\nwidth = 64\n"
    )
    tiny = parse(text, "tiny", None)
    assert write_p3m_layout(tiny, tmp_path) == write_p3m_layout(tiny, tmp_path) == 1
    (tmp_path / other).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / other).write_bytes(b"real")
    with pytest.raises(DataError, match="contains other data"):
        write_p3m_layout(tiny, tmp_path)
    assert (tmp_path / other).read_bytes() == b"real"

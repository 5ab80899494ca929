"""A data folder without the name of its benchmark."""

from __future__ import annotations

import shutil

import pytest

from p3mbench.data.recognition import recognised
from p3mbench.errors import BenchmarkError, DataError


def test_what_is_named_or_missing_is_left_alone(tmp_path):
    assert recognised("trimap", tmp_path) == "trimap"
    assert recognised(None, None) == "mini"


def test_the_layout_of_p3m_is_recognised(p3m_folder, train_folder, monkeypatch):
    for folder in (p3m_folder, p3m_folder / "validation", p3m_folder.parent):
        assert recognised(None, folder) == "p3m500"
    assert recognised(None, p3m_folder / "validation" / "P3M-500-P") == "p3m500"
    shutil.rmtree(p3m_folder / "validation")
    assert recognised(None, p3m_folder) == "p3m500"
    assert recognised(None, p3m_folder / "train") == "p3m500"
    monkeypatch.chdir(p3m_folder / "train")
    assert recognised(None, type(p3m_folder)()) == "p3m500"


def test_any_other_folder_says_what_to_write(tmp_path):
    for name in ("image", "mask"):
        (tmp_path / name).mkdir()
    words = r'holds image, mask\); describe it in a FILE.toml with name, source = "folder".*alpha'
    with pytest.raises(BenchmarkError, match=words) as caught:
        recognised(None, tmp_path)
    assert "--benchmark FILE.toml" in str(caught.value)
    with pytest.raises(DataError, match="no such folder"):
        recognised(None, tmp_path / "gone")

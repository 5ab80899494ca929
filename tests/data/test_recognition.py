"""A data folder without the name of its benchmark."""

from __future__ import annotations

import shutil

import pytest

from p3mbench.benchmark import get, open_benchmark
from p3mbench.data.recognition import recognised
from p3mbench.data.sources.p3m10k import find_train
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


@pytest.mark.parametrize("depth", [1, 2])
def test_p3m_further_in_is_pointed_at(p3m_folder, tmp_path, depth):
    inner = tmp_path / "around" / ("x/" * depth) / "mine"
    inner.parent.mkdir(parents=True)
    (tmp_path / "around" / "__MACOSX" / "P3M-500-P" / "mask").mkdir(parents=True)
    shutil.move(p3m_folder, inner)
    given = inner.parent.parent if depth == 2 else tmp_path / "around" / "x"
    with pytest.raises(BenchmarkError, match=rf"is further inside; give {inner} instead$"):
        recognised(None, given)
    with pytest.raises(DataError, match=rf"give {inner}$"):
        open_benchmark(get("p3m500"), given)


def test_the_case_of_names_does_not_matter(p3m_folder, train_folder):
    for folder in ("P3M-500-P", "P3M-500-NP"):
        (p3m_folder / "validation" / folder).rename(p3m_folder / "validation" / folder.lower())
    (p3m_folder / "validation").rename(p3m_folder / "Validation")
    (p3m_folder / "train").rename(p3m_folder / "Train")
    assert recognised(None, p3m_folder) == "p3m500"
    opened = open_benchmark(get("p3m500"), p3m_folder)
    assert [len(subset.samples) for subset in opened.subsets] == [3, 2]
    assert find_train(p3m_folder) == p3m_folder / "Train"
    assert recognised(None, p3m_folder / "Validation" / "p3m-500-np") == "p3m500"


def test_any_other_folder_says_what_to_write(tmp_path):
    for name in ("image", "mask"):
        (tmp_path / name).mkdir()
    words = (
        r'contains image, mask\); describe it in a FILE.toml with name, source = "folder".*alpha'
    )
    with pytest.raises(BenchmarkError, match=words) as caught:
        recognised(None, tmp_path)
    assert "--benchmark FILE.toml" in str(caught.value)
    with pytest.raises(DataError, match="no such folder"):
        recognised(None, tmp_path / "gone")

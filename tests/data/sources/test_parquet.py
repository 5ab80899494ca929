"""Parquet files of pictures and alphas, as data sets on Hugging Face have them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from p3mbench.benchmark import get, open_benchmark, parse
from p3mbench.data.sources.parquet import Columns, unpacked
from p3mbench.errors import BenchmarkError, DataError

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("P3MBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def png(pixels: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".png", pixels)[1])


def write(path: Path, images: list, masks: list, **names: str) -> Path:
    """Write a table of pictures and alphas."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {names.get("image", "image"): images, names.get("mask", "mask"): masks}
    pq.write_table(pa.table(columns), path)
    return path


@pytest.fixture
def downloaded(tmp_path: Path, portrait_arrays) -> Path:
    """The folder of nobg/P3M-10K, with two images of P and one of NP."""
    jpeg = bytes(cv2.imencode(".jpg", portrait_arrays["image"][..., ::-1])[1])
    alpha = png(portrait_arrays["alpha"])
    root = tmp_path / "P3M-10K"
    named = [{"bytes": jpeg, "path": f"p_{i}.jpg"} for i in (1, 2)]
    masks = [{"bytes": alpha, "path": f"p_{i}.png"} for i in (1, 2)]
    write(root / "data" / "P3M_500_P-00000-of-00001.parquet", named, masks)
    bare = [{"bytes": jpeg, "path": None}]
    write(root / "data" / "P3M_500_NP-00000-of-00001.parquet", bare, [{"bytes": alpha}])
    return root


def test_the_data_set_opens(downloaded: Path, portrait_arrays, cache: Path) -> None:
    benchmark = get("p3m500-parquet")
    opened = open_benchmark(benchmark, downloaded)
    p, np_ = opened.subsets
    assert [sample.id for sample in p.samples] == ["p_1", "p_2"] and p.available == ("B",)
    assert [sample.id for sample in np_.samples] == ["row-000000"] and np_.available == ("N",)
    assert (p.size, np_.size) == (500, 500)
    scene = p.samples[0].load("B", benchmark.trimap)
    assert np.array_equal(scene.alpha, portrait_arrays["alpha"])
    assert scene.image.shape == (96, 64, 3)
    assert "P3M-10k/P3M-500-P" in benchmark.source.listed_as(benchmark, "P")
    kept = sorted(cache.rglob("*.jpg"))
    assert len(kept) == 3 and not list(cache.rglob(".part*"))


def test_files_are_unpacked_once_and_again_when_they_change(downloaded: Path, monkeypatch) -> None:
    file = downloaded / "data" / "P3M_500_P-00000-of-00001.parquet"
    first = unpacked([file], Columns("image", "mask"))
    with monkeypatch.context() as patch:
        patch.setattr("p3mbench.data.sources.parquet._parquet", None)  # not called
        assert unpacked([file], Columns("image", "mask")) == first
    write(file, [{"bytes": png(np.zeros((4, 4), np.uint8)), "path": "x.png"}] * 2,
          [{"bytes": png(np.zeros((4, 4), np.uint8))}] * 2)  # fmt: skip
    second = unpacked([file], Columns("image", "mask"))
    names = sorted(path.name for path in (second / "image").iterdir())
    assert second != first and names == ["row-000000.png", "row-000001.png"]  # equal names


def test_plain_bytes_and_other_columns_work(tmp_path: Path) -> None:
    black = png(np.zeros((4, 4), np.uint8))
    file = write(tmp_path / "a.parquet", [black], [black], image="photo", mask="alpha")
    folder = unpacked([file], Columns("photo", "alpha"))
    assert (folder / "mask" / "row-000000.png").read_bytes() == black


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (["text"], "contains no pictures"),
        ([b"GIF89a"], "is not a picture that is read"),
        ([{"bytes": None, "path": "a.png"}], "contains no pictures"),
    ],
)
def test_what_is_not_a_picture_is_one_line(tmp_path: Path, cache: Path, images, words) -> None:
    file = write(tmp_path / "a.parquet", images, images)
    with pytest.raises(DataError, match=words):
        unpacked([file], Columns("image", "mask"))
    assert list((cache / "parquet").iterdir()) == []


def test_wrong_files_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match="cannot be read as parquet"):
        unpacked([tmp_path / "a.parquet"], Columns("image", "mask"))
    file = write(tmp_path / "b.parquet", [b""], [b""])
    with pytest.raises(DataError, match="has no column 'alpha'; it has image, mask"):
        unpacked([file], Columns("image", "alpha"))
    with pytest.raises(DataError, match="contains no data/P3M_500_P-"):
        open_benchmark(get("p3m500-parquet"), tmp_path)


def test_without_pyarrow_the_extra_is_named(downloaded: Path, monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(BenchmarkError, match=r"p3mbench\[parquet\]"):
        open_benchmark(get("p3m500-parquet"), downloaded)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('files = "/data/*.parquet"', "must be a pattern below the data folder"),
        ('files = "../*.parquet"', "must be a pattern below the data folder"),
        ('files = "a"\nvariant = "X"', "'variant': 'X' is not a test variant"),
        ('files = "a"\nknown_as = "x"', "'known_as' must list"),
        ('files = "a"\nimage = 3', "'subsets.image' must be a line of text"),
    ],
)
def test_keys_are_checked(line: str, words: str) -> None:
    text = f'name = "t"\nsource = "parquet"\n[[subsets]]\nname = "all"\n{line}\n'
    with pytest.raises(BenchmarkError, match=words):
        parse(text, "t.toml", None)

"""Trimap sources: their names, and trimaps from predicted mattes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from p3mbench.data.trimaps import TrimapSource
from p3mbench.errors import BenchmarkError, DataError
from p3mbench.regions import trimap_from_alpha

ALPHA = np.zeros((40, 30), np.uint8)
ALPHA[10:30, 8:22] = 255


@pytest.mark.parametrize("text", ["", "wide", "kernel-0", "kernel-1000", "kernel-5@", "Dataset"])
def test_other_names_are_refused(text: str) -> None:
    with pytest.raises(BenchmarkError, match="kernel-N@FOLDER"):
        TrimapSource.parse(text)


@given(st.integers(1, 999), st.sampled_from(["", "@a/b", "@/x y/mattes@2"]))
def test_names_say_what_they_are(kernel: int, folder: str) -> None:
    source = TrimapSource.parse(f"kernel-{kernel}{folder}")
    name = f"@{Path(folder[1:]).name}" if folder else ""
    assert source.kernel == kernel and str(source) == f"kernel-{kernel}{name}"


def test_several_sources_stand_once_each() -> None:
    found = TrimapSource.parse_all(["kernel-5", " dataset", "kernel-5"])
    assert [str(one) for one in found] == ["kernel-5", "dataset"]
    with pytest.raises(BenchmarkError, match="no trimap source"):
        TrimapSource.parse_all([])


@pytest.fixture
def mattes(tmp_path: Path) -> TrimapSource:
    """A folder of mattes: the alpha moved by two pixels, with nearly sure pixels."""
    moved = np.roll(ALPHA, 2, axis=1).astype(np.int32)
    noisy = np.where(moved == 255, 250, 5).astype(np.uint8)
    (tmp_path / "P-N").mkdir()
    assert cv2.imwrite(str(tmp_path / "P-N" / "one--0123456789ab.png"), noisy)
    assert cv2.imwrite(str(tmp_path / "P-N" / "two.png"), noisy[:20])
    return TrimapSource(5, tmp_path).at("P", "N")


def test_a_trimap_is_made_from_the_predicted_matte(mattes: TrimapSource) -> None:
    expected = trimap_from_alpha(np.roll(ALPHA, 2, axis=1), 5)
    made = mattes.made("one", ALPHA)
    assert made is not None and np.array_equal(made, expected)


def test_a_missing_matte_and_one_of_another_size_are_named(mattes: TrimapSource) -> None:
    with pytest.raises(DataError, match=r"P-N: has no matte of three; make it with"):
        mattes.made("three", ALPHA)
    with pytest.raises(DataError, match=r"two\.png: is 30x20 but the image is 30x40"):
        mattes.made("two", ALPHA)
    folder = mattes.mattes
    assert folder is not None
    (folder / "P-N" / "one.png").write_bytes((folder / "P-N" / "two.png").read_bytes())
    with pytest.raises(DataError, match=r"one of 2 mattes of one"):
        mattes.made("one", ALPHA)

"""Samples on disk, and sources of trimaps."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from p3mbench.data.obfuscation import Obfuscation
from p3mbench.data.pairing import pair_subset
from p3mbench.data.sample import FileSample, TrimapSource
from p3mbench.data.sources.p3m10k import folders_of
from p3mbench.errors import BenchmarkError, DataError


def read(folder, detect=False):
    """A folder in the layout of P3M-10k as a subset."""
    return pair_subset("x", folders_of(folder), 0, Obfuscation(), detect).whole()


def test_missing_trimaps_are_known(p3m_folder):
    (p3m_folder / "validation" / "P3M-500-P" / "trimap" / "p_3.png").unlink()
    subset = read(p3m_folder / "validation" / "P3M-500-P")
    assert not subset.has_trimaps
    assert subset.samples[2].load("B", TrimapSource()).trimap is None
    assert subset.samples[2].load("B", TrimapSource(5)).trimap is not None


def test_sizes_that_disagree_name_both_files(p3m_folder):
    mask = p3m_folder / "validation" / "P3M-500-P" / "mask" / "p_1.png"
    cv2.imwrite(str(mask), np.zeros((64, 96), np.uint8))
    sample = read(p3m_folder / "validation" / "P3M-500-P").samples[0]
    with pytest.raises(
        DataError, match=r"mask/p_1\.png: is 96x64 but blurred_image/p_1\.png is 64x96.*EXIF"
    ):
        sample.load("B", TrimapSource())


def test_no_face_to_blur_is_an_error_of_that_image(p3m_folder):
    sample = read(p3m_folder / "validation" / "P3M-500-NP", detect=True).samples[0]
    assert isinstance(sample, FileSample)
    with pytest.raises(DataError, match="no face found to hide"):
        sample.load("B", TrimapSource())


@pytest.mark.parametrize(("text", "kernel"), [("dataset", None), ("kernel-25", 25)])
def test_trimap_sources_are_written_as_they_are_read(text, kernel):
    source = TrimapSource.parse(text)
    assert source.kernel == kernel
    assert str(source) == text


@pytest.mark.parametrize("text", ["", "kernel", "kernel-0", "kernel-x", "Dataset", "kernel-25 "])
def test_other_trimap_sources_are_refused(text):
    with pytest.raises(BenchmarkError, match="neither 'dataset' nor"):
        TrimapSource.parse(text)

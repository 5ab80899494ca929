"""Files that share stems, and those that do not."""

from __future__ import annotations

import shutil

import pytest

from p3mbench.data.obfuscation import Obfuscation
from p3mbench.data.pairing import Folders, pair_subset
from p3mbench.data.sources.p3m10k import folders_of
from p3mbench.errors import DataError


def read(folder, detect=False):
    """A folder in the layout of P3M-10k as a subset."""
    return pair_subset("x", folders_of(folder), 0, Obfuscation(), detect).whole()


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("blurred_image", r"p_2\.png: has no image in .*blurred_image; add it or remove the mask"),
        ("mask", r"p_2\.png: has no mask in .*mask; add it or remove the image"),
    ],
)
def test_a_file_without_its_partner_is_named(p3m_folder, missing, words):
    (p3m_folder / "validation" / "P3M-500-P" / missing / "p_2.png").unlink()
    with pytest.raises(DataError, match=words):
        read(p3m_folder / "validation" / "P3M-500-P")


def test_two_files_with_one_stem_are_refused(p3m_folder):
    folder = p3m_folder / "validation" / "P3M-500-P" / "blurred_image"
    shutil.copy(folder / "p_1.png", folder / "p_1.jpg")
    with pytest.raises(DataError, match="same stem"):
        read(p3m_folder / "validation" / "P3M-500-P")


def test_alphas_alone_are_no_data_set(tmp_path):
    (tmp_path / "mask").mkdir()
    with pytest.raises(DataError, match="neither blurred nor unblurred images"):
        Folders(tmp_path / "mask", {"B": tmp_path / "no"})

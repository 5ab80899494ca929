from __future__ import annotations

import shutil

import cv2
import numpy as np
import pytest

from p3mbench.data.folder import Folders, Subset, read_subset
from p3mbench.data.obfuscation import Obfuscation
from p3mbench.data.p3m10k import read_p3m10k
from p3mbench.data.sample import FileSample, TrimapSource
from p3mbench.errors import BenchmarkError, DataError

BOTH = ("P", "NP")


def read(root, names=BOTH, detect=False):
    return read_p3m10k(root, names, Obfuscation(), detect)


@pytest.mark.parametrize(
    "layout", ["released", "flat", "inside", "validation-given", "subset-given"]
)
def test_every_layout_is_recognised(p3m_folder, layout):
    root, names = p3m_folder, BOTH
    if layout == "flat":
        for folder in (root / "validation").iterdir():
            shutil.move(folder, root / folder.name)
    elif layout == "inside":
        root = root.parent
    elif layout == "validation-given":
        root = root / "validation"
    elif layout == "subset-given":
        root, names = root / "validation" / "P3M-500-P", ("P",)
    found = read(root, names)
    assert [sample.id for sample in found["P"].samples] == ["p_1", "p_2", "p_3"]
    if "NP" in names:
        assert [sample.id for sample in found["NP"].samples] == ["n_1", "n_2"]


def test_what_was_never_released_is_reported_as_unavailable(p3m_folder):
    found = read(p3m_folder)
    assert found["P"].available == ("B",)
    assert "never released" in found["P"].unavailable["N"]
    assert "original_image" in found["P"].unavailable["N"]
    assert found["NP"].available == ("N",)
    assert "0 of 2 face masks" in found["NP"].unavailable["B"]
    assert found["P"].size == 500


def test_unblurred_images_beside_the_blurred_ones_are_used(p3m_folder):
    subset = p3m_folder / "validation" / "P3M-500-P"
    shutil.copytree(subset / "blurred_image", subset / "original_image")
    found = read(p3m_folder)["P"]
    assert found.available == ("B", "N")
    assert found.samples[0].files("N")["image"].parent.name == "original_image"


def test_face_masks_make_the_blurred_variant(p3m_folder, portrait_arrays):
    subset = p3m_folder / "validation" / "P3M-500-NP"
    (subset / "facemask").mkdir()
    for stem in ("n_1", "n_2"):
        cv2.imwrite(str(subset / "facemask" / f"{stem}.png"), portrait_arrays["face"])
    found = read(p3m_folder)["NP"]
    assert found.available == ("B", "N")
    sample = found.samples[0]
    blurred, normal = (sample.load(variant, TrimapSource()) for variant in "BN")
    changed = (blurred.image != normal.image).any(axis=2)
    assert changed.any()
    assert not changed[normal.alpha == 0].any()
    assert "obfuscation" in sample.recipe("B")
    assert sample.recipe("N") == {}


def test_a_missing_subset_is_a_reason_not_an_error(p3m_folder):
    shutil.rmtree(p3m_folder / "validation" / "P3M-500-NP")
    found = read(p3m_folder)
    assert isinstance(found["P"], Subset)
    assert "P3M-500-NP is not under" in found["NP"]


def test_folders_without_the_data_say_what_is_expected(tmp_path):
    with pytest.raises(DataError, match=r"no-such: no such folder.*--data"):
        read(tmp_path / "no-such")
    with pytest.raises(DataError, match="holds no P3M-500-P or P3M-500-NP"):
        read(tmp_path)


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
        read(p3m_folder)


def test_two_files_with_one_stem_are_refused(p3m_folder):
    folder = p3m_folder / "validation" / "P3M-500-P" / "blurred_image"
    shutil.copy(folder / "p_1.png", folder / "p_1.jpg")
    with pytest.raises(DataError, match="same stem"):
        read(p3m_folder)


def test_missing_trimaps_are_known(p3m_folder):
    (p3m_folder / "validation" / "P3M-500-P" / "trimap" / "p_3.png").unlink()
    subset = read(p3m_folder)["P"]
    assert not subset.has_trimaps
    assert subset.samples[2].load("B", TrimapSource()).trimap is None
    assert subset.samples[2].load("B", TrimapSource(5)).trimap is not None


def test_sizes_that_disagree_name_both_files(p3m_folder):
    mask = p3m_folder / "validation" / "P3M-500-P" / "mask" / "p_1.png"
    cv2.imwrite(str(mask), np.zeros((64, 96), np.uint8))
    sample = read(p3m_folder)["P"].samples[0]
    with pytest.raises(
        DataError, match=r"mask/p_1\.png: is 96x64 but blurred_image/p_1\.png is 64x96.*EXIF"
    ):
        sample.load("B", TrimapSource())


def test_no_face_to_blur_is_an_error_of_that_image(p3m_folder):
    sample = read(p3m_folder, detect=True)["NP"].samples[0]
    assert isinstance(sample, FileSample)
    with pytest.raises(DataError, match="no face found to blur"):
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


def test_alphas_alone_are_no_data_set(tmp_path):
    (tmp_path / "mask").mkdir()
    with pytest.raises(DataError, match="neither blurred nor unblurred images"):
        read_subset("P", Folders(tmp_path / "mask", tmp_path / "no"), 0, Obfuscation())

"""P3M-10k in every layout it was published in."""

from __future__ import annotations

import shutil
from dataclasses import replace

import cv2
import pytest

from p3mbench import benchmark as benchmarks
from p3mbench.benchmark import get
from p3mbench.data.sample import TrimapSource
from p3mbench.data.sources.p3m10k import P3M10kSource
from p3mbench.data.subset import Subset
from p3mbench.errors import BenchmarkError, DataError

BOTH = ("P", "NP")


def read(root, names=BOTH, detect=False):
    """The test subsets of P3M-10k under a folder."""
    tables = tuple({"name": name} for name in names)
    asked = replace(get("p3m500"), subsets=tables, detect_faces=detect)
    return P3M10kSource().open(asked, root)


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
    with pytest.raises(DataError, match="contains no P3M-500-P or P3M-500-NP"):
        read(tmp_path)


def test_p3m500_takes_its_folder_from_the_environment(p3m_folder, monkeypatch):
    p3m500 = benchmarks.get("p3m500")
    monkeypatch.delenv("P3M_ROOT", raising=False)
    with pytest.raises(BenchmarkError, match="--data DIR or in the environment variable P3M_ROOT"):
        benchmarks.open_benchmark(p3m500, None)
    monkeypatch.setenv("P3M_ROOT", str(p3m_folder))
    opened = benchmarks.open_benchmark(p3m500, None)
    assert {s.name: len(s.samples) for s in opened.subsets} == {"P": 3, "NP": 2}


def test_a_variant_without_face_masks_says_what_to_do(p3m_folder):
    opened = benchmarks.open_benchmark(
        benchmarks.chosen("p3m500", variants=("mosaic-0.10", "N")), p3m_folder
    )
    p, np_ = opened.subsets
    assert p.lacks("mosaic-0.10").startswith("it is made from the unblurred images; the unblurred")
    assert np_.lacks("mosaic-0.10").startswith("no images mosaic-0.10 and 0 of 2 face masks in")


def test_p3m10k_reads_a_folder_of_the_name_of_a_variant(p3m_folder):
    subset = p3m_folder / "validation" / "P3M-500-P"
    shutil.copytree(subset / "blurred_image", subset / "mosaic-0.10")
    without = benchmarks.open_benchmark(benchmarks.get("p3m500"), p3m_folder)
    assert without.subsets[0].available == ("B",)
    asked = benchmarks.chosen("p3m500", variants=("mosaic-0.10",))
    (found, _) = benchmarks.open_benchmark(asked, p3m_folder).subsets
    assert found.available == ("B", "mosaic-0.10")
    assert found.samples[0].files("mosaic-0.10")["image"].parent.name == "mosaic-0.10"

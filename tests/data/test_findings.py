"""What is odd or wrong about an image's files is found, and named by kind."""

from __future__ import annotations

import shutil
import unicodedata
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from odd_files import binary, read, turned, write

from p3mbench.data.agreement import alike, contradiction, swapped
from p3mbench.data.findings import Finding, inspect, kinds_of, names_of
from p3mbench.data.obfuscation import Obfuscation
from p3mbench.data.pairing import Folders, pair_subset
from p3mbench.data.sample import FileSample, TrimapSource
from p3mbench.data.sources.p3m10k import folders_of
from p3mbench.errors import DataError, DataWarning
from p3mbench.settings import KINDS

BOTH = ("B", "N")


@pytest.fixture
def p_folder(p3m_folder) -> Path:
    return p3m_folder / "validation" / "P3M-500-P"


@pytest.fixture
def np_folder(p3m_folder, portrait_arrays) -> Path:
    """Unblurred images with face masks, of which the blurred variant is made."""
    folder = p3m_folder / "validation" / "P3M-500-NP"
    for stem in ("n_1", "n_2"):
        write(folder / "facemask" / f"{stem}.png", portrait_arrays["face"])
    return folder


def first(folder: Path) -> FileSample:
    return pair_subset("x", folders_of(folder), 0, Obfuscation()).subset.samples[0]


def found(folder: Path, variants=BOTH) -> list[tuple[str, str, bool]]:
    """(name, flag or text, problem) of each finding of the first image."""
    return [(f.name, f.flag or f.text, f.problem) for f in inspect(first(folder), variants)]


def test_good_files_give_no_finding(p_folder, np_folder):
    assert found(p_folder) == []
    assert found(np_folder) == []


def test_every_file_is_looked_at(p_folder, np_folder):
    for folder, role in (
        (p_folder, "blurred_image"),
        (p_folder, "mask"),
        (p_folder, "trimap"),
        (np_folder, "original_image"),
        (np_folder, "facemask"),
    ):
        path = sorted((folder / role).iterdir())[0]
        whole = path.read_bytes()
        path.write_bytes(whole[:-30])
        ((name, text, problem),) = found(folder)
        assert name == "/".join(path.parts[-3:]) and problem
        assert "truncated" in text
        path.write_bytes(whole)


def test_a_mask_of_zeros_and_ones_is_odd_and_its_trimap_is_not_blamed(p_folder):
    binary(p_folder / "mask" / "p_1.png")
    assert found(p_folder) == [("P3M-500-P/mask/p_1.png", "matte_0_1", False)]


@pytest.mark.parametrize(("value", "flag"), [(0, "empty_alpha"), (255, "full_alpha")])
def test_blank_mattes_are_odd(p_folder, value, flag):
    write(p_folder / "mask" / "p_1.png", np.full((96, 64), value, np.uint8))
    assert ("P3M-500-P/mask/p_1.png", flag, False) in found(p_folder)


def test_loading_a_blank_matte_flags_the_row(p_folder):
    write(p_folder / "mask" / "p_1.png", np.zeros((96, 64), np.uint8))
    with pytest.warns(DataWarning, match=r"mask/p_1\.png: the alpha is all black") as caught:
        first(p_folder).load("B", TrimapSource())
    assert caught[0].message.flag == "empty_alpha"


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tiff"])
def test_a_turned_picture_is_odd_and_its_pixels_stay(p_folder, suffix):
    path = p_folder / "blurred_image" / "p_1.png"
    pixels = cv2.cvtColor(read(path), cv2.COLOR_BGR2RGB)
    path.unlink()
    turned(path.with_suffix(suffix), pixels, 3)
    ((name, flag, problem),) = found(p_folder)
    assert (name, flag, problem) == (
        f"P3M-500-P/blurred_image/p_1{suffix}",
        "exif_orientation",
        False,
    )
    with pytest.warns(DataWarning, match="orientation 3"):
        scene = first(p_folder).load("B", TrimapSource())
    assert np.abs(scene.image.astype(int) - pixels).max() <= 4


@pytest.mark.parametrize("how", ["bytes", "pixels", 95, 75, 50])
def test_variants_that_show_the_same_faces_are_odd(p_folder, how):
    (p_folder / "original_image").mkdir()
    for path in (p_folder / "blurred_image").iterdir():
        other = p_folder / "original_image" / path.name
        if how == "bytes":
            shutil.copy(path, other)
        elif how == "pixels":
            cv2.imwrite(str(other), read(path), [cv2.IMWRITE_PNG_COMPRESSION, 9])
        else:
            quality = [cv2.IMWRITE_JPEG_QUALITY, how]
            cv2.imwrite(str(other.with_suffix(".jpg")), read(path), quality)
    for sample in pair_subset("x", folders_of(p_folder), 0, Obfuscation()).subset.samples:
        (one,) = inspect(sample, BOTH)
        assert one.name == f"P3M-500-P/blurred_image/{sample.id}.png"
        assert (one.flag, one.problem) == ("same_variants", False)


def test_loading_one_of_two_equal_files_flags_the_row(p_folder):
    shutil.copytree(p_folder / "blurred_image", p_folder / "original_image")
    for variant in BOTH:
        with pytest.warns(DataWarning, match="is the same file as") as caught:
            first(p_folder).load(variant, TrimapSource())
        assert [one.message.flag for one in caught] == ["same_variants"]


@pytest.mark.parametrize("how", ["gaussian", "mosaic", "zero"])
def test_swapped_folders_are_odd(p_folder, portrait_arrays, how):
    """A privacy gap of them would have the wrong sign."""
    rng = np.random.default_rng(3)
    detail = rng.integers(0, 120, portrait_arrays["image"].shape, np.uint8)
    normal = portrait_arrays["image"] // 2 + detail
    face = portrait_arrays["face"] > 0
    made = Obfuscation(how, 0.3) if KINDS[how] else Obfuscation(how)
    hidden = made.apply(normal, face, portrait_arrays["alpha"])
    assert not swapped(hidden, normal) and swapped(normal, hidden)
    (p_folder / "original_image").mkdir()
    for path in list((p_folder / "blurred_image").iterdir()):
        cv2.imwrite(str(path), normal[..., ::-1])
        cv2.imwrite(str(p_folder / "original_image" / path.name), hidden[..., ::-1])
    found = inspect(first(p_folder), BOTH)
    assert "swapped_variants" in [one.flag for one in found]


def test_variants_that_differ_in_the_face_alone_are_fine(np_folder, portrait_arrays):
    sample = first(np_folder)
    normal = sample.load("N", TrimapSource()).image
    blurred = sample.load("B", TrimapSource()).image
    assert (blurred != normal).any()
    textured = normal.copy()
    textured[30:50:2, 22:42] //= 2  # a face with something in it
    face = portrait_arrays["face"] > 0
    hidden = Obfuscation().apply(textured, face, portrait_arrays["alpha"])
    assert not alike(hidden, textured)
    assert alike(textured, textured)
    assert not alike(textured, textured[:-1])


def no_face(folder: Path) -> None:
    write(folder / "facemask" / "n_1.png", np.zeros((96, 64), np.uint8))


def face_outside(folder: Path) -> None:
    mask = np.zeros((96, 64), np.uint8)
    mask[80:] = 255
    write(folder / "facemask" / "n_1.png", mask)


def face_in_transition(folder: Path) -> None:
    alpha = read(folder / "mask" / "n_1.png")
    write(folder / "facemask" / "n_1.png", ((alpha > 0) & (alpha < 250)).astype(np.uint8) * 255)


def flat_face(folder: Path) -> None:
    picture = read(folder / "original_image" / "n_1.png")
    picture[read(folder / "facemask" / "n_1.png") > 0] = 90
    write(folder / "original_image" / "n_1.png", picture)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (no_face, "the face mask is all black"),
        (face_outside, "wholly outside the opaque person"),
        (face_in_transition, "wholly outside the opaque person"),
        (flat_face, "changes nothing there"),
    ],
)
def test_a_face_mask_that_hides_nothing_fails_the_image(np_folder, spoil, why):
    spoil(np_folder)
    problems = [(name, text) for name, text, problem in found(np_folder) if problem]
    assert len(problems) == 1 and problems[0][0] == "P3M-500-NP/facemask/n_1.png"
    assert "hides nothing" in problems[0][1] and why in problems[0][1]
    sample = first(np_folder)
    assert [p for _, _, p in found(np_folder, ("N",)) if p] == []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        with pytest.raises(DataError, match=r"n_1\.png: hides nothing .*" + why):
            sample.load("B", TrimapSource())
        assert sample.load("N", TrimapSource()).image.shape == (96, 64, 3)


@pytest.mark.parametrize("obfuscation", [Obfuscation(strength=0.001), Obfuscation("mosaic", 0.01)])
def test_an_obfuscation_that_is_too_weak_hides_nothing(np_folder, obfuscation):
    paired = pair_subset("x", folders_of(np_folder), 0, obfuscation)
    sample = paired.subset.samples[0]
    with pytest.raises(DataError, match="hides nothing"):
        sample.load("B", TrimapSource())
    assert any("hides nothing" in one.text for one in inspect(sample, BOTH))


def test_a_mask_beside_the_person_is_odd(np_folder):
    mask = np.zeros((96, 64), np.uint8)
    mask[60:90, 10:50] = 255
    write(np_folder / "facemask" / "n_1.png", mask)
    ((_, flag, problem),) = found(np_folder)
    assert (flag, problem) == ("face_outside", False)


def test_masks_of_zeros_and_ones_hide_the_same_faces(np_folder):
    sample = first(np_folder)
    want = sample.load("B", TrimapSource()).image
    binary(np_folder / "facemask" / "n_1.png")
    assert (sample.load("B", TrimapSource()).image == want).all()
    assert found(np_folder) == []


@pytest.mark.parametrize("role", ["trimap", "facemask", "original_image"])
def test_files_of_another_size_are_problems(np_folder, role):
    path = np_folder / role / "n_1.png"
    write(path, cv2.resize(read(path), (32, 48), interpolation=cv2.INTER_NEAREST))
    ((name, text, problem),) = found(np_folder)
    assert name == f"P3M-500-NP/{role}/n_1.png" and problem
    assert "sizes must agree" in text


def test_an_alpha_of_another_size_than_all_the_others_is_blamed_once(np_folder):
    path = np_folder / "mask" / "n_1.png"
    write(path, read(path)[:-1])
    ((name, text, problem),) = found(np_folder)
    assert name == "P3M-500-NP/mask/n_1.png" and problem
    assert text == "is 64x95 but original_image/n_1.png is 64x96; sizes must agree"


def test_a_black_face_mask_is_one_file_of_one_kind(np_folder):
    path = np_folder / "facemask" / "n_1.png"
    write(path, np.zeros_like(read(path)))
    (only,) = inspect(first(np_folder), BOTH)
    assert only.problem and only.text.startswith("hides nothing (the face mask is all black)")


def test_a_file_with_two_oddities_is_counted_once(p_folder):
    path = p_folder / "blurred_image" / "p_1.png"
    turned(path, read(path)[..., ::-1] // 20, 3)
    kinds = kinds_of(inspect(first(p_folder), BOTH))
    assert {kind.flag for kind in kinds} == {"exif_orientation", "dark_picture"}
    assert names_of(kinds, problem=False) == {"P3M-500-P/blurred_image/p_1.png"}
    assert names_of(kinds, problem=True) == set()


def test_a_trimap_of_the_contrary_is_odd_with_its_share(p_folder):
    path = p_folder / "trimap" / "p_1.png"
    trimap = read(path)
    write(path, 255 - np.where(trimap == 128, 127, trimap).astype(np.uint8))
    (one,) = inspect(first(p_folder), BOTH)
    assert one.flag == "trimap_contrary" and not one.problem
    share = np.isin(trimap, (0, 255)).mean()
    assert one.text == f"the trimap calls {share:.1%} of the pixels the opposite of the alpha"


def test_the_contrary_is_counted_exactly():
    values = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    trimap = np.repeat(np.array([[0, 128, 255]], np.uint8), 256, axis=0)
    # 128 values of 256 are the contrary of a known class, and none of the unknown
    assert contradiction(values, trimap).startswith("the trimap calls 33.3% of")
    assert contradiction(values[:128, :2], trimap[:128, :2]) == ""
    assert contradiction(values[128:, 1:], trimap[128:, 1:]) == ""


def test_a_few_soft_pixels_in_the_known_region_are_no_contradiction():
    alpha = np.full((100, 100), 250, np.uint8)
    trimap = np.full((100, 100), 255, np.uint8)
    assert contradiction(alpha, trimap) == ""
    alpha[0, :9] = 0
    assert contradiction(alpha, trimap) == ""
    alpha[0, :10] = 0
    assert contradiction(alpha, trimap).startswith("the trimap calls 0.1%")


def test_kinds_count_files_and_name_the_first_three():
    dark = [Finding(f"a/{n}.png", f"greatest is {n}", False, "matte_range") for n in range(5)]
    bad = [Finding(f"b/{n}.png", f"is {n}x2 but 'x' is 3x3", True) for n in range(2)]
    kinds = kinds_of([*dark, *bad, bad[0]])
    assert [kind.problem for kind in kinds] == [True, False]
    assert [len(kind.names) for kind in kinds] == [2, 5]
    assert kinds[0].line == "is 0x2 but 'x' is 3x3: 2 (b/0.png, b/1.png)"
    assert kinds[1].line.endswith("another range?: 5 (a/0.png, a/1.png, a/2.png, ...)")


def test_names_in_two_unicode_forms_are_one_image(p_folder):
    for role, form in (("blurred_image", "NFD"), ("mask", "NFC"), ("trimap", "NFD")):
        path = p_folder / role / "p_1.png"
        path.rename(path.with_name(unicodedata.normalize(form, "José.png")))
    paired = pair_subset("P", folders_of(p_folder), 0, Obfuscation())
    assert paired.problems == ()
    sample = paired.subset.samples[0]
    assert sample.id == unicodedata.normalize("NFC", "José")
    assert sample.load("B", TrimapSource()).trimap is not None


def test_a_jpeg_among_masks_is_named_where_the_mask_is_missing(p_folder):
    path = p_folder / "mask" / "p_1.png"
    write(path.with_suffix(".jpg"), read(path))
    path.unlink()
    folders: Folders = folders_of(p_folder)
    paired = pair_subset("P", folders, 0, Obfuscation())
    (line,) = paired.problems
    assert "has no mask in" in line and "p_1.jpg is there and is not read" in line
    assert [sample.id for sample in paired.subset.samples] == ["p_2", "p_3"]


def test_trimaps_without_an_alpha_are_named(p_folder):
    shutil.copy(p_folder / "trimap" / "p_1.png", p_folder / "trimap" / "q_9.png")
    ignored = pair_subset("P", folders_of(p_folder), 0, Obfuscation()).subset.ignored
    assert [(one.path.name, one.reason) for one in ignored] == [
        ("q_9.png", "there is no alpha of its name")
    ]


def test_each_hidden_variant_is_compared_with_the_normal_one(np_folder, portrait_arrays):
    """The file at fault is named, and no row of another variant gets its flag."""
    normal, variants = np_folder / "original_image", ("B", "mosaic-0.10", "N")
    for name in ("blurred_image", "mosaic-0.10"):
        (np_folder / name).mkdir()
    for path in normal.iterdir():
        picture = read(path)
        picture[30:50:2, 22:42] //= 2  # a face with something in it
        write(path, picture)
        shutil.copy(path, np_folder / "mosaic-0.10" / path.name)
        face, alpha = portrait_arrays["face"] > 0, portrait_arrays["alpha"]
        blurred = Obfuscation().apply(picture, face, alpha)
        write(np_folder / "blurred_image" / path.name, blurred)
    folders = folders_of(np_folder, variants)
    sample = pair_subset("NP", folders, 0, Obfuscation(), variants=variants).subset.samples[0]
    (one,) = inspect(sample, variants)
    assert (one.name, one.flag) == ("P3M-500-NP/mosaic-0.10/n_1.png", "same_variants")
    assert inspect(sample, ("B", "N")) == ()
    for variant in variants:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            sample.load(variant, TrimapSource())
        flags = [getattr(w.message, "flag", "") for w in caught]
        assert flags == ([] if variant == "B" else ["same_variants"]), variant


def test_every_made_variant_must_hide_something(np_folder):
    """A mask outside the person is a problem whatever the variant is."""
    corner = np.pad(np.full((9, 9), 255, np.uint8), ((0, 87), (0, 55)))
    write(np_folder / "facemask" / "n_1.png", corner)
    for variant in ("B", "zero", "mosaic-0.10"):
        problems = [text for _, text, problem in found(np_folder, (variant,)) if problem]
        assert len(problems) == 1 and "hides nothing" in problems[0], variant
    assert not any(problem for _, _, problem in found(np_folder, ("N",)))

from __future__ import annotations

import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odd_files import packed_png, turned
from PIL import Image

from p3mbench import images, writing
from p3mbench.errors import DataError


@pytest.fixture
def ramp() -> np.ndarray:
    return np.arange(0, 240, dtype=np.uint8).reshape(12, 20)


def save(path: Path, pixels: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), pixels)
    return path


def test_eight_bit_alpha_is_read_as_it_is(tmp_path, ramp):
    alpha = images.read_alpha(save(tmp_path / "a.png", ramp))
    assert alpha.dtype == np.uint8
    assert (alpha == ramp).all()


def test_sixteen_bit_alpha_keeps_its_precision(tmp_path, ramp):
    deep = ramp.astype(np.uint16) * 257 + 1
    alpha = images.read_alpha(save(tmp_path / "a.png", deep))
    assert alpha.dtype == np.float32
    np.testing.assert_allclose(alpha, deep / 65535, rtol=1e-6)


def test_equal_channels_and_opaque_rgba_are_grey(tmp_path, ramp):
    rgba = np.dstack([ramp, ramp, ramp, np.full_like(ramp, 255)])
    assert (images.read_alpha(save(tmp_path / "rgb.png", rgba[..., :3])) == ramp).all()
    assert (images.read_alpha(save(tmp_path / "rgba.png", rgba)) == ramp).all()


def test_one_bit_and_palette_alphas_have_full_range(tmp_path, ramp):
    mask = ramp > 100
    Image.fromarray(mask).save(tmp_path / "bit.png")
    assert (images.read_alpha(tmp_path / "bit.png") == mask * np.uint8(255)).all()
    Image.fromarray(ramp).convert("P").save(tmp_path / "palette.png")
    assert (images.read_alpha(tmp_path / "palette.png") == ramp).all()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p, r: save(p, np.dstack([r, r, r, r])), "cut-out with transparency"),
        (lambda p, r: save(p, np.dstack([r, r, 255 - r])), "in colour"),
        (lambda p, r: p.write_bytes(b""), "is empty"),
        (lambda p, r: p.write_bytes(b"GIF89a nothing"), "not a PNG"),
        (lambda p, r: Image.fromarray(r).save(p, "JPEG"), "not a PNG"),
        (lambda p, r: p.mkdir(), "cannot be read"),
    ],
)
def test_what_is_no_alpha_is_refused_by_name(tmp_path, ramp, make, words):
    path = tmp_path / "bad.png"
    make(path, ramp)
    with pytest.raises(DataError, match=words) as caught:
        images.read_alpha(path)
    assert "bad.png" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_truncation_is_refused(tmp_path, ramp):
    whole = save(tmp_path / "a.png", ramp).read_bytes()
    for cut in range(len(whole) - 1):
        (tmp_path / "cut.png").write_bytes(whole[:cut])
        with pytest.raises(DataError):
            images.read_alpha(tmp_path / "cut.png")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(200))
@given(data=st.data())
def test_a_flipped_byte_is_refused_or_harmless(tmp_path, ramp, data):
    """Every byte of a PNG is under a checksum, except in what follows its end."""
    whole = bytearray(save(tmp_path / "a.png", ramp).read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    (tmp_path / "b.png").write_bytes(whole)
    with pytest.raises(DataError):
        images.read_alpha(tmp_path / "b.png")


def test_missing_file_says_so(tmp_path):
    with pytest.raises(DataError, match=r"no\.png: cannot be read \(No such file"):
        images.read_alpha(tmp_path / "no.png")


def test_trimap_of_127_is_mapped_with_a_warning(tmp_path):
    trimap = np.array([[0, 127, 128, 255], [1, 254, 0, 255]], np.uint8)
    path = save(tmp_path / "t.png", trimap)
    with pytest.warns(UserWarning, match=r"t\.png: 3 trimap pixels .*\(1, 127, 254"):
        read = images.read_trimap(path)
    assert (read == [[0, 128, 128, 255], [128, 128, 0, 255]]).all()


def test_clean_trimap_gives_no_warning(tmp_path):
    trimap = np.array([[0, 128, 255]], np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (images.read_trimap(save(tmp_path / "t.png", trimap)) == trimap).all()


def test_face_masks_of_one_and_of_255(tmp_path):
    mask = np.array([[0, 1], [1, 0]], np.uint8)
    for scale in (1, 255):
        read = images.read_mask(save(tmp_path / "m.png", mask * scale))
        assert (read == mask.astype(bool)).all()


def test_images_come_as_rgb(tmp_path, ramp):
    rgb = np.dstack([ramp, 255 - ramp, ramp // 2])
    save(tmp_path / "i.png", rgb[..., ::-1])
    assert (images.read_image(tmp_path / "i.png") == rgb).all()
    Image.fromarray(ramp).save(tmp_path / "grey.png")
    assert (images.read_image(tmp_path / "grey.png") == ramp[..., None]).all()
    Image.fromarray(rgb).convert("CMYK").save(tmp_path / "cmyk.jpg")
    assert images.read_image(tmp_path / "cmyk.jpg").shape == rgb.shape
    deep = ramp.astype(np.uint16) * 257
    assert (images.read_image(save(tmp_path / "deep.png", deep)) == ramp[..., None]).all()


def test_images_that_cannot_be_used_are_refused(tmp_path, ramp):
    half = np.dstack([ramp, ramp, ramp, np.full_like(ramp, 100)])
    with pytest.raises(DataError, match="partly transparent"):
        images.read_image(save(tmp_path / "half.png", half))
    frames = [Image.fromarray(ramp), Image.fromarray(255 - ramp)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(DataError, match="several frames"):
        images.read_image(tmp_path / "moving.gif")
    whole = save(tmp_path / "a.jpg", ramp).read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cut\.jpg: cannot be read as an image"):
        images.read_image(tmp_path / "cut.jpg")


def test_a_bomb_is_refused_from_its_header(tmp_path):
    bomb = tmp_path / "bomb.png"
    Image.new("1", (20_000, 20_000)).save(bomb)
    for read in (images.read_alpha, images.read_image):
        with pytest.raises(DataError, match="20000x20000|decompression bomb"):
            read(bomb)


def test_alphas_are_written_rounded_and_whole(tmp_path):
    alpha = np.array([[0, 0.5, 1], [0.4999 / 255, 0.5001 / 255, 0.999]], np.float32)
    writing.write_alpha(tmp_path / "new" / "a.png", alpha)
    assert (images.read_alpha(tmp_path / "new" / "a.png") == [[0, 128, 255], [0, 1, 255]]).all()
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["a.png"]


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    writing.write_bytes(path, b"old")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "disk full")))
    with pytest.raises(DataError, match="disk full"):
        writing.write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def quiet(read, path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read(path)


def flags_of(read, path):
    """What a reader returns and the flags that it warned with."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = read(path)
    assert all(str(one.message).startswith(f"{path}: ") for one in caught)
    return found, [one.message.flag for one in caught]


def test_a_mask_of_zeros_and_ones_is_named(tmp_path, ramp):
    mask = (ramp > 100).astype(np.uint8)
    alpha, flags = flags_of(images.read_alpha, save(tmp_path / "a.png", mask))
    assert (alpha == mask).all() and flags == ["matte_0_1"]


@pytest.mark.parametrize(
    ("top", "flags"),
    [
        (2, ["matte_range"]),
        (100, ["matte_range"]),
        (127, ["matte_range"]),
        (128, []),
        (255, []),
        (0, []),
    ],
)
def test_a_matte_of_another_range_is_named(tmp_path, ramp, top, flags):
    matte = (ramp.astype(int) * top // ramp.max()).astype(np.uint8)
    alpha, found = flags_of(images.read_alpha, save(tmp_path / "a.png", matte))
    assert (alpha == matte).all() and found == flags


def test_labels_beside_a_border_of_255_are_named(tmp_path, ramp):
    labels = (ramp > 100).astype(np.uint8)
    labels[0] = 255
    assert flags_of(images.read_alpha, save(tmp_path / "a.png", labels))[1] == ["matte_0_1"]
    soft = labels * 255
    soft[1, :2] = 1, 254  # few pixels of 1 are a matte's edge
    assert flags_of(images.read_alpha, save(tmp_path / "b.png", soft))[1] == []


def test_other_files_under_a_mattes_name_are_told(tmp_path):
    for content, words in (
        (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "it is a JPEG file"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "it is a WebP file"),
        (b"  <html>", "a web page"),
        (b"hello", "is not a PNG file; an alpha matte must be a PNG"),
    ):
        (tmp_path / "a.png").write_bytes(content)
        with pytest.raises(DataError, match=rf"a\.png: .*{words}"):
            images.read_alpha(tmp_path / "a.png")


@pytest.mark.parametrize(("top", "factor"), [(1, 65535), (2, 257), (255, 257)])
def test_the_factor_that_mends_a_sixteen_bit_matte(tmp_path, ramp, top, factor):
    matte = (ramp.astype(int) * top // ramp.max()).astype(np.uint16)
    with pytest.raises(DataError, match=f"or multiply it by {factor}$"):
        images.read_alpha(save(tmp_path / "a.png", matte))


@pytest.mark.parametrize("top", [1, 2, 100, 255])
def test_eight_bit_values_in_a_sixteen_bit_matte_are_refused(tmp_path, ramp, top):
    matte = (ramp.astype(int) * top // ramp.max()).astype(np.uint16)
    with pytest.raises(
        DataError, match=rf"8-bit values in 16 bits \(greatest value {top} of 65535"
    ):
        images.read_alpha(save(tmp_path / "a.png", matte))


@pytest.mark.parametrize(
    ("factor", "flags"), [(257, []), (256, ["matte_range"]), (16, ["matte_range"])]
)
def test_sixteen_bit_mattes_of_other_factors_are_named(tmp_path, factor, flags):
    matte = np.arange(256, dtype=np.uint16).reshape(16, 16) * factor
    alpha, found = flags_of(images.read_alpha, save(tmp_path / "a.png", matte))
    assert found == flags
    np.testing.assert_allclose(alpha, matte / 65535, rtol=1e-6)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("interlaced", [False, True])
def test_mattes_of_few_bits_and_interlaced_ones_are_right(tmp_path, bits, interlaced):
    values = np.arange(16 * 24).reshape(16, 24) % 2**bits
    path = packed_png(tmp_path / "a.png", values, bits, interlaced)
    assert (quiet(images.read_alpha, path) == values * 255 // (2**bits - 1)).all()


def test_grey_with_opaque_alpha_is_the_grey(tmp_path, ramp):
    Image.fromarray(np.dstack([ramp, np.full_like(ramp, 255)]), "LA").save(tmp_path / "a.png")
    assert (quiet(images.read_alpha, tmp_path / "a.png") == ramp).all()


def test_a_palette_of_indices_is_named_and_one_of_colours_refused(tmp_path, ramp):
    picture = Image.fromarray((ramp > 100).astype(np.uint8), "P")
    picture.putpalette([0, 0, 0, 1, 1, 1])
    picture.save(tmp_path / "index.png")
    assert flags_of(images.read_alpha, tmp_path / "index.png")[1] == ["matte_0_1"]
    picture.putpalette([0, 0, 0, 128, 0, 0])
    picture.save(tmp_path / "colour.png")
    with pytest.raises(DataError, match="in colour"):
        images.read_alpha(tmp_path / "colour.png")


@pytest.mark.parametrize("read", [images.read_alpha, images.read_trimap, images.read_mask])
def test_a_matte_that_is_to_be_shown_turned_is_named(tmp_path, read):
    pixels = np.array([[0, 0, 0, 128], [0, 255, 0, 0]], np.uint8)
    found, flags = flags_of(read, turned(tmp_path / "a.png", pixels, 3))
    assert found.shape == (2, 4) and found[1, 1] and not found[0, 0]
    assert flags == ["exif_orientation"]


@pytest.mark.parametrize(
    "values", [(0, 1, 2), (1, 2, 3), (0, 50, 100), (0, 85, 170), (0, 128, 254), (0, 1, 1),
               (1, 128, 255), (0, 100, 200), (0, 2, 1)],
)  # fmt: skip
def test_trimaps_of_labels_and_other_ranges_are_refused(tmp_path, values):
    trimap = np.array([values] * 3, np.uint8)
    with pytest.raises(DataError, match=r"t\.png: contains .* no (0|255).*save background as 0"):
        images.read_trimap(save(tmp_path / "t.png", trimap))


@pytest.mark.parametrize(
    ("values", "want", "flags"),
    [
        ((0, 127, 255), (0, 128, 255), ["trimap_values"]),
        ((0, 129, 255), (0, 128, 255), ["trimap_values"]),
        ((0, 1, 255), (0, 128, 255), ["trimap_values"]),
        ((0, 128, 128), (0, 128, 128), ["trimap_class"]),
        ((128, 128, 255), (128, 128, 255), ["trimap_class"]),
        ((127, 127, 127), (128, 128, 128), ["trimap_class", "trimap_values"]),
        ((0, 0, 255), (0, 0, 255), []),
        ((0, 128, 255), (0, 128, 255), []),
    ],
)
def test_other_trimaps_are_read_and_what_is_odd_is_named(tmp_path, values, want, flags):
    path = save(tmp_path / "t.png", np.array([values] * 2, np.uint8))
    found, caught = flags_of(images.read_trimap, path)
    assert found.tolist() == [list(want)] * 2
    assert caught == flags


@pytest.mark.parametrize("value", [2, 100, 127])
def test_face_masks_of_other_values_are_refused(tmp_path, value):
    mask = np.zeros((6, 6), np.uint8)
    mask[2:4, 2:4] = value
    for pixels in (mask, np.full_like(mask, value)):
        with pytest.raises(DataError, match=rf"greatest value of the face mask is {value} of 255"):
            images.read_mask(save(tmp_path / "m.png", pixels))


def test_face_masks_are_face_from_half_white_on(tmp_path):
    mask = np.array([[0, 127, 128], [200, 255, 0], [0, 0, 0]], np.uint8)
    found = quiet(images.read_mask, save(tmp_path / "m.png", mask))
    assert found.tolist() == [[False, False, True], [True, True, False], [False] * 3]
    deep = quiet(images.read_mask, save(tmp_path / "d.png", mask.astype(np.uint16) * 257))
    assert (deep == found).all()
    with pytest.raises(DataError, match="8-bit values in 16 bits"):
        images.read_mask(save(tmp_path / "e.png", mask.astype(np.uint16)))


def test_face_masks_that_mark_nothing_or_all_are_named_or_refused(tmp_path):
    black = np.zeros((6, 6), np.uint8)
    found, flags = flags_of(images.read_mask, save(tmp_path / "m.png", black))
    assert not found.any() and flags == ["no_face"]
    for white in (1, 255):
        with pytest.raises(DataError, match="covers the whole picture"):
            images.read_mask(save(tmp_path / "w.png", black + white))
    black[:4] = 255
    found, flags = flags_of(images.read_mask, save(tmp_path / "h.png", black))
    assert found.sum() == 24 and flags == ["large_face"]
    dot = np.zeros((50, 50), np.uint8)
    dot[20, 20] = 255
    found, flags = flags_of(images.read_mask, save(tmp_path / "d.png", dot))
    assert found.sum() == 1 and flags == ["small_face"]

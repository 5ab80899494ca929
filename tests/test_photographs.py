"""Pictures of any kind come out right or are refused; none comes out black in silence."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from odd_files import packed_png, planar_tiff, turned, write
from PIL import Image

from p3mbench.errors import DataError, DataWarning
from p3mbench.images import read_image


@pytest.fixture
def rgb() -> np.ndarray:
    """Every pixel another one, so that a turned or mirrored picture is noticed."""
    y, x = np.mgrid[:24, :40]
    return np.dstack([y * 10, x * 6, (x + y) * 4]).astype(np.uint8)


def silent(path: Path) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read_image(path)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bit_colour_is_scaled_white_to_white(tmp_path, rgb, suffix):
    deep = rgb.astype(np.uint16) * 257
    assert (silent(write(tmp_path / f"a{suffix}", deep[..., ::-1])) == rgb).all()
    grey = silent(write(tmp_path / f"g{suffix}", deep[..., 0]))
    assert (grey == rgb[..., :1]).all()


def test_sixteen_bits_are_rounded_to_the_nearest_level(tmp_path):
    deep = np.array([[0, 128, 129, 65535 - 129, 65535 - 128, 65535]], np.uint16)
    read = silent(write(tmp_path / "a.png", deep))
    assert read[0, :, 0].tolist() == [0, 0, 1, 254, 255, 255]


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("colour", [False, True])
def test_eight_bit_values_in_sixteen_bits_are_refused(tmp_path, rgb, suffix, colour):
    deep = (rgb if colour else rgb[..., 0]).astype(np.uint16)
    path = write(tmp_path / f"a{suffix}", deep)
    with pytest.raises(DataError, match=r"8 bits in 16 .*greatest value \d+ of 65535.*8 bits per"):
        read_image(path)


@pytest.mark.parametrize(("top", "held"), [(1, 8), (255, 8), (256, 10), (1023, 10), (4095, 12)])
def test_values_of_few_bits_in_sixteen_are_refused(tmp_path, top, held):
    path = write(
        tmp_path / "a.png", np.linspace(0, top, 64).round().astype(np.uint16).reshape(8, 8)
    )
    with pytest.raises(DataError, match=rf"values of {held} bits in 16 .greatest value {top} of"):
        read_image(path)


def test_a_dim_picture_of_sixteen_bits_is_scaled(tmp_path):
    deep = np.full((8, 8), 101 * 257, np.uint16)
    assert (silent(write(tmp_path / "a.png", deep)) == 101).all()


def test_values_of_fourteen_bits_in_sixteen_are_named(tmp_path, rgb):
    deep = rgb.astype(np.uint16) * 64
    with pytest.warns(DataWarning, match="brighter than 62 of 255") as caught:
        read_image(write(tmp_path / "a.png", deep))
    assert [one.message.flag for one in caught] == ["dark_picture"]


def test_deep_colour_with_a_plane_per_channel_is_refused(tmp_path, rgb):
    path = planar_tiff(tmp_path / "a.tiff", rgb.astype(np.uint16) * 257)
    with pytest.raises(DataError, match=r"a\.tiff: .*one plane per channel; save it with 8 bits"):
        read_image(path)


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8), "floating-point"),
        (np.linspace(0, 255, 64, dtype=np.float32).reshape(8, 8), "floating-point"),
        (np.full((8, 8), np.nan, np.float32), "floating-point"),
        (np.full((8, 8), 3e4, np.float32), "floating-point"),
        (np.arange(64, dtype=np.int32).reshape(8, 8) * 4, "32-bit"),
        (np.arange(64, dtype=np.int32).reshape(8, 8) * 2**24, "32-bit"),
    ],
)
def test_what_has_no_white_is_refused(tmp_path, pixels, words):
    path = tmp_path / "a.tiff"
    Image.fromarray(pixels).save(path)
    with pytest.raises(DataError, match=rf"a\.tiff: .*{words}.*8 bits per channel"):
        read_image(path)


def test_floating_point_colour_is_named(tmp_path, rgb):
    path = write(tmp_path / "a.tiff", rgb.astype(np.float32) / 255)
    with pytest.raises(DataError, match="TIFF file of floating point"):
        read_image(path)


def test_other_kinds_under_a_pictures_name_are_told(tmp_path):
    for content, words in (
        (b"PK\x03\x04" + bytes(50), "zip"),
        (b"<!DOCTYPE html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1", "git-lfs"),
        (b"\0\0\0\x18ftypheic" + bytes(50), "HEIC"),
        (b"\x93NUMPY" + bytes(50), "NumPy"),
        (b"hello", "Pillow does not know its format"),
    ):
        (tmp_path / "a.jpg").write_bytes(content)
        with pytest.raises(DataError, match=words):
            read_image(tmp_path / "a.jpg")


@pytest.mark.parametrize("top", [0, 1, 31, 100])
def test_a_picture_of_another_range_is_named(tmp_path, rgb, top):
    dark = (rgb.astype(int) * top // rgb.max()).astype(np.uint8)
    with pytest.warns(DataWarning, match=rf"brighter than {top} of 255") as caught:
        read = read_image(write(tmp_path / "a.png", dark[..., ::-1]))
    assert caught[0].message.flag == "dark_picture"
    assert (read == dark).all()


def test_a_dark_picture_that_reaches_101_is_right(tmp_path):
    assert silent(write(tmp_path / "a.png", np.full((4, 4, 3), 101, np.uint8))).max() == 101


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tiff", ".webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pixels_stay_in_stored_order_and_the_orientation_is_named(
    tmp_path, rgb, suffix, orientation
):
    path = turned(tmp_path / f"a{suffix}", rgb, orientation)
    if orientation == 1:
        read = silent(path)
    else:
        with pytest.warns(DataWarning, match=f"EXIF orientation {orientation}") as caught:
            read = read_image(path)
        assert [one.message.flag for one in caught] == ["exif_orientation"]
    assert read.shape == rgb.shape
    assert np.abs(read.astype(int) - rgb).max() <= (4 if suffix == ".jpg" else 0)


@pytest.mark.parametrize("orientation", [0, 9, 1000])
def test_an_orientation_that_means_nothing_is_none(tmp_path, rgb, orientation):
    assert (silent(turned(tmp_path / "a.png", rgb, orientation)) == rgb).all()


def test_of_a_telephones_file_of_several_pictures_the_first_is_read(tmp_path, rgb):
    path = tmp_path / "a.jpg"
    second = Image.fromarray(255 - rgb)
    Image.fromarray(rgb).save(path, "MPO", save_all=True, append_images=[second], quality=100)
    with Image.open(path) as file:
        assert file.n_frames == 2
    assert np.abs(silent(path).astype(int) - rgb).mean() < 5


def test_several_pages_of_a_tiff_are_refused(tmp_path, rgb):
    pages = [Image.fromarray(rgb), Image.fromarray(255 - rgb)]
    pages[0].save(tmp_path / "a.tiff", save_all=True, append_images=pages[1:])
    with pytest.raises(DataError, match="several frames"):
        read_image(tmp_path / "a.tiff")


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("interlaced", [False, True])
def test_grey_of_few_bits_has_full_range(tmp_path, bits, interlaced):
    values = np.arange(16 * 24).reshape(16, 24) % 2**bits
    read = silent(packed_png(tmp_path / "a.png", values, bits, interlaced))
    assert (read[..., 0] == values * 255 // (2**bits - 1)).all()


def test_deep_colour_with_transparency_is_refused_and_opaque_is_right(tmp_path, rgb):
    deep = np.dstack([rgb[..., ::-1], np.full(rgb.shape[:2], 255, np.uint8)]).astype(np.uint16)
    assert (silent(write(tmp_path / "a.png", deep * 257)) == rgb).all()
    deep[0, 0, 3] = 254
    with pytest.raises(DataError, match="partly transparent"):
        read_image(write(tmp_path / "b.png", deep * 257))

from __future__ import annotations

import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
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


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
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

"""Photographs to mattes: orientation, names, what is never overwritten, what cannot be done."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from p3mbench.errors import DataError
from p3mbench.prediction import (
    Outcome,
    Wish,
    gather,
    named,
    orientation_of,
    predict_all,
    read_upright,
    upright,
)


class Brightness:
    """The matte is the brightness, so that it can be told where a pixel went."""

    def predict(self, image, trimap=None):
        return (image[..., 0] / np.float32(255)).astype(np.float32)


class Half:
    def predict(self, image, trimap=None):
        return np.full(image.shape[:2], 0.5, np.float32)


def quadrants(height: int = 20, width: int = 30) -> np.ndarray:
    """Four levels of grey, so that no turn or mirroring leaves it as it is."""
    grey = np.zeros((height, width), np.uint8)
    grey[: height // 2, width // 2 :] = 80
    grey[height // 2 :, : width // 2] = 160
    grey[height // 2 :, width // 2 :] = 240
    return np.repeat(grey[..., None], 3, axis=2)


def save(path: Path, pixels: np.ndarray, orientation: int = 1, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, exif=exif, **options)
    return path


def grey_of(path: Path) -> np.ndarray:
    matte = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert matte is not None and matte.ndim == 2 and matte.dtype == np.uint8
    return matte


def run(files: list[Path], wish: Wish, predictor=None, needs_trimap: bool = False) -> Outcome:
    return predict_all(predictor or Brightness(), needs_trimap, named(files), wish)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("shape", [(20, 30), (20, 20)])
def test_a_matte_is_upright_as_pillow_turns_it(tmp_path, orientation, shape):
    """Pillow's own transposition is the reference; square pictures show no wrong size."""
    from PIL import ImageOps

    path = save(tmp_path / "a.png", quadrants(*shape), orientation)
    with Image.open(path) as file:
        wanted = np.asarray(ImageOps.exif_transpose(file))[..., 0]
    assert orientation_of(path) == orientation
    outcome = run([path], Wish(tmp_path / "out"))
    assert outcome.failed == []
    assert np.array_equal(grey_of(tmp_path / "out" / "a.png"), wanted)


@pytest.mark.parametrize("odd", [0, 9, 255])
def test_an_odd_orientation_counts_as_none(tmp_path, odd):
    path = save(tmp_path / "a.png", quadrants(), odd)
    assert orientation_of(path) == 1
    assert np.array_equal(read_upright(path), quadrants())


def test_upright_keeps_all_pixels():
    pixels = quadrants()
    turned = {o: upright(pixels, o).tobytes() for o in range(1, 9)}
    assert len(set(turned.values())) == 8
    assert np.array_equal(upright(upright(pixels, 6), 8), pixels)


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["a.jpg", "b.jpg"], ["a", "b"]),
        (["a.jpg", "a.png"], ["a.jpg", "a.png"]),
        (["a.jpg", "A.jpg"], ["a", "A-2"]),
        (["one/a.jpg", "two/a.jpg"], ["one__a.jpg", "two__a.jpg"]),
        (["a.jpg", "a-cutout.jpg"], ["a.jpg", "a-cutout.jpg"]),
        (["a.jpg", "a.png", "a.jpg.png"], ["x__a.jpg", "a.png", "a.jpg.png"]),
        (["Jos\u00e9.jpg", "Jose\u0301.png"], ["Jos\u00e9.jpg", "Jose\u0301.png"]),
    ],
)
def test_names_differ(tmp_path, files, names):
    root = tmp_path / "x"
    photos = named([root / file for file in files])
    assert [photo.name for photo in photos] == names


def test_names_that_collide_are_all_written(tmp_path):
    files = [save(tmp_path / "a.jpg", quadrants()), save(tmp_path / "a.png", quadrants())]
    files += [save(tmp_path / "sub" / "a.png", 255 - quadrants())]
    outcome = run(files, Wish(tmp_path / "out"))
    assert len(outcome.written) == 3 and outcome.failed == []
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_gather_takes_files_folders_and_globs_once(tmp_path, monkeypatch):
    for name in ("a.jpg", "b.PNG", "deep/c.webp"):
        save(tmp_path / name, quadrants())
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "d.heic").write_bytes(b"x")
    (tmp_path / ".hidden").write_text("x")
    monkeypatch.chdir(tmp_path)
    files, notes = gather([".", "a.jpg", "**/*.webp", "*.tif", "gone.jpg"])
    assert [file.name for file in files] == ["a.jpg", "b.PNG", "c.webp", "gone.jpg"]
    told = dict(notes)
    assert told["."].startswith("2 images directly in it; skipped: d.heic, deep/, notes.txt")
    assert told["*.tif"] == "no image matched" and set(told) == {".", "*.tif"}
    ((_, note),) = gather(["*.*"])[1]
    assert note.startswith("2 images matched; skipped: d.heic, notes.txt (only")


def test_a_name_with_brackets_is_a_file(tmp_path):
    path = save(tmp_path / "me [1].jpg", quadrants())
    assert gather([str(path)]) == ([path], [])


def test_one_bad_file_costs_itself(tmp_path):
    good = save(tmp_path / "good.png", quadrants())
    for name, content in (("empty.jpg", b""), ("text.jpg", b"hello"), ("cut.png", b"\x89PNG")):
        (tmp_path / name).write_bytes(content)
    half = io.BytesIO()
    Image.fromarray(np.zeros((9, 9, 4), np.uint8)).save(half, "png")
    (tmp_path / "clear.png").write_bytes(half.getvalue())
    bad = [tmp_path / n for n in ("empty.jpg", "text.jpg", "cut.png", "clear.png", "gone.png")]
    outcome = run([*bad, good], Wish(tmp_path / "out"))
    assert outcome.written == [tmp_path / "out" / "good.png"]
    assert [path for path, _ in outcome.failed] == bad
    reasons = " | ".join(reason for _, reason in outcome.failed)
    for words in ("empty", "cannot be read", "transparent", "No such file"):
        assert words in reasons
    assert str(tmp_path) not in reasons


class Broken:
    def predict(self, image, trimap=None):
        raise RuntimeError("no\nluck")


class TooBright:
    def predict(self, image, trimap=None):
        return np.full(image.shape[:2], 255, np.float32)


class Greedy:
    def predict(self, image, trimap=None):
        raise MemoryError


@pytest.mark.parametrize(
    ("predictor", "words"),
    [
        (Broken(), "RuntimeError: no luck"),
        (TooBright(), r"not in [0, 1]"),
        (Greedy(), "not enough memory"),
    ],
)
def test_what_a_method_does_wrong_is_one_line(tmp_path, predictor, words):
    path = save(tmp_path / "a.png", quadrants())
    outcome = run([path], Wish(tmp_path / "out"), predictor)
    ((_, reason),) = outcome.failed
    assert words in reason and "\n" not in reason
    assert not (tmp_path / "out").exists()


def test_the_same_again_is_left_alone_and_other_content_is_refused(tmp_path):
    path, wish = save(tmp_path / "a.png", quadrants()), Wish(tmp_path / "out")
    target = tmp_path / "out" / "a.png"
    assert run([path], wish).written == [target]
    before = target.stat().st_mtime_ns
    again = run([path], wish)
    assert again.same == [target] and again.written == [] and again.failed == []
    assert target.stat().st_mtime_ns == before
    other = run([path], wish, Half())
    assert "already with other content" in other.failed[0][1]
    assert np.array_equal(grey_of(target), quadrants()[..., 0])
    forced = run([path], replace(wish, overwrite=True), Half())
    assert forced.written == [target] and (grey_of(target) == 128).all()


@pytest.mark.parametrize("link", ["", "symbolic", "hard"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_an_input_is_never_overwritten(tmp_path, link, overwrite):
    """Even where it is reached through a link."""
    path = save(tmp_path / "a.png", quadrants())
    content, out = path.read_bytes(), tmp_path
    if link:
        out = tmp_path / "out"
        out.mkdir()
        place = out / "a.png"
        place.symlink_to(path) if link == "symbolic" else place.hardlink_to(path)
    outcome = run([path], Wish(out, overwrite=overwrite), Half())
    assert "is an input and is not overwritten" in outcome.failed[0][1]
    assert path.read_bytes() == content


def test_a_trimap_is_an_input_too(tmp_path):
    path = save(tmp_path / "a.jpg", quadrants())
    trimap = tmp_path / "t" / "a.png"
    trimap.parent.mkdir()
    cv2.imwrite(str(trimap), np.full((20, 30), 128, np.uint8))
    wish = Wish(tmp_path / "t", trimaps=tmp_path / "t", overwrite=True)
    outcome = run([path], wish, Half(), needs_trimap=True)
    assert "is an input" in outcome.failed[0][1]


def test_known_pixels_of_the_trimap_are_pasted(tmp_path):
    path = save(tmp_path / "a.jpg", quadrants())
    trimap = np.full((20, 30), 128, np.uint8)
    trimap[:5], trimap[-5:] = 0, 255
    (tmp_path / "t").mkdir()
    cv2.imwrite(str(tmp_path / "t" / "a.png"), trimap)
    outcome = run([path], Wish(tmp_path / "out", trimaps=tmp_path / "t"), Half(), needs_trimap=True)
    assert outcome.failed == []
    assert np.array_equal(grey_of(tmp_path / "out" / "a.png"), trimap)  # 0.5 is 128


def test_trimaps_that_do_not_fit(tmp_path):
    path = save(tmp_path / "a.jpg", quadrants(), orientation=6)
    (tmp_path / "t").mkdir()
    cv2.imwrite(str(tmp_path / "t" / "a.png"), np.full((20, 30), 128, np.uint8))
    other = save(tmp_path / "b.jpg", quadrants())
    wish = Wish(tmp_path / "out", trimaps=tmp_path / "t")
    outcome = run([path, other], wish, Half(), needs_trimap=True)
    assert "30x20, the photograph 20x30; it must fit" in outcome.failed[0][1]
    assert "a trimap needs the photograph's name" in outcome.failed[1][1]


@pytest.mark.slow
def test_a_cut_out_holds_no_background(tmp_path):
    """A half-transparent edge of red before blue: the cut-out's colour is red all over."""
    height, width = 24, 48
    alpha = np.clip((np.arange(width) - 16) / 16, 0, 1)[None].repeat(height, 0)
    red, blue = np.array([220, 20, 20]), np.array([20, 20, 220])
    image = alpha[..., None] * red + (1 - alpha[..., None]) * blue
    path = save(tmp_path / "a.png", image.round().astype(np.uint8))

    class Exact:
        def predict(self, image, trimap=None):
            return alpha.astype(np.float32)

    outcome = run([path], Wish(tmp_path / "out", cutout=True), Exact())
    assert [p.name for p in outcome.written] == ["a.png", "a-cutout.png"]
    with Image.open(tmp_path / "out" / "a-cutout.png") as file:
        assert file.mode == "RGBA"
        cut = np.asarray(file)
    assert np.array_equal(cut[..., 3], grey_of(tmp_path / "out" / "a.png"))
    edge = (alpha > 0.3) & (alpha < 0.7)
    assert np.abs(cut[edge][:, :3].astype(int) - red).max() < 40
    assert np.abs(image[edge] - red).max() > 100  # the photograph's own colours would bleed


def test_an_out_that_is_a_file_is_one_line(tmp_path):
    path = save(tmp_path / "a.png", quadrants())
    (tmp_path / "out").write_text("x")
    outcome = run([path], Wish(tmp_path / "out"))
    assert len(outcome.failed) == 1


def test_reading_refuses_what_is_no_image(tmp_path):
    (tmp_path / "a.jpg").write_text("x")
    with pytest.raises(DataError):
        read_upright(tmp_path / "a.jpg")

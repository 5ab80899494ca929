"""``p3mbench obfuscate``: versions of folders with hidden faces, from the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from calls import call
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from p3mbench.data import hiding
from p3mbench.data.hiding import folder as hiding_folder
from p3mbench.data.obfuscation import Obfuscation, obfuscation_of, private_area
from p3mbench.images import read_image
from p3mbench.settings import KINDS, variant_of
from p3mbench.store import Store
from p3mbench.writing import write_picture, write_png

HOW = "mosaic-0.10"


@pytest.fixture
def photos(tmp_path, portrait_arrays) -> Path:
    """A plain folder: three pictures, two with an alpha, all with a face mask."""
    folder = tmp_path / "photos"
    for i, name in enumerate(("a.png", "b.jpg", "c.png")):
        write_picture(folder / name, np.roll(portrait_arrays["image"], i, axis=0))
        mask = np.roll(portrait_arrays["face"], i, axis=0)
        write_png(folder / "facemask" / f"{name[0]}.png", mask)
        if i < 2:
            alpha = np.roll(portrait_arrays["alpha"], i, axis=0)
            write_png(folder / "mask" / f"{name[0]}.png", alpha)
    return folder


def manifest(out: Path) -> dict:
    return json.loads((out / "obfuscation.json").read_text())


def test_a_plain_folder_is_hidden_and_described(photos, tmp_path, portrait_arrays):
    out = tmp_path / "out"
    done = call("obfuscate", photos, out, "--how", "mosaic", "--strength", "0.1", "--jobs", 1)
    assert done.exit_code == 0, done.output
    assert "wrote 3 pictures with mosaic-0.10" in done.output
    assert "1 picture without an alpha matte" in done.output
    assert "1 picture of other formats written as PNG" in done.output
    found = manifest(out)
    assert (found["recipe"], found["variant"]) == ("mosaic-0.1-v1", HOW)
    assert found["counts"] == {
        "written": 3, "no_face": 0, "no_mask": 0, "unchanged": 0, "unreadable": 0,
        "without_alpha": 1,
    }  # fmt: skip
    made = {one["source"]: one for one in found["written"]}
    for i, name in enumerate(("a.png", "b.jpg", "c.png")):
        image, face, alpha = (
            np.roll(portrait_arrays[key], i, axis=0) for key in ("image", "face", "alpha")
        )
        image = read_image(photos / name)
        area = private_area(face > 0, alpha if i < 2 else np.full_like(alpha, 255))
        hidden = read_image(out / f"{name[0]}.png")
        assert (hidden[~area] == image[~area]).all() and (hidden[area] != image[area]).any()
        assert made[name]["hidden_pixels"] == (hidden != image).any(axis=-1).sum()
        assert (made[name]["alpha_sha256"] == "") is (i == 2)
    assert (out / "mask" / "a.png").read_bytes() == (photos / "mask" / "a.png").read_bytes()
    assert (out / "facemask" / "c.png").is_file()


def test_the_same_command_continues(photos, tmp_path, monkeypatch):
    """After Ctrl-C what was made stays; what is missing or changed is made."""
    out, real, count = tmp_path / "out", hiding_folder.hide, iter(range(9))

    def stopped(task):
        if next(count) == 2:
            raise KeyboardInterrupt
        return real(task)

    monkeypatch.setattr(hiding_folder, "hide", stopped)
    first = call("obfuscate", photos, out, "--how", HOW)
    assert first.exit_code == 130 and "the same command continues" in first.output
    assert manifest(out)["counts"]["written"] == 2
    monkeypatch.setattr(hiding_folder, "hide", real)
    before = {path: path.stat().st_mtime_ns for path in out.glob("*.png")}
    second = call("obfuscate", photos, out, "--how", HOW)
    assert second.exit_code == 0 and "wrote 1 picture " in second.output
    assert "2 existed already" in second.output
    assert all(path.stat().st_mtime_ns == at for path, at in before.items())
    text = (out / "obfuscation.json").read_text()
    (out / "a.png").write_bytes(b"damaged")
    write_png(photos / "c.png", 255 - read_image(photos / "c.png"))
    third = call("obfuscate", photos, out, "--how", HOW)
    assert "wrote 2 pictures" in third.output and "1 existed already" in third.output
    assert (out / "obfuscation.json").read_text() != text
    assert sorted(path.name for path in out.iterdir()) == [
        "a.png", "b.png", "c.png", "facemask", "mask", "obfuscation.json",
    ]  # fmt: skip


def test_pictures_without_a_usable_face_are_not_written(photos, tmp_path):
    write_png(photos / "facemask" / "a.png", np.zeros((96, 64), np.uint8))
    (photos / "facemask" / "b.png").unlink()
    outside = np.zeros((96, 64), np.uint8)
    outside[90:, 60:] = 255
    write_picture(photos / "d.png", np.full((96, 64, 3), 80, np.uint8))
    write_png(photos / "facemask" / "d.png", outside)
    (photos / "e.png").write_bytes(b"no picture")
    write_png(photos / "facemask" / "e.png", outside)
    out = tmp_path / "out"
    done = call("obfuscate", photos, out, "--how", "zero")
    assert done.exit_code == 3 and "wrote 1 picture " not in done.output
    lines = [line for line in done.output.splitlines() if line.startswith("not written")]
    assert len(lines) == 3
    assert "no face was found (the face mask is all black): a.png" in lines[0]
    assert "no face mask" in lines[1] and "b.jpg" in lines[1] and "--faces detect" in lines[1]
    assert "e.png" in lines[2]
    assert not (out / "a.png").exists() and (out / "d.png").exists()
    why = {one["source"]: one["why"] for one in manifest(out)["not_written"]}
    assert set(why) == {"a.png", "b.jpg", "e.png"}
    # the same with a picture that was made of an earlier mask
    write_png(photos / "facemask" / "d.png", np.zeros((96, 64), np.uint8))
    again = call("obfuscate", photos, out, "--how", "zero")
    assert again.exit_code == 3 and not (out / "d.png").exists()


def test_a_mask_outside_the_person_hides_nothing(photos, tmp_path):
    outside = np.zeros((96, 64), np.uint8)
    outside[90:, 60:] = 255
    write_png(photos / "facemask" / "a.png", outside)
    done = call("obfuscate", photos, tmp_path / "out", "--how", "mean")
    assert done.exit_code == 3
    assert "hiding changes nothing (the face mask is wholly outside" in done.output


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (["--how", "mosaic"], "mosaic needs a strength, such as --how mosaic-0.10"),
        (["--how", "mosaic", "--strength", "3"], "above 0 and at most 1"),
        (["--how", "mosaic", "--strength", "nan"], "above 0 and at most 1"),
        (["--how", "mosaic-0.10", "--strength", "0.2"], "--strength needs one of gaussian"),
        (["--how", "fog-0.10"], "'fog-0.10' is not a test variant"),
        (["--how", "B"], "B does not say how"),
        (["--how", "tool-x"], "tool-x does not say how"),
    ],
)
def test_wrong_recipes_are_usage_errors(photos, tmp_path, how, said):
    done = call("obfuscate", photos, tmp_path / "out", *how)
    assert done.exit_code == 2 and said in " ".join(done.output.split())
    assert not (tmp_path / "out").exists()


def test_wrong_folders_get_one_line(photos, tmp_path):
    def refused(*arguments: object) -> str:
        done = call("obfuscate", *arguments)
        assert done.exit_code == 1 and not (tmp_path / "new").exists()
        (line,) = [one for one in done.output.splitlines() if one.startswith("Error")]
        return line

    new, out, empty = tmp_path / "new", tmp_path / "out", tmp_path / "empty"
    empty.mkdir()
    assert "no such folder" in refused(tmp_path / "nowhere", new, "--how", HOW)
    assert "no pictures with visible faces" in refused(empty, new, "--how", HOW)
    assert "is the folder to read" in refused(photos, tmp_path / "." / "photos", "--how", HOW)
    assert "only drawn portraits" in refused(photos, new, "--how", "swap")
    assert call("obfuscate", photos, out, "--how", HOW).exit_code == 0
    assert "another recipe (mosaic-0.1-v1" in refused(photos, out, "--how", "mosaic-0.20")
    detected = refused(photos, out, "--how", HOW, "--faces", "detect")
    assert "another way to find faces (facemask" in detected
    assert "already hidden (mosaic-0.10" in refused(out, new, "--how", "zero")
    (out / "obfuscation.json").write_text("[]")
    assert "is not a manifest" in refused(photos, out, "--how", HOW)
    (out / "obfuscation.json").unlink()
    assert "contains other files" in refused(photos, out, "--how", HOW)
    shutil.copyfile(photos / "a.png", photos / "a.jpeg")
    assert "has the same stem as" in refused(photos, new, "--how", HOW)
    (photos / "a.jpeg").unlink()
    shutil.rmtree(photos / "facemask")
    assert "contains no folder 'facemask'" in refused(photos, new, "--how", HOW)


@pytest.mark.slow
def test_a_data_set_keeps_its_layout_and_runs(p3m_folder, portrait_arrays, tmp_path, plugin_file):
    """Made files are read as the variant of their folder's name, beside copies of the mattes."""
    subset = p3m_folder / "validation" / "P3M-500-NP"
    (subset / "facemask").mkdir()
    for i, name in enumerate(("n_1", "n_2")):
        mask = np.roll(portrait_arrays["face"], 2 * i, axis=0)
        cv2.imwrite(str(subset / "facemask" / f"{name}.png"), mask)
    out, results = tmp_path / "out", tmp_path / "results"
    done = call("obfuscate", p3m_folder, out, "--how", HOW, "--jobs", 1)
    assert done.exit_code == 0, done.output
    assert "P3M-500-P: has no folder original_image" in done.output
    here = out / "validation" / "P3M-500-NP"
    assert sorted(path.name for path in here.iterdir()) == ["facemask", "mask", HOW, "trimap"]
    hint = next(one for one in done.output.splitlines() if one.startswith("try it: "))
    command = hint.removeprefix("try it: p3mbench ").split()
    more = ("--methods", "grey", "--plugin", plugin_file, "--out", results)
    ran = call(*command, *more)
    assert ran.exit_code == 0, ran.output
    assert "P3M-500-P is not under" in ran.output
    with Store(results) as store:
        frame = store.frame()
    assert set(frame["variant"]) == {HOW} and len(frame) == 2
    # the same pixels as when the run makes the variant itself
    made = obfuscation_of(HOW, Obfuscation())
    source = read_image(subset / "original_image" / "n_1.png")
    want = made.apply(source, portrait_arrays["face"] > 0, portrait_arrays["alpha"])
    assert (read_image(here / HOW / "n_1.png") == want).all()
    # one subset alone keeps its own layout
    alone = call("obfuscate", subset, tmp_path / "alone", "--how", HOW)
    assert alone.exit_code == 0 and "try it" not in alone.output
    assert (tmp_path / "alone" / HOW / "n_1.png").is_file()


@pytest.mark.slow
def test_several_processes_make_the_same(photos, tmp_path):
    for jobs in (1, 2):
        done = call("obfuscate", photos, tmp_path / str(jobs), "--how", "inpaint", "--jobs", jobs)
        assert done.exit_code == 0, done.output
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / j).glob("*.*")} for j in "12")
    assert one == two and len(one) == 4


def test_a_detector_finds_the_faces(photos, tmp_path, monkeypatch):
    """The detector itself is tested with photographs; here it finds a face in one picture only."""

    def found(image: np.ndarray) -> np.ndarray | None:
        face = np.zeros(image.shape[:2], bool)
        face[30:50, 25:40] = True
        return face if image[0, 0, 0] < 100 and not (image == 200).all() else None

    write_picture(photos / "d.png", np.full((96, 64, 3), 200, np.uint8))
    monkeypatch.setattr(hiding_folder, "need_detector", lambda: None)
    monkeypatch.setattr(hiding.work, "detect_face", found)
    out = tmp_path / "out"
    done = call("obfuscate", photos, out, "--how", "gaussian-0.25", "--faces", "detect")
    assert done.exit_code == 3
    assert "no face was found (the detector finds none): d.png" in done.output
    assert manifest(out)["faces"] == "detect"
    assert all(one["face_sha256"] == "" for one in manifest(out)["written"])
    assert (
        "existed already"
        in call("obfuscate", photos, out, "--how", "gaussian-0.25", "--faces", "detect").output
    )


@pytest.mark.slow
@settings(
    max_examples=examples(10),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.sampled_from([kind for kind in KINDS if kind != "swap"]),
    st.integers(50, 100),
    st.permutations(["a.png", "b.jpg", "c.png"]),
)
def test_every_recipe_leaves_the_rest_alone_in_any_order(
    photos, tmp_path_factory, kind, percent, order
):
    """Names and pixels do not depend on the order in which pictures are hidden."""
    variant = variant_of(kind, percent / 100)
    whole, parts = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("parts")
    assert call("obfuscate", photos, whole, "--how", variant, "--jobs", 1).exit_code == 0
    some = tmp_path_factory.mktemp("some")
    shutil.copytree(photos / "mask", some / "mask")
    shutil.copytree(photos / "facemask", some / "facemask")
    for name in order:
        shutil.copyfile(photos / name, some / name)
        call("obfuscate", some, parts, "--how", variant, "--jobs", 1)
    made = sorted(path.name for path in whole.glob("*.png"))
    assert made == sorted(path.name for path in parts.glob("*.png")) == ["a.png", "b.png", "c.png"]
    for name in made:
        assert (whole / name).read_bytes() == (parts / name).read_bytes()
        source = next(photos.glob(f"{name[0]}.*"))
        before, after = read_image(source), read_image(whole / name)
        face = read_image(photos / "facemask" / name)[..., 0] > 127
        assert (before[~face] == after[~face]).all() and (before[face] != after[face]).any()
    assert manifest(whole)["written"] == manifest(parts)["written"]


@pytest.mark.parametrize(("pictures", "mattes"), [("image", "alpha"), ("images", "mask")])
def test_pictures_in_a_folder_of_their_own(photos, tmp_path, pictures, mattes):
    """Their folder keeps its name, and so does that of the mattes, which are used."""
    source, out = tmp_path / "source", tmp_path / "out"
    shutil.copytree(photos, source / pictures)
    for name, to in (("mask", mattes), ("facemask", "facemask")):
        (source / pictures / name).rename(source / to)
    (source / mattes / "a.png").write_bytes(b"damaged")
    done = call("obfuscate", source, out, "--how", "zero")
    assert done.exit_code == 3 and f"{mattes}/a.png" in done.output
    assert "wrote 2 pictures with zero" in done.output
    assert {path.relative_to(out).as_posix() for path in out.rglob("*.png")} == {
        "facemask/b.png", "facemask/c.png", f"{pictures}/b.png", f"{pictures}/c.png",
        f"{mattes}/b.png",
    }  # fmt: skip
    assert manifest(out)["counts"]["without_alpha"] == 1
    assert manifest(out)["not_written"][0]["source"] == f"{pictures}/a.png"


def test_the_destination_may_not_be_a_file(photos, tmp_path):
    (tmp_path / "out").write_text("a file")
    done = call("obfuscate", photos, tmp_path / "out", "--how", "zero")
    assert done.exit_code == 1 and "is a file; give a folder" in done.output

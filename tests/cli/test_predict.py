"""``p3mbench predict``: its words and exit codes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from p3mbench.cli import main


def call(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args], catch_exceptions=False)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg"):
        cv2.imwrite(str(folder / name), np.full((8, 12, 3), 90, np.uint8))
    return folder


def test_a_folder_with_a_plugin(photos, plugin_file, tmp_path):
    out = tmp_path / "out"
    args = ("predict", "grey", photos, "--plugin", plugin_file, "--out", out, "--set", "level=0.6")
    result = call(*args)
    assert result.exit_code == 0, result.output
    assert f"wrote 2 mattes to {out}" in result.output
    assert (cv2.imread(str(out / "a.png"), cv2.IMREAD_UNCHANGED) == 153).all()
    again = call(*args[:-1], "grey.level=0.6")
    assert again.exit_code == 0 and "2 mattes existed already, with the same pixels" in again.output


def test_a_bad_photograph_is_a_line_and_exit_code_3(photos, plugin_file, tmp_path):
    (photos / "c.jpg").write_text("no picture")
    result = call("predict", "grey", photos, "--plugin", plugin_file, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "c.jpg: cannot be read as an image" in result.output
    assert (
        "wrote 2 mattes" in result.output and "1 photograph could not be processed" in result.output
    )


def test_a_trimap_based_method(photos, tmp_path):
    trimap = np.full((8, 12), 128, np.uint8)
    cv2.imwrite(str(tmp_path / "t.png"), trimap)
    out = tmp_path / "out"
    result = call(
        "predict", "coarse", photos / "a.jpg", "--trimap", tmp_path / "t.png", "--out", out
    )
    assert result.exit_code == 0, result.output
    assert (cv2.imread(str(out / "a.png"), cv2.IMREAD_UNCHANGED) == 128).all()


def test_weights_that_ship_with_mini(photos, tmp_path):
    """Their recorded option (side = 160) is used, as in a run."""
    from p3mbench.benchmark import get

    folder = get("mini").checkpoints
    assert folder is not None
    out = tmp_path / "out"
    weights = folder / "modnet--n-s0.safetensors"
    result = call("predict", "modnet", photos / "a.jpg", "--weights", weights, "--out", out)
    assert result.exit_code == 0, result.output
    assert cv2.imread(str(out / "a.png"), cv2.IMREAD_UNCHANGED).shape == (8, 12)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("coarse", "photos"), "is trimap-based; give --trimap"),
        (("coarse", "photos", "--trimap", "gone"), "gone: does not exist"),
        (("modnet", "photos"), "modnet needs weights: give --weights FILE, or put"),
        (("modnet", "photos", "--trimap", "photos"), "leave --trimap out"),
        (("modnet", "photos", "--weights", "gone.pth"), "gone.pth does not exist"),
        (("coarse", "photos", "--trimap", "photos", "--weights", "photos/a.jpg"), "learns nothing"),
        (("coarse", "empty", "--trimap", "photos"), "there is no photograph to process"),
        (("nothing", "photos"), "unknown method"),
        (("coarse", "photos", "--trimap", "photos", "--set", "x=1"), "no option 'x'"),
    ],
)
def test_a_wrong_argument_is_one_line(photos, tmp_path, monkeypatch, arguments, words):
    monkeypatch.setenv("P3MBENCH_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    result = call("predict", *arguments)
    assert result.exit_code == 1 and words in " ".join(result.output.split()), result.output
    assert not (tmp_path / "mattes").exists()


def test_help_says_what_happens_to_orientation():
    text = " ".join(call("predict", "--help").output.split())
    assert "turned upright by their EXIF orientation" in text
    assert "use pixels as they are stored" in text

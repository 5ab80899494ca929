"""`p3mbench train` on folders and on drawn portraits."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from odd_files import binary

from p3mbench.cli import main
from p3mbench.data.foregrounds import (
    has_layers,
    layer_path,
)
from p3mbench.weights import recorded

pytest.importorskip("lightning_fabric")


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


def train(data: Path, out: Path, *more: str) -> Result:
    plain = "--width 0.0625 --steps 2 --crop 64 --batch-size 2 --workers 0 --no-tensorboard"
    method = more[0] if more and not more[0].startswith("-") else "modnet"
    rest = more[1:] if method == more[0] else more
    where = ["--benchmark", "p3m500", "--data", str(data), "--out", str(out), "--device", "cpu"]
    return call("train", method, *where, *plain.split(), *rest)


def test_missing_layers_are_named_before_the_first_step(train_folder: Path, tmp_path: Path) -> None:
    layers = tmp_path / "layers"
    asked = train(train_folder, tmp_path / "out", "p3mnet-r34", "--setting", "B")
    assert asked.exit_code == 2 and "p3mbench data foregrounds" in asked.output
    made = call("data", "foregrounds", str(layers), "--data", str(train_folder), "--jobs", "1")
    assert made.exit_code == 0 and "3 made" in made.output
    layer_path(layers, "B", "background", "t_3").unlink()
    assert not has_layers(layers, "B", "t_3")
    more = ["--setting", "B", "--foregrounds", str(layers)]
    refused = train(train_folder, tmp_path / "out", "p3mnet-r34", *more)
    assert refused.exit_code == 1
    said = " ".join(refused.output.split())
    assert "lacks the foregrounds of 1 of 3 images (t_3 is the first)" in said
    assert not (tmp_path / "out" / "log.jsonl").exists()


def test_p3mnet_is_trained_on_a_folder_and_run(train_folder: Path, tmp_path: Path) -> None:
    layers, out = tmp_path / "layers", tmp_path / "out"
    call("data", "foregrounds", str(layers), "--data", str(train_folder), "--jobs", "1")
    more = ["--setting", "B", "--foregrounds", str(layers)]
    done = train(train_folder, out, "p3mnet-r34", *more)
    assert done.exit_code == 0, done.output
    record = recorded(out / "weights.safetensors")
    assert record["train_sets"] == ["P3M-10k/train"] and record["setting"] == "B"
    assert record["recipe"]["lr"] == 1e-5 and len(record["data"]) == 64


def test_layers_are_unpacked_before_the_first_step(train_folder: Path, tmp_path: Path) -> None:
    """The weights are those of a training that read the PNG files."""
    layers = tmp_path / "layers"
    call("data", "foregrounds", str(layers), "--data", str(train_folder), "--jobs", "1")
    more = ["--setting", "B", "--foregrounds", str(layers)]
    train(train_folder, tmp_path / "packed", "p3mnet-r34", *more)
    assert not (layers / "B" / "unpacked").exists()
    done = train(train_folder, tmp_path / "unpacked", "p3mnet-r34", *more, "--unpack", "1")
    assert done.exit_code == 0, done.output
    assert len(list((layers / "B" / "unpacked").iterdir())) == 3
    names = ("packed", "unpacked")
    made = [(tmp_path / name / "weights.safetensors").read_bytes() for name in names]
    assert made[0] == made[1]


def test_several_seeds_one_after_the_other(train_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = train(train_folder, out, "--setting", "B", "--seeds", "3,1")
    assert done.exit_code == 0, done.output
    found = {seed: recorded(out / f"seed-{seed}" / "weights.safetensors") for seed in (1, 3)}
    assert [found[seed]["seed"] for seed in (1, 3)] == [1, 3]
    single = train(train_folder, tmp_path / "single", "--setting", "B", "--seed", "1")
    assert single.exit_code == 0
    alone = (tmp_path / "single" / "weights.safetensors").read_bytes()
    assert (out / "seed-1" / "weights.safetensors").read_bytes() == alone
    again = train(train_folder, out, "--setting", "B", "--seeds", "4,1")
    assert again.exit_code == 1 and "seed-1: contains a training run" in " ".join(
        again.output.split()
    )
    assert not (out / "seed-4").exists(), "no seed is trained if another cannot be"
    resumed = train(train_folder, out, "--setting", "B", "--seeds", "4,1", "--resume")
    assert resumed.exit_code == 0 and (out / "seed-4" / "weights.safetensors").is_file()
    assert (out / "seed-1" / "weights.safetensors").read_bytes() == alone


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--seeds", "0,x"], "'x' is not a whole number"),
        (["--seeds", "0,-1"], "'-1' is not a whole number"),
        (["--seeds", ","], "give whole numbers"),
        (["--seeds", "0,1", "--seed", "2"], "give --seed or --seeds, not both"),
    ],
)
def test_seeds_that_are_none(tmp_path: Path, options: list[str], said: str) -> None:
    asked = call("train", "modnet", "--setting", "B", "--out", str(tmp_path / "x"), *options)
    assert asked.exit_code == 2 and said in " ".join(asked.output.split())
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("level", ["image", "feature"])
def test_copy_and_paste_from_a_folder_of_faces(
    train_folder: Path, tmp_path: Path, level: str, portrait_arrays: dict[str, np.ndarray]
) -> None:
    faces = tmp_path / "faces"
    for name, picture in (
        ("image", portrait_arrays["image"]),
        ("facemask", portrait_arrays["face"]),
    ):
        (faces / name).mkdir(parents=True)
        cv2.imwrite(str(faces / name / "star.png"), picture)
    more = ["--setting", "B+CP", "--faces", str(faces), "--paste", level]
    done = train(train_folder, tmp_path / "out", *more)
    assert done.exit_code == 0, done.output
    record = recorded(tmp_path / "out" / "weights.safetensors")
    assert record["setting"] == "B+CP" and record["recipe"]["copy_paste"] == [level, 0.5]


def test_copy_and_paste_needs_faces(train_folder: Path, tmp_path: Path) -> None:
    asked = train(train_folder, tmp_path / "out", "--setting", "B+CP")
    assert asked.exit_code == 2 and "--faces" in asked.output


def test_normal_faces_that_were_never_released(train_folder: Path, tmp_path: Path) -> None:
    asked = train(train_folder, tmp_path / "out", "--setting", "N")
    assert asked.exit_code == 1 and "original_image" in asked.output


def test_a_crop_that_networks_cannot_halve(tmp_path: Path) -> None:
    asked = call("train", "modnet", "--setting", "B", "--crop", "100", "--out", str(tmp_path / "x"))
    assert asked.exit_code == 2 and "100 is not a multiple of 32; 96 is" in asked.output
    assert not (tmp_path / "x").exists()


def test_small_rates_without_trained_weights_are_pointed_out(
    train_folder: Path, tmp_path: Path
) -> None:
    layers = tmp_path / "layers"
    call("data", "foregrounds", str(layers), "--data", str(train_folder), "--jobs", "1")
    more = ["--setting", "B", "--foregrounds", str(layers)]
    done = train(train_folder, tmp_path / "out", "indexnet", *more)
    assert done.exit_code == 0 and "hardly learn" in done.output
    other = train(train_folder, tmp_path / "other", "modnet", "--setting", "B")
    assert other.exit_code == 0 and "hardly learn" not in other.output


def test_odd_training_files_are_one_line_before_the_first_step(
    train_folder: Path, tmp_path: Path
) -> None:
    masks = train_folder / "train" / "mask"
    for path in masks.iterdir():
        binary(path)
    out = tmp_path / "out"
    strict = train(train_folder, out, "--setting", "B", "--strict")
    assert strict.exit_code == 1
    assert "no training was begun because of --strict" in strict.stderr
    (line,) = [line for line in strict.stderr.splitlines() if line.startswith("  ")]
    assert line == (
        "  the greatest value of a matte's file is 1 of 255: a mask stored as 0 and 1?: 3 "
        "(train/mask/t_1.png, train/mask/t_2.png, train/mask/t_3.png)"
    )
    assert not (out / "weights.safetensors").exists()


def test_a_broken_training_picture_is_named_before_the_first_step(
    train_folder: Path, tmp_path: Path
) -> None:
    path = train_folder / "train" / "blurred_image" / "t_3.png"
    path.write_bytes(path.read_bytes()[:-100])
    result = train(train_folder, tmp_path / "out", "--setting", "B")
    assert result.exit_code == 1
    assert "1 file is wrong" in result.stderr and "train/blurred_image/t_3.png" in result.stderr
    assert "no training was begun" in result.stderr


def test_a_training_folder_needs_no_benchmark(train_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    for folder, words in (
        (tmp_path / "mine", "is not laid out as P3M-10k"),
        (train_folder, "needs foregrounds"),  # which it says once it has found the split
    ):
        method = "p3mnet-r34" if folder == train_folder else "modnet"
        result = call("train", method, "--setting", "B", "--data", str(folder))
        assert result.exit_code != 0 and words in result.stderr


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("other", "'other' does not say which faces to train on"),
        ("-", "'-' does not say which faces to train on"),
        ("fog", "'fog' is not a train setting"),
        ("mosaic", "'mosaic' is not a train setting"),
    ],
)
def test_settings_that_are_none(tmp_path: Path, setting: str, said: str) -> None:
    asked = call("train", "modnet", f"--setting={setting}", "--out", str(tmp_path / "x"))
    assert asked.exit_code == 2 and said in " ".join(asked.output.split())
    assert not (tmp_path / "x").exists()


@pytest.mark.slow
def test_training_on_another_obfuscation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P3MBENCH_CACHE", str(tmp_path / "cache"))
    plain = "--width 0.0625 --steps 2 --crop 64 --batch-size 2 --limit 2 --no-tensorboard"
    out = tmp_path / "out"
    more = ["--setting", "mosaic-0.10", "--device", "cpu", "--out", str(out)]
    done = call("train", "modnet", *plain.split(), *more)
    assert done.exit_code == 0, done.output
    record = recorded(out / "weights.safetensors")
    assert (record["setting"], record["train_sets"]) == ("mosaic-0.10", ["mini/train"])

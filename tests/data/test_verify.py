"""The one place to go before a long run: everything is read, and what is wrong or odd is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from odd_files import binary, read, write

from p3mbench.benchmark import get
from p3mbench.cli import main
from p3mbench.data.verify import find_parts, verify


def call(*args: object) -> Result:
    result = CliRunner().invoke(main, ["data", "verify", *map(str, args)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def test_it_counts_what_it_read(p3m_folder, train_folder):
    whole = call(p3m_folder, "--jobs", 1)
    assert whole.exit_code == 0
    assert "looked at P: 3 blurred, 3 mattes, 3 trimaps" in whole.output
    assert "looked at NP: 2 unblurred, 2 mattes, 2 trimaps" in whole.output
    assert "looked at train: 3 blurred, 3 mattes, 3 trimaps, 3 face masks" in whole.output
    assert "27 files read: 0 problems, 0 odd\n" in whole.output


def test_a_folder_with_training_images_alone_is_verified(train_folder):
    for folder in (train_folder, train_folder / "train"):
        found = call(folder, "--jobs", 1)
        assert found.exit_code == 0
        assert (
            "12 files read: 0 problems, 0 odd; not there and not looked at: P, NP" in found.output
        )


def test_a_broken_training_picture_is_a_problem(p3m_folder, train_folder):
    path = train_folder / "train" / "blurred_image" / "t_2.png"
    path.write_bytes(path.read_bytes()[:-200])
    found = call(p3m_folder, "--jobs", 1)
    assert found.exit_code == 3
    assert "(train/blurred_image/t_2.png)" in found.output
    assert "1 problem, 0 odd" in found.output


def test_oddities_are_one_line_each_and_errors_under_strict(p3m_folder):
    mask = p3m_folder / "validation" / "P3M-500-P" / "mask"
    for path in mask.iterdir():
        binary(path)
    found = call(p3m_folder, "--jobs", 1)
    assert found.exit_code == 0
    (line,) = [line for line in found.output.splitlines() if "stored as 0 and 1" in line]
    assert line.strip() == (
        "the greatest value of a matte's file is 1 of 255: a mask stored as 0 and 1?: 3 "
        "(P3M-500-P/mask/p_1.png, P3M-500-P/mask/p_2.png, P3M-500-P/mask/p_3.png)"
    )
    assert "0 problems, 3 odd" in found.output
    assert call(p3m_folder, "--jobs", 1, "--strict").exit_code == 3


def test_files_that_do_not_pair_do_not_end_it(p3m_folder):
    subset = p3m_folder / "validation" / "P3M-500-P"
    (subset / "mask" / "p_1.png").unlink()
    shutil.copy(subset / "blurred_image" / "p_2.png", subset / "blurred_image" / "p_2.jpg")
    (subset / "trimap" / "p_3.png").unlink()
    binary(subset / "mask" / "p_3.png")
    found = call(p3m_folder, "--format", "json", "--jobs", 1)
    assert found.exit_code == 3
    said = json.loads(found.stdout)
    kinds = {tuple(kind["names"]): kind for kind in said["kinds"]}
    assert "has no mask in" in kinds["P3M-500-P/blurred_image/p_1.png",]["text"]
    assert "same stem as p_2.jpg" in kinds["P3M-500-P/blurred_image/p_2.png",]["text"]
    assert kinds["P3M-500-P/mask/p_3.png",]["flag"] == "matte_0_1"
    assert kinds["P/p_3",]["text"] == "has no trimap, others have"
    assert said["problems"] == 2 and said["odd"] == 2
    assert said["looked_at"]["P"] == {"B": 2, "N": 0, "alpha": 2, "trimap": 1, "face": 0}


def test_what_is_not_read_is_named(p3m_folder):
    subset = p3m_folder / "validation" / "P3M-500-P"
    (subset / "mask" / "p_9.npy").write_bytes(b"x")
    (subset / "blurred_image" / "p_9.heic").write_bytes(b"x")
    (subset / "blurred_image" / "more").mkdir()
    said = call(p3m_folder, "--jobs", 1).output
    for words in ("p_9.npy", "HEIC and AVIF are not read", "folders inside are not searched"):
        assert words in said


def test_a_benchmark_of_folders_is_verified(p3m_folder, tmp_path):
    toml = p3m_folder / "mine.toml"
    toml.write_text(
        'name = "mine"\nsource = "folder"\n[[subsets]]\nname = "P"\n'
        'alpha = "validation/P3M-500-P/mask"\nblurred = "validation/P3M-500-P/blurred_image"\n'
    )
    assert "6 files read: 0 problems, 0 odd" in call("--benchmark", toml, "--jobs", 1).output
    write(p3m_folder / "validation/P3M-500-P/mask/p_1.png", np.zeros((96, 64), np.uint8))
    found = call(p3m_folder, "--benchmark", toml, "--jobs", 1, "--strict")
    assert found.exit_code == 3 and "the alpha is all black" in found.output


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("x.zip",), "x.zip: is an archive; unpack it first"),
        ((".", "--benchmark", "mini"), "draws its images"),
        ((".",), "is not laid out as P3M-10k"),
        (("gone",), "gone: no such folder"),
    ],
)
def test_what_cannot_be_verified_is_one_line(tmp_path, monkeypatch, args, words):
    (tmp_path / "a").mkdir()
    shutil.make_archive(str(tmp_path / "x"), "zip", tmp_path / "a")
    monkeypatch.chdir(tmp_path)
    found = call(*args)
    assert found.exit_code == 1
    assert words in found.output and "Traceback" not in found.output


def test_real_portraits_have_no_problem(shared: Path) -> None:
    found = find_parts(get("p3m500"), shared / "data" / "p3m-demo")
    verified = verify(found, jobs=1)
    assert verified.problems == 0
    assert verified.files == sum(sum(part.counts.values()) for part in found.parts) > 20
    assert verified.odd == 0, [kind.line for kind in verified.kinds]


def test_a_subset_given_by_itself_is_not_taken_for_training_images(p3m_folder):
    found = find_parts(get("p3m500"), p3m_folder / "validation" / "P3M-500-P")
    assert [part.subset.name for part in found.parts] == ["P"]
    assert read(p3m_folder / "validation/P3M-500-P/mask/p_1.png").shape == (96, 64)

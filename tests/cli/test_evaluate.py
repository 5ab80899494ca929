"""``p3mbench evaluate``: what is suspicious about files is in every output, in words."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from odd_files import binary, read, turned, write

from p3mbench.cli import main
from p3mbench.flags import words
from p3mbench.report import formats


def call(*args: object) -> Result:
    result = CliRunner().invoke(main, ["evaluate", *map(str, args), "--jobs", "1"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def read_text(result: Result) -> str:
    """What a person reads: text without the escapes and the line breaks of its format."""
    return " ".join(result.stdout.replace("\\", "").split())


@pytest.fixture
def folders(p3m_folder) -> tuple[Path, Path]:
    """Three predictions, a little off, and their ground truths."""
    truth = p3m_folder / "validation" / "P3M-500-P" / "mask"
    preds = p3m_folder / "pred"
    for path in truth.iterdir():
        write(preds / path.name, np.roll(read(path), 1, axis=0))
    return preds, truth


def test_good_files_have_no_flag_and_no_word(folders):
    result = call(*folders)
    assert result.exit_code == 0 and result.stderr == ""
    assert "flags" not in result.stdout
    assert call(*folders, "--strict").stdout == result.stdout


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("format_", list(formats()))
def test_a_mask_of_zeros_and_ones_is_named_and_flagged_in_every_format(folders, side, format_):
    path = binary(folders[side] / "p_2.png")
    result = call(*folders, "--format", format_)
    assert result.exit_code == 0
    assert (
        f"Warning: its greatest value is 1 of 255; a mask stored as 0 and 1? multiply it by "
        f"255: 1 ({path})\n" in result.stderr
    )
    assert "matte_0_1" in read_text(result)
    assert words("matte_0_1") in read_text(result)


def test_all_masks_of_zeros_and_ones_are_one_line(folders):
    for folder in folders:
        for path in folder.iterdir():
            binary(path)
    warned = [line for line in call(*folders).stderr.splitlines() if "Warning" in line]
    assert len(warned) == 1
    assert warned[0].startswith(f"Warning: {words('matte_0_1')}: 6 (") and "..." in warned[0]


def test_an_empty_prediction_is_flagged_in_every_format(folders):
    write(folders[0] / "p_1.png", np.zeros((96, 64), np.uint8))
    for format_ in formats():
        said = read_text(call(*folders, "--format", format_))
        assert "empty_prediction" in said and words("empty_prediction") in said
    row = next(csv.DictReader(io.StringIO(call(*folders, "--format", "csv").stdout)))
    assert row["image"] == "p_1" and row["conn"] == "0.0"
    assert "empty_prediction" in row["flags"].split(",")


def test_csv_has_the_columns_that_import_knows(folders):
    rows = list(csv.DictReader(io.StringIO(call(*folders, "--format", "csv").stdout)))
    assert list(rows[0]) == [
        *("image", "sad", "mse", "mad", "grad", "conn", "sad_boundary"),
        *("convention", "flags", "reason", "benchmark", "subset"),
    ]
    assert {row["convention"] for row in rows} == {"p3m"}
    said = json.loads(call(*folders, "--format", "json").stdout)
    assert [float(row["sad"]) for row in rows] == [i["metrics"]["sad"] for i in said["images"]]


@pytest.mark.parametrize("what", ["binary", "deep", "turned", "blank", "missing"])
def test_strict_scores_nothing(folders, what):
    preds, truth = folders
    if what == "binary":
        binary(preds / "p_3.png")
    elif what == "deep":
        write(preds / "p_3.png", read(preds / "p_3.png").astype(np.uint16))
    elif what == "turned":
        turned(preds / "p_3.png", read(preds / "p_3.png"), 3)
    elif what == "blank":
        write(truth / "p_3.png", np.zeros((96, 64), np.uint8))
    else:
        (preds / "p_3.png").unlink()
    result = call(*folders, "--strict")
    assert result.exit_code == 1 and result.stdout == ""
    assert "p_3" in result.stderr and "nothing was scored because of --strict" in result.stderr
    assert call(*folders).exit_code == (3 if what in ("deep", "missing") else 0)


def test_names_in_two_unicode_forms_are_paired(folders):
    for folder, form in zip(folders, ("NFD", "NFC"), strict=True):
        (folder / "p_1.png").rename(folder / unicodedata.normalize(form, "José.png"))
    result = call(*folders, "--format", "json")
    assert result.exit_code == 0
    names = [image["image"] for image in json.loads(result.stdout)["images"]]
    assert unicodedata.normalize("NFC", "José") in names and len(names) == 3


@pytest.mark.parametrize("name", ["{}.jpg.png", "{}_alpha.png", "pred_{}.png"])
def test_a_suffix_too_many_gets_a_hint(folders, name):
    for path in list(folders[0].iterdir()):
        path.rename(path.with_name(name.format(path.stem)))
    result = call(*folders)
    assert result.exit_code == 1
    stem = Path(name.format("p_1")).stem
    assert f"(is {stem!r} the prediction of 'p_1'?)" in result.stderr


def test_what_lies_there_and_is_not_read_is_named(folders):
    (folders[0] / "p_1.npy").write_bytes((folders[0] / "p_1.png").read_bytes())
    (folders[0] / "p_1.png").unlink()
    (folders[0] / "nested").mkdir()
    result = call(*folders)
    assert result.exit_code == 3
    assert "has no prediction named 'p_1' (p_1.npy is there and is not read" in result.stderr
    assert "pred: 1 not read (folders inside are not searched): nested" in result.stderr
    for path in folders[0].glob("*.png"):
        path.unlink()
    empty = call(*folders)
    assert empty.exit_code == 1
    assert (
        "contains no image files (pred: 1 not read (" in empty.stderr and "p_1.npy" in empty.stderr
    )


def test_an_archive_is_named(folders, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "pred"), "zip", folders[0])
    result = call(archive, folders[1])
    assert result.exit_code == 1 and "is an archive; unpack it first" in result.stderr


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("x.csv", "image,sad"),
        ("x.json", "{"),
        ("x.md", "**Scores of 3 images"),
        ("x.txt", "Scores of 3 images"),
    ],
)
def test_the_suffix_decides_and_a_file_has_no_terminal_codes(folders, tmp_path, name, start):
    assert call(*folders, "--out", tmp_path / name).exit_code == 0
    text = (tmp_path / name).read_text()
    assert text.startswith(start) and "\x1b" not in text


def test_the_table_ends_with_the_means(folders):
    lines = call(*folders, "--metrics", "sad").stdout.splitlines()
    assert lines[0] == "Scores of 3 images" and lines[2].split() == ["Image", "SAD"]
    values = {line.rsplit(maxsplit=1)[0]: line.split()[-1] for line in lines[4:8]}
    assert list(values) == ["p_1", "p_2", "p_3", "mean of 3"]
    exact = json.loads(call(*folders, "--metrics", "sad", "--format", "json").stdout)
    scores = [image["metrics"]["sad"] for image in exact["images"]]
    assert exact["mean"]["sad"] == pytest.approx(sum(scores) / 3)
    digits = len(values["p_1"].split(".")[1])
    assert list(values.values()) == [f"{v:.{digits}f}" for v in (*scores, exact["mean"]["sad"])]


def test_neither_pandas_nor_matplotlib_is_imported(folders):
    code = (
        "import sys; from p3mbench.cli import main\n"
        "main(['evaluate', *sys.argv[1:], '--jobs', '1'], standalone_mode=False)\n"
        "sys.exit(bool({'pandas', 'matplotlib', 'torch', 'scipy.stats'} & set(sys.modules)))"
    )
    done = [sys.executable, "-c", code, *map(str, folders)]
    assert subprocess.run(done, check=False, capture_output=True).returncode == 0


def test_metrics_are_known_by_the_names_of_tables(folders):
    trimaps = folders[1].parent / "trimap"
    result = call(*folders, "--trimaps", trimaps, "--metrics", "SAD, MSE-T", "--format", "csv")
    assert result.exit_code == 0, result.stderr
    assert (
        result.stdout.splitlines()[0] == "image,sad,mse_t,convention,flags,reason,benchmark,subset"
    )


def test_evaluate_scores_a_folder(p3m_folder, tmp_path):
    subset = p3m_folder / "validation" / "P3M-500-P"
    for format_ in ("table", "markdown", "csv", "json"):
        result = call(
            *(subset / "mask", subset / "mask", "--trimaps", subset / "trimap"),
            *("--format", format_),
        )
        assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert [image["image"] for image in found["images"]] == ["p_1", "p_2", "p_3"]
    assert found["mean"]["sad"] == 0
    assert found["mean"]["sad_t"] == 0

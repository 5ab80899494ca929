"""What is suspicious about files is named in the plan, and the rows carry it."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from odd_files import binary, read, write

from p3mbench.benchmark import get, open_benchmark
from p3mbench.cli import main
from p3mbench.data import survey as surveys
from p3mbench.harness.contenders import Request, select_methods
from p3mbench.harness.plan import make_plan
from p3mbench.harness.survey import examine
from p3mbench.store import Store


@pytest.fixture
def p_folder(p3m_folder) -> Path:
    shutil.rmtree(p3m_folder / "validation" / "P3M-500-NP")
    return p3m_folder / "validation" / "P3M-500-P"


def plan_of(root: Path, store: Store, variants=("B", "N")):
    methods, _ = select_methods("coarse", ())
    opened = open_benchmark(get("p3m500"), root)
    return make_plan(opened, Request(methods=methods, variants=variants), store)


def run(root: Path, out: Path, *args: str) -> Result:
    command = ["run", "--methods", "coarse", "--data", str(root), "--out", str(out), "--jobs", "1"]
    result = CliRunner().invoke(main, [*command, *args])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def rows(out: Path) -> list[tuple[str, str, str, str]]:
    found = sqlite3.connect(out / "store.sqlite")
    with found:
        names = "image, variant, status, flags"
        listed = found.execute(f"SELECT {names} FROM rows ORDER BY image, variant").fetchall()  # noqa: S608
    found.close()
    return listed


def test_tasks_carry_what_only_both_variants_tell(p_folder, tmp_path):
    (p_folder / "original_image").mkdir()
    for path in (p_folder / "blurred_image").iterdir():
        write((p_folder / "original_image" / path.name).with_suffix(".jpg"), read(path))
    with Store(tmp_path / "out", create=True) as store:
        plan, kinds = examine(plan_of(p_folder.parent, store), store)
    assert [(kind.flag, len(kind.names)) for kind in kinds] == [("same_variants", 3)]
    marked = [task.sample.remarks for task in plan.todo]
    assert len(marked) == 6
    assert all(remarks[0][1] == "same_variants" for remarks in marked)


def test_a_remark_reaches_the_rows_of_its_variant_only(p_folder, tmp_path):
    """B hides faces, mosaic-0.10 is a copy of N: B's rows are not flagged for it."""
    for name in ("original_image", "mosaic-0.10"):
        (p_folder / name).mkdir()
        for path in (p_folder / "blurred_image").iterdir():
            pixels = read(path)
            pixels[30:50:2, 22:42] //= 2
            write(p_folder / name / path.name, pixels)
    methods, _ = select_methods("coarse", ())
    variants = ("B", "mosaic-0.10", "N")
    opened = open_benchmark(get("p3m500").with_variants(variants), p_folder.parent)
    with Store(tmp_path / "out", create=True) as store:
        plan = make_plan(opened, Request(methods=methods, variants=variants), store)
        plan, kinds = examine(plan, store)
    assert [kind.flag for kind in kinds] == ["same_variants"]
    flagged = {task.cell.variant: bool(task.sample.remarks) for task in plan.todo}
    assert flagged == {"B": False, "mosaic-0.10": True, "N": True}


def test_a_second_look_reads_nothing_again(p_folder, tmp_path, monkeypatch):
    binary(p_folder / "mask" / "p_1.png")
    with Store(tmp_path / "out", create=True) as store:
        _, first = examine(plan_of(p_folder.parent, store), store)
        monkeypatch.setattr(surveys, "inspect", lambda *_: pytest.fail("looked again"))
        _, second = examine(plan_of(p_folder.parent, store), store)
        assert first == second
        assert [kind.flag for kind in first] == ["matte_0_1"]
        monkeypatch.undo()
        write(p_folder / "mask" / "p_1.png", read(p_folder / "mask" / "p_1.png") * 255)
        assert examine(plan_of(p_folder.parent, store), store)[1] == []


def test_a_trimap_that_is_not_used_is_not_looked_at(p_folder, tmp_path):
    for path in (p_folder / "trimap").iterdir():
        write(path, read(path) // 127)  # labels
    said = {}
    for source in ("dataset", "kernel-5"):
        out = tmp_path / source
        said[source] = run(p_folder.parent, out, "--dry-run", "--trimap", source).stdout
    assert "contains 0, 1, 2 and no 255" in said["dataset"]
    assert "wrong in the data" not in said["kernel-5"]


def test_samples_that_are_drawn_cost_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(surveys, "inspect", lambda *_: pytest.fail("looked"))
    methods, _ = select_methods("coarse", ())
    with Store(tmp_path / "out", create=True) as store:
        opened = open_benchmark(get("mini"), None)
        plan = make_plan(opened, Request(methods=methods, variants=("B",)), store)
        assert examine(plan, store) == (plan, [])


def test_the_plan_names_what_is_odd_before_anything_starts(p_folder, tmp_path):
    binary(p_folder / "mask" / "p_2.png")
    cv2.imwrite(str(p_folder / "mask" / "p_3.jpg"), read(p_folder / "mask" / "p_3.png"))
    dry = run(p_folder.parent, tmp_path / "out", "--dry-run")
    assert dry.exit_code == 0
    assert "is laid out as P3M-10k: benchmark p3m500" in dry.stdout
    line = next(line for line in dry.stdout.splitlines() if "stored as 0 and 1" in line)
    assert line.strip() == (
        "its greatest value is 1 of 255; a mask stored as 0 and 1? multiply it by 255: 1 "
        "(P3M-500-P/mask/p_2.png)"
    )
    assert "mask: 1 not read (mattes, trimaps and masks must be PNG files): p_3.jpg" in dry.stdout
    strict = run(p_folder.parent, tmp_path / "out", "--strict")
    assert strict.exit_code == 1
    assert "nothing was run because of --strict" in strict.stderr
    assert rows(tmp_path / "out") == []


@pytest.mark.slow
def test_rows_carry_the_flags_of_their_files(p_folder, tmp_path):
    binary(p_folder / "mask" / "p_2.png")
    shutil.copytree(p_folder / "blurred_image", p_folder / "original_image")
    write(p_folder / "original_image" / "p_3.png", np.zeros((96, 64, 3), np.uint8))
    result = run(p_folder.parent, tmp_path / "out")
    assert result.exit_code == 0, result.output
    flags = {(image, variant): set(f.split(",")) for image, variant, _, f in rows(tmp_path / "out")}
    assert {"same_variants"} == flags["p_1", "B"] & {"same_variants", "matte_0_1"}
    assert {"same_variants", "matte_0_1"} <= flags["p_2", "N"]
    assert "dark_picture" in flags["p_3", "N"] and "dark_picture" not in flags["p_3", "B"]
    again = run(p_folder.parent, tmp_path / "out")
    assert again.exit_code == 0 and "nothing left to do" in again.stdout


@pytest.mark.slow
def test_a_mask_that_hides_nothing_fails_its_image_alone(p3m_folder, portrait_arrays, tmp_path):
    folder = p3m_folder / "validation" / "P3M-500-NP"
    write(folder / "facemask" / "n_1.png", portrait_arrays["face"] * 0)
    write(folder / "facemask" / "n_2.png", portrait_arrays["face"])
    result = run(p3m_folder, tmp_path / "out", "--variants", "B")
    assert result.exit_code == 3
    assert "wrong in the data" in result.stdout
    states = {image: status for image, _, status, _ in rows(tmp_path / "out")}
    assert states == {"n_1": "failed", "n_2": "ok", "p_1": "ok", "p_2": "ok", "p_3": "ok"}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "is not laid out as P3M-10k"),
        (("--benchmark", "mini"), "draws its images and reads nothing from"),
    ],
)
def test_a_folder_is_never_left_out_in_silence(tmp_path, args, words):
    (tmp_path / "mine" / "mask").mkdir(parents=True)
    result = run(tmp_path / "mine", tmp_path / "out", *args)
    assert result.exit_code == 1 and words in result.stderr


def test_an_archive_as_data_is_named(p3m_folder, tmp_path):
    for kind in ("zip", "gztar"):
        archive = Path(shutil.make_archive(str(tmp_path / "data"), kind, p3m_folder))
        for args in ((), ("--benchmark", "p3m500")):
            result = run(archive, tmp_path / "out", *args)
            assert result.exit_code == 1
            assert f"{archive.name}: is an archive; unpack it first" in result.stderr

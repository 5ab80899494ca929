"""The runner: what it reports, what it leaves behind, and text that cannot be stored."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from runs import command, frame, run

from p3mbench.benchmark import get, open_benchmark
from p3mbench.harness import runner
from p3mbench.harness.contenders import Request, select_methods
from p3mbench.harness.plan import make_plan
from p3mbench.harness.runner import RunReport, moved, run_plan
from p3mbench.harness.worker import Setup
from p3mbench.store import Row, Store


def test_exit_codes() -> None:
    assert RunReport().exit_code == 0
    assert RunReport(missing=1).exit_code == 1
    assert RunReport(unloadable={"x": "y"}).exit_code == 3
    assert RunReport(missing=1, interrupted=True).exit_code == 130


@pytest.mark.slow
def test_a_row_that_is_not_there_at_the_end_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 0 says that everything wanted is stored, whatever made the rows go."""
    kept = Store.add

    def forgetful(self: Store, row: Row) -> None:
        if row.image != "mini_p_0001":
            kept(self, row)

    monkeypatch.setattr(Store, "add", forgetful)
    report = run(tmp_path, limit=2)
    assert (report.missing, report.exit_code) == (4, 1)


def test_folders_of_killed_runs_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host = platform.node()
    names = {
        f"p3mbench-run-{host}-{ended.pid}-abc": False,
        f"p3mbench-run-{host}-{os.getpid()}-abc": True,  # a run that goes on
        f"p3mbench-run-elsewhere-{ended.pid}-abc": True,
        f"p3mbench-run-{host}-x-abc": True,
        "p3mbench-other": True,
    }
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "drawing.npz").write_bytes(b"x")
    run(tmp_path / "out", limit=1)
    assert {name: (tmp_path / name).exists() for name in names} == names
    left = {path.name for path in tmp_path.iterdir()} - {"out", *names}
    assert not {name for name in left if name.startswith("p3mbench-")}


@pytest.mark.slow
def test_a_name_that_is_no_unicode_is_stored_escaped(tmp_path: Path) -> None:
    """And the run goes on."""
    for kind in ("images", "alphas"):
        (tmp_path / "data" / kind).mkdir(parents=True)
    for stem in (b"fine", b"caf\xe9"):
        for kind, shape in (("images", (40, 40, 3)), ("alphas", (40, 40))):
            _, png = cv2.imencode(".png", np.full(shape, 200, np.uint8))
            path = os.path.join(os.fsencode(tmp_path / "data" / kind), stem + b".png")  # noqa: PTH118
            Path(os.fsdecode(path)).write_bytes(png.tobytes())
    text = 'name = "odd"\nsource = "folder"\nvariants = ["N"]\n[[subsets]]\nname = "in"\n'
    text += 'alpha = "alphas"\noriginal = "images"\n'
    (tmp_path / "odd.toml").write_text(text)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "p3mbench", "run", "--methods", "coarse", "--trimap"),
            *("kernel-5", "--benchmark", str(tmp_path / "odd.toml")),
            *("--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert set(frame(tmp_path / "out")["image"]) == {"fine", "caf\\udce9"}


def test_what_moved_in_words() -> None:
    text = moved([(0.1, 0.5), (0.3, 0.25)])
    assert "0.2 in the mean and at most 0.3" in text
    assert "at most 0.5 (2 mattes compared)" in text


def test_threads_have_keys_of_their_own(tmp_path: Path) -> None:
    """Sums over several threads differ in the last bits."""
    methods, _ = select_methods("coarse", ())
    with Store(tmp_path, create=True) as store:
        opened = open_benchmark(get("mini"), None)
        for threads, todo in ((1, 2), (1, 0), (2, 2)):
            request = Request(methods, ("B",), limit=1, threads=threads)
            plan = make_plan(opened, request, store)
            assert len(list(plan.todo)) == todo
            run_plan(plan, store, Setup("cpu", "r", None, (), threads), 1)


def test_networks_have_a_gpu_to_themselves_unless_told_otherwise(tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "gpus", lambda: 1)
    monkeypatch.setattr(runner, "usable_cores", lambda: 8)
    monkeypatch.setattr(runner, "memory_gib", lambda: 64.0)
    with Store(tmp_path, create=True) as store:
        for names, device, jobs in (
            ("modnet", "auto", 1), ("modnet", "cpu", 8), ("coarse", "auto", 8),
        ):  # fmt: skip
            methods, _ = select_methods(names, ())
            request = Request(methods, ("B",), limit=1)
            plan = make_plan(open_benchmark(get("mini"), None), request, store)
            assert runner.default_jobs(plan, device) == jobs


@pytest.mark.slow
def test_a_method_named_that_cannot_run_is_an_exit_code(tmp_path: Path) -> None:
    """The others run; a batch job learns that not all is stored."""
    (tmp_path / "odd.py").write_text(ODD)
    args = [*command(tmp_path / "out"), "--plugin", str(tmp_path / "odd.py")]
    args[args.index("naughty,coarse")] = "odd,coarse"
    del args[args.index("--set") : args.index("--set") + 2]
    for words in ("12 images on", "nothing left to do"):
        done = subprocess.run(args, capture_output=True, text=True)
        assert done.returncode == 3 and words in done.stdout, done.stdout + done.stderr
        assert "its field odd is of the type list" in " ".join(done.stdout.split())


ODD = """
from dataclasses import dataclass, field
from typing import ClassVar
from p3mbench.method import Kind, MethodInfo

@dataclass(frozen=True)
class Odd:
    odd: list = field(default_factory=list)
    info: ClassVar[MethodInfo] = MethodInfo(
        name="odd", title="Odd", kind=Kind.TRIMAP_FREE, year=2026, citation="nobody")

    def load(self, device, weights):
        return self
"""

"""A method costs its own images only, whatever it does."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
from dataclasses import replace
from functools import partial
from multiprocessing import Pipe
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from runs import (
    ONE_BAD,
    PATIENCE,
    children,
    command,
    frame,
    run,
    slowed,
    stored,
    waited_for,
    waited_for_rows,
)

from p3mbench.data.sample import SCENES
from p3mbench.harness import family, isolate
from p3mbench.harness.child import Child
from p3mbench.harness.isolate import GIB, Isolated, Limits, Trouble
from p3mbench.harness.worker import Setup
from p3mbench.store import Store

LATE = "no result after {:g} s (--timeout)"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good")
    assert run(folder).exit_code == 0
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "limits", "status", "words", "log"),
    [
        (
            "hang",
            Limits(timeout=2),
            "timeout",
            "no result after {:g} s (--timeout)",
            "about to hang",
        ),
        ("segfault", Limits(), "failed", "died of SIGSEGV", "Segmentation fault"),
        ("eat", Limits(memory=GIB // 2), "oom", "more than 0.50 GiB (--memory-limit)", ""),
        ("memory-error", Limits(), "oom", "MemoryError", ""),
        ("exit", Limits(), "failed", "exited with code 0", ""),
    ],
)
def test_only_its_own_images_pay(
    tmp_path: Path, good: Path, how: str, limits: Limits, status: str, words: str, log: str
) -> None:
    limits = replace(limits, timeout=slowed(limits.timeout))
    words = words.format(limits.timeout)
    report = run(tmp_path, limits, how=how)
    mine = frame(tmp_path, "naughty")
    bad = mine[mine["status"] != "ok"]
    assert report.exit_code == 3 and 0 < len(bad) < 12 == len(mine)
    assert set(bad["status"]) == {status}
    assert all(words in reason for reason in bad["reason"])
    assert all(log in text for text in bad["log"])
    fine = mine[mine["status"] == "ok"].drop(columns="options")
    expected = frame(good, "naughty").drop(columns="options")
    both = ["image", "variant"]
    merged = fine.merge(expected, on=both, suffixes=("", "_good"))
    assert len(merged) == len(fine) and (merged["sad"] == merged["sad_good"]).all()
    others = [frame(folder, "coarse") for folder in (tmp_path, good)]
    pd.testing.assert_frame_equal(*others, check_dtype=False)  # heights may be missing beside them
    assert run(tmp_path, limits, how=how).failures == []  # they are settled
    again = run(tmp_path, limits, how="good", retry_failed=True)
    assert again.exit_code == 0


@pytest.mark.slow
def test_a_leak_costs_a_process_and_no_image(tmp_path: Path) -> None:
    """64 MiB per image under a limit of 0.5 GiB: the process is replaced, the image done again."""
    report = run(tmp_path, Limits(memory=GIB // 2), how="leak", limit=8, jobs=1)
    assert (report.exit_code, report.failures) == (0, [])


@pytest.mark.slow
def test_a_method_that_dies_in_loading_is_skipped(tmp_path: Path) -> None:
    report = run(tmp_path, how="load-dies")
    assert "while it was loaded: its process died of SIGABRT" in next(
        iter(report.unloadable.values())
    )
    found = frame(tmp_path, "naughty")
    assert set(found["status"]) == {"skipped"} and len(found) == 12
    assert len(frame(tmp_path, "coarse")) == 12


@pytest.mark.slow(8)
def test_workers_and_schedulers_do_not_change_scores(tmp_path: Path, good: Path) -> None:
    for jobs, scheduler in ((1, "local"), (4, "local"), (2, "dask")):  # one of Dask: below
        folder = tmp_path / f"{scheduler}{jobs}"
        assert run(folder, jobs=jobs, scheduler=scheduler).exit_code == 0
        pd.testing.assert_frame_equal(frame(folder), frame(good))


@pytest.mark.slow
def test_dask_workers_are_watched_too(tmp_path: Path, good: Path) -> None:
    limits = Limits(slowed(2))
    run(tmp_path, limits, how="hang", scheduler="dask", images=ONE_BAD, jobs=1)
    mine = frame(tmp_path, "naughty")
    assert set(mine["status"]) == {"ok", "timeout"} and len(mine) == 4
    fine = mine[mine["status"] == "ok"].merge(
        frame(good, "naughty"), on=["image", "variant"], suffixes=("", "_good")
    )
    assert len(fine) and (fine["sad"] == fine["sad_good"]).all()


@pytest.mark.slow
def test_shards_make_the_whole_and_merging_again_changes_nothing(
    tmp_path: Path, good: Path
) -> None:
    for i in (1, 2):
        run(tmp_path / str(i), shard=(i, 2))
    with Store(tmp_path / "whole", create=True) as whole:
        for i in (1, 2, 1):
            with Store(tmp_path / str(i)) as shard:
                whole.merge(shard)
    pd.testing.assert_frame_equal(frame(tmp_path / "whole"), frame(good))


# --- the coordinator itself -------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a command that nobody disturbs makes."""
    folder = tmp_path_factory.mktemp("whole")
    subprocess.run(command(folder), check=True, capture_output=True)
    return folder


@pytest.mark.slow(8)
@pytest.mark.parametrize("victim", ["coordinator", "worker", "all"])
def test_killed_at_random_moments_nothing_is_lost(tmp_path: Path, whole: Path, victim: str) -> None:
    """Rows that were there before a kill are there after it, and the end is the same.

    A run that loses a worker only is done at its end, so that there is one of these. The first
    kill comes while a server of processes starts, each other one some rows later.
    """
    rng = np.random.default_rng(["coordinator", "worker", "all"].index(victim))
    out, before = tmp_path / "killed", 0
    for kill in range(1 if victim == "worker" else 4):
        process = subprocess.Popen(
            command(out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        assert waited_for(partial(children, process.pid))
        more = 1 + int(rng.integers(4)) if kill or victim == "worker" else 0
        assert waited_for_rows(out, min(24, before + more))
        time.sleep(float(rng.uniform(0, 0.2)))
        below = children(process.pid)
        victims = {"coordinator": [], "worker": below[-1:], "all": below}[victim]
        for pid in victims:
            try_kill(pid)
        if victim != "worker":
            process.kill()
        process.wait(PATIENCE)
        now = stored(out)
        assert now >= before
        before = now
    subprocess.run(command(out), check=True, capture_output=True)
    left, right = (frame(folder).reset_index(drop=True) for folder in (out, whole))
    pd.testing.assert_frame_equal(left, right)


def try_kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.slow(5)
def test_two_runs_on_one_store_do_every_image_once(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(command(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for process in processes:
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, errors
    found = frame(tmp_path)
    assert len(found) == 24 and set(found["status"]) == {"ok"}
    db = sqlite3.connect(tmp_path / "store.sqlite")
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.slow(6)
def test_a_full_disk_ends_the_run_in_one_line_and_keeps_the_rows(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: writing fails with the system's error."""
    subprocess.run(command(tmp_path, "--images", "mini_p_0000"), check=True, capture_output=True)
    before = stored(tmp_path)
    size = (tmp_path / "store.sqlite").stat().st_size + 512

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    done = subprocess.run(command(tmp_path), capture_output=True, text=True, preexec_fn=limit)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "cannot be stored" in done.stderr or "cannot be" in done.stderr
    assert stored(tmp_path) >= before
    subprocess.run(command(tmp_path), check=True, capture_output=True)
    assert len(frame(tmp_path)) == 24


@pytest.mark.slow
def test_workers_leave_when_the_coordinator_is_gone(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    assert waited_for_rows(tmp_path, 1)
    below = children(process.pid)
    assert below
    process.kill()
    process.wait()
    assert waited_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below), 100)


@pytest.mark.slow
def test_threads_end_with_the_run(tmp_path: Path) -> None:
    before = threading.active_count()
    run(tmp_path, limit=1)
    assert threading.active_count() == before


def test_a_log_lies_in_no_folder_of_the_users(tmp_path, monkeypatch):
    """A worker of Dask has no folder of the run's; what it is killed at must not stay here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(SCENES, raising=False)
    isolated = Isolated(Setup("cpu", "r", None, (), 1), Limits())
    child = isolated._child = isolated._start()
    try:
        assert child.log.parent == Path(tempfile.gettempdir()) and not list(tmp_path.iterdir())
    finally:
        isolated.close()


@pytest.mark.slow
def test_a_method_that_writes_into_other_descriptors_ends_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(family, "REST", 1)
    report = run(tmp_path, how="garbage")
    mine = frame(tmp_path, "naughty")
    bad = mine[mine["status"] != "ok"]
    assert report.exit_code == 3 and len(mine) == 12 and 0 < len(bad) < 12
    assert set(bad["reason"]) == {"it wrote into descriptors that are not its own"}
    assert (frame(tmp_path, "coarse")["status"] == "ok").all()


@pytest.mark.parametrize("code", [-signal.SIGKILL, -signal.SIGTERM, -signal.SIGBUS, 1, 0, 255])
def test_an_end_before_a_method_runs_is_not_the_methods(tmp_path, code):
    def status(server):
        isolated = Isolated(Setup("cpu", "r", None, (), 1), Limits())
        process = SimpleNamespace(join=lambda _: None, exitcode=code)
        child = Child(process, None, tmp_path / "log", os.getpid(), server=server)
        return isolated._death(child).status

    running = os.getpid()  # a server that is there: the end is the method's own
    assert (status(0), status(running) == "lost") == ("lost", False)


def test_the_start_of_a_process_is_not_the_methods_time(tmp_path, monkeypatch):
    """On a busy machine a start may take longer than --timeout, which is of the method's work."""
    isolated = Isolated(Setup("cpu", "r", None, (), 1), Limits(timeout=1, memory=1 << 60))
    (ours, theirs), (running, _) = Pipe(), (ended := Pipe())
    process = SimpleNamespace(sentinel=running, is_alive=lambda: True)
    child = isolated._child = Child(process, ours, tmp_path / "log", os.getpid())

    def after(seconds: float) -> object:
        child.heard = child.looked = time.monotonic()
        child.heard -= seconds
        return isolated._listen({}, lambda *_: None)

    assert after(10) is None
    late = after(isolate.BIRTH + 1)
    assert isinstance(late, Trouble) and late.status == "lost"  # another process is tried
    theirs.send(("born", 1))
    assert after(10) is None  # the message itself
    late = after(10)
    assert isinstance(late, Trouble) and late.status == "timeout"
    for pipe in (ours, theirs, *ended):
        pipe.close()

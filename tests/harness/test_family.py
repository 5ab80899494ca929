"""What belongs to a method's process ends with it, counts with it, and keeps nobody waiting."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from runs import children, command, frame, run, stored

from p3mbench.harness import family
from p3mbench.harness.isolate import GIB, Limits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there are guards on Linux only")


def marked(mark: str) -> list[int]:
    """The processes with a text in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if mark.encode() in path.read_bytes() and path.parent.name != str(os.getpid()):
                found.append(int(path.parent.name))
    return found


def gone(mark: str, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while marked(mark) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not marked(mark)


@pytest.mark.parametrize(
    "how",
    [
        "children",
        pytest.param("children-and-hang", marks=pytest.mark.slow),
        pytest.param("children-and-die", marks=pytest.mark.slow),
    ],
)
def test_children_end_with_the_run(tmp_path: Path, how: str) -> None:
    """However the method ends: in peace, by a timeout, by a fault."""
    mark = f"kept-{tmp_path.name}"
    report = run(tmp_path, Limits(timeout=2), how=how, mark=mark, jobs=1, limit=2)
    assert gone(mark)
    assert report.exit_code == (0 if how == "children" else 3)


@pytest.mark.slow
def test_nobody_waits_for_children(tmp_path: Path) -> None:
    """``run | tee`` ends with the run, though a daemon of the method would live for 300 s."""
    mark = f"kept-{tmp_path.name}"
    args = command(tmp_path, "--set", "naughty.how=children", "--set", f"naughty.mark={mark}")
    line = " ".join(map(str, args)) + " 2>&1 | cat > /dev/null"
    subprocess.run(["/bin/sh", "-c", line], timeout=100, check=True)
    assert gone(mark) and stored(tmp_path) == 24


@pytest.mark.slow
def test_children_end_with_a_killed_coordinator(tmp_path: Path) -> None:
    mark = f"kept-{tmp_path.name}"
    how = "naughty.how=children-and-hang"
    args = command(tmp_path, "--set", how, "--set", f"naughty.mark={mark}")
    process = subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(marked(mark)) < 4 and time.monotonic() < deadline:  # the run itself is one
        time.sleep(0.1)
    assert len(marked(mark)) >= 4
    process.kill()
    process.wait()
    assert gone(mark)


@pytest.mark.slow
def test_memory_of_children_counts(tmp_path: Path) -> None:
    report = run(tmp_path, Limits(memory=GIB // 2), how="child-eats", jobs=1, limit=2)
    mine = frame(tmp_path, "naughty")
    assert report.exit_code == 3 and set(mine["status"]) == {"ok", "oom"}
    assert mine["reason"].str.contains("more than 0.50 GiB").any()


def test_shared_pages_count_once() -> None:
    held = bytearray(os.urandom(1 << 20) * 64)
    child = os.fork()
    if not child:
        time.sleep(60)
        os._exit(0)
    pids = [os.getpid(), child]
    try:
        plain = family.used(pids, 1 << 60)
        shared = family.used(pids, 1)
        assert plain - shared > len(held) * 0.9
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


# --- the server of processes --------------------------------------------------------------------


def servers(pid: int) -> list[int]:
    """The fork servers below a run."""
    return [
        child
        for child in children(pid)
        if b"forkserver" in Path(f"/proc/{child}/cmdline").read_bytes()
        and os.getsid(child) != child
    ]


@pytest.mark.slow
@pytest.mark.parametrize("scheduler", ["local", "dask"])
def test_the_server_of_processes_may_be_killed(tmp_path: Path, scheduler: str) -> None:
    """The run goes on and is whole, whatever it was doing when its server died."""
    args = command(tmp_path, "--scheduler", scheduler)
    process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    killed, deadline = 0, time.monotonic() + 60
    while killed < 4 and process.poll() is None and time.monotonic() < deadline:
        for pid in servers(process.pid)[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
        time.sleep(0.7)
    text, _ = process.communicate(timeout=100)
    assert process.returncode == 0, text
    assert killed >= 2 and set(frame(tmp_path)["status"]) == {"ok"} and stored(tmp_path) == 24


@pytest.mark.slow
def test_a_method_that_exits_as_if_its_server_was_gone_pays(tmp_path: Path) -> None:
    report = run(tmp_path, how="exit-255", jobs=1, limit=2)
    mine = frame(tmp_path, "naughty")
    bad = mine[mine["status"] != "ok"]
    assert report.exit_code == 3 and len(bad)
    assert set(bad["reason"]) == {"its process exited with code 255"}


# --- Ctrl-Z ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGTSTP, signal.SIGSTOP])
@pytest.mark.parametrize("whom", ["group", "run"])
def test_suspended_time_is_nobodys(tmp_path: Path, stop: signal.Signals, whom: str) -> None:
    """Suspended for longer than --timeout: no image pays, and Ctrl-Z frees the machine."""
    args = command(tmp_path, "--timeout", "3", "--set", "naughty.pause=0.6")
    process = subprocess.Popen(
        args, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    # an orphaned group, as in a new session, is not stopped by default; a shell's jobs are
    deadline = time.monotonic() + 60
    while stored(tmp_path) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    send = os.killpg if whom == "group" else os.kill
    send(process.pid, stop)
    time.sleep(1)
    states = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
              for pid in [process.pid, *children(process.pid)]]  # fmt: skip
    assert states[0] == "T" and (stop != signal.SIGTSTP or set(states) == {"T"})
    time.sleep(3)  # 4 s in all
    send(process.pid, signal.SIGCONT)
    text, _ = process.communicate(timeout=100)
    assert process.returncode == 0, text
    assert set(frame(tmp_path)["status"]) == {"ok"} and stored(tmp_path) == 24

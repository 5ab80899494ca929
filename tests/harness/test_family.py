"""What belongs to a method's process ends with it, counts with it, and keeps nobody waiting."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest
from runs import ONE_BAD, PATIENCE, children, command, frame, run, slowed, stored, waited_for

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


def gone(mark: str) -> bool:
    return waited_for(lambda: not marked(mark), 100)


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
    report = run(tmp_path, Limits(slowed(2)), how=how, mark=mark, jobs=1, images=ONE_BAD)
    assert gone(mark)
    assert report.exit_code == (0 if how == "children" else 3)


@pytest.mark.slow
def test_nobody_waits_for_children(tmp_path: Path) -> None:
    """``run | tee`` ends with the run, though a daemon of the method would live for 300 s."""
    mark = f"kept-{tmp_path.name}"
    args = command(tmp_path, "--set", "naughty.how=children", "--set", f"naughty.mark={mark}")
    line = " ".join(map(str, args)) + " 2>&1 | cat > /dev/null"
    subprocess.run(["/bin/sh", "-c", line], timeout=PATIENCE, check=True)
    assert gone(mark) and stored(tmp_path) == 24


@pytest.mark.slow
def test_children_end_with_a_killed_coordinator(tmp_path: Path) -> None:
    mark = f"kept-{tmp_path.name}"
    how = "naughty.how=children-and-hang"
    args = command(tmp_path, "--set", how, "--set", f"naughty.mark={mark}")
    process = subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert waited_for(lambda: len(marked(mark)) >= 4)  # the run itself is one
    process.kill()
    process.wait()
    assert gone(mark)


@pytest.mark.slow
def test_memory_of_children_counts(tmp_path: Path) -> None:
    report = run(tmp_path, Limits(memory=GIB // 2), how="child-eats", jobs=1, images=ONE_BAD)
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
    """The fork servers below a run; what they fork has the same command line."""
    found = []
    for child in children(pid):
        with contextlib.suppress(OSError):  # it may have ended
            parent = int(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1])
            if forks(child) and not forks(parent):
                found.append(child)
    return found


def forks(pid: int) -> bool:
    """Whether a process is a fork server, or was forked by one."""
    return b"forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.mark.slow(5)
@pytest.mark.parametrize("scheduler", ["local", "dask"])
def test_the_server_of_processes_may_be_killed(tmp_path: Path, scheduler: str) -> None:
    """The run goes on and is whole, whatever it was doing when its server died."""
    args = command(tmp_path, "--scheduler", scheduler)
    process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    killed: set[int] = set()
    while len(killed) < 4 and process.poll() is None:
        for pid in set(servers(process.pid)) - killed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
                break
        time.sleep(0.5)
    text, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, text
    assert len(killed) >= 2 and set(frame(tmp_path)["status"]) == {"ok"} and stored(tmp_path) == 24


@pytest.mark.slow
def test_a_method_that_exits_as_if_its_server_was_gone_pays(tmp_path: Path) -> None:
    report = run(tmp_path, how="exit-255", jobs=1, images=ONE_BAD)
    mine = frame(tmp_path, "naughty")
    bad = mine[mine["status"] != "ok"]
    assert report.exit_code == 3 and len(bad)
    assert set(bad["reason"]) == {"its process exited with code 255"}


# --- Ctrl-Z ---------------------------------------------------------------------------------------


def states(pid: int) -> list[str]:
    """How a process and all below it are: "T" is stopped."""
    found = []
    for one in (pid, *children(pid)):
        with contextlib.suppress(OSError):
            stat = Path(f"/proc/{one}/stat").read_text()
            found.append(stat.rpartition(")")[2].split()[0])
    return found


class Suspended(NamedTuple):
    """A run that was suspended: its store, its rows at that time, who stopped, and its end."""

    out: Path
    rows: int
    stopped: bool
    code: int
    text: str


SIGNALS = (signal.SIGTSTP, signal.SIGSTOP)
RECEIVERS = ("group", "run")


@pytest.fixture(scope="module")
def suspended(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[int, str], Suspended]:
    """Runs that were suspended for longer than --timeout, all during the same seconds."""
    folder, timeout = tmp_path_factory.mktemp("suspended"), slowed(3)
    running = {key: started(folder, timeout, *key) for key in product(SIGNALS, RECEIVERS)}
    going, rows = dict(running), {}
    while going:
        for key, (out, process) in list(going.items()):
            rows[key] = stored(out)
            if rows[key] >= 3 or process.poll() is not None:
                send(process, *key)
                del going[key]
        time.sleep(0.02)
    stopped = {key: stops(process.pid, key[0]) for key, (_, process) in running.items()}
    time.sleep(timeout + 1)
    for (_, whom), (_, process) in running.items():
        send(process, signal.SIGCONT, whom)
    ends = {}
    for key, (out, process) in running.items():
        text, _ = process.communicate(timeout=PATIENCE)
        ends[key] = Suspended(out, rows[key], stopped[key], process.returncode, text)
    return ends


def started(
    folder: Path, timeout: float, stop: int, whom: str
) -> tuple[Path, subprocess.Popen[str]]:
    out = folder / f"{stop}-{whom}"
    args = command(out, "--timeout", str(timeout), "--set", "naughty.pause=0.3")
    # an orphaned group, as in a new session, is not stopped by default; a shell's jobs are
    return out, subprocess.Popen(
        args, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def send(process: subprocess.Popen[str], what: int, whom: str) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended; its test says so
        (os.killpg if whom == "group" else os.kill)(process.pid, what)


def stops(pid: int, stop: int) -> bool:
    """Wait until a run stops, and after Ctrl-Z all that it has started."""
    if stop == signal.SIGTSTP:
        return waited_for(lambda: set(states(pid)) == {"T"}, 60)
    return waited_for(lambda: states(pid)[:1] == ["T"], 60)


@pytest.mark.slow(4)
@pytest.mark.parametrize("stop", SIGNALS)
@pytest.mark.parametrize("whom", RECEIVERS)
def test_suspended_time_is_nobodys(
    suspended: dict[tuple[int, str], Suspended], stop: signal.Signals, whom: str
) -> None:
    """Suspended for longer than --timeout: no image pays, and Ctrl-Z frees the machine."""
    mine = suspended[stop, whom]
    assert 3 <= mine.rows < 24 and mine.stopped
    assert mine.code == 0, mine.text
    assert set(frame(mine.out)["status"]) == {"ok"} and stored(mine.out) == 24

"""Kill or suspend the processes of a run at random moments and check that nothing is lost.

Run it from a checkout: python benchmarks/robustness/faults.py [--kills 100] [--out F]. Each store
is filled by runs that meet a fault at random moments (the coordinator, the process server, a
method's process, all of them at once, a Dask scheduler, a Dask worker, or Ctrl-Z for longer than
--timeout); then it is finished without faults and compared with an uninterrupted one.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
KILLS = 4  # faults per store that end a run; one per store of faults that a run survives
TIMEOUT = 5.0  # of a run, in seconds
SUSPENDED = 7.0  # seconds of a Ctrl-Z
LONGEST = 300.0  # seconds that a run may take
SLOW = """
import time
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from p3mbench.method import Kind, MethodInfo

@dataclass(frozen=True)
class Slow:
    info: ClassVar[MethodInfo] = MethodInfo(
        name="slow", title="Slow", kind=Kind.TRIMAP_FREE, year=2026, citation="nobody")

    def load(self, device, weights):
        return self

    def predict(self, image, trimap=None):
        time.sleep(0.2)
        return (image[..., 0] / 255).astype(np.float32)
"""

Process = subprocess.Popen[bytes]


@dataclass
class Tally:
    """The results of one kind of fault."""

    kills: int = 0
    lost: int = 0  # rows that were committed before a fault and missing after it
    overwritten: int = 0  # rows that had another score, or none, afterwards
    blamed: int = 0  # rows that say that a method failed; no method failed
    wrong: int = 0  # exit codes that do not match what happened
    torn: int = 0  # stores that fail SQLite's integrity check
    stores: int = 0
    equal: int = 0
    codes: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True)
class Fault:
    """One kind of fault.

    Attributes:
        strike: applies the fault to a run and its cluster; returns whether it could.
        codes: correct exit codes afterwards; 0 is correct only if every row is stored.
        cluster: whether the run has its own Dask cluster.
    """

    strike: Callable[[Run, np.random.Generator], bool]
    codes: tuple[int, ...]
    cluster: bool = False


@dataclass
class Run:
    """A run with the processes around it."""

    process: subprocess.Popen[bytes]
    scheduler: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)


def command(folder: Path, plugin: Path, address: str = "") -> list[str]:
    """Two methods, 24 images each."""
    return [
        *(sys.executable, "-m", "p3mbench", "run", "--methods", "slow,coarse", "--limit", "6"),
        *("--plugin", str(plugin), "--jobs", "2", "--save-alphas", "--out", str(folder)),
        *("--timeout", f"{TIMEOUT:g}"),
        *(("--scheduler", address) if address else ()),
    ]


def rows(folder: Path) -> dict[str, tuple[str, str]]:
    """Key -> status and metrics of every committed row."""
    try:
        db = sqlite3.connect(folder / "store.sqlite", timeout=30)
        found = {key: (status, m) for key, status, m in db.execute(
            "SELECT key, status, metrics FROM rows")}  # fmt: skip
        db.close()
    except sqlite3.Error:
        return {}
    return found


def below(pid: int) -> list[int]:
    """Return the descendants of a process."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                child = int(path.parent.name)
                found += [child, *below(child)]
    return found


def servers(pid: int) -> list[int]:
    """Return the process servers of a run; a guard has the same name but leads a session."""
    found = []
    for child in below(pid):
        with suppress(OSError):
            line = Path(f"/proc/{child}/cmdline").read_bytes()
            if b"forkserver" in line and os.getsid(child) != child:
                found.append(child)
    return found


def end(pids: list[int]) -> bool:
    """Send SIGKILL."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(pids)


def coordinator(run: Run, rng: np.random.Generator) -> bool:
    """The process that the user started."""
    return end([run.process.pid])


def server(run: Run, rng: np.random.Generator) -> bool:
    """The server that starts the methods' processes."""
    pids = servers(run.process.pid)
    return end([pid for pid in pids if os.getppid() != pid][:1])


def method(run: Run, rng: np.random.Generator) -> bool:
    """One process below the server: a method or its guard."""
    pids = [pid for parent in servers(run.process.pid) for pid in below(parent)]
    return end([int(rng.choice(pids))] if pids else [])


def tree(run: Run, rng: np.random.Generator) -> bool:
    """The coordinator and everything below it."""
    return end([run.process.pid, *below(run.process.pid)])


def scheduler(run: Run, rng: np.random.Generator) -> bool:
    """The Dask scheduler."""
    assert run.scheduler is not None  # noqa: S101
    return end([run.scheduler.pid])


def dask_worker(run: Run, rng: np.random.Generator) -> bool:
    """One Dask worker with everything below it; the other worker continues."""
    victim = run.workers[int(rng.integers(len(run.workers)))]
    return victim.poll() is None and end([victim.pid, *below(victim.pid)])


def suspend(run: Run, rng: np.random.Generator) -> bool:
    """Ctrl-Z, and fg after the timeout."""
    os.killpg(run.process.pid, signal.SIGTSTP)
    time.sleep(SUSPENDED)
    os.killpg(run.process.pid, signal.SIGCONT)
    return True


FAULTS = {
    "coordinator": Fault(coordinator, (-signal.SIGKILL,)),
    "process server": Fault(server, (0,)),
    "a method's process": Fault(method, (0, 3)),
    "whole tree": Fault(tree, (-signal.SIGKILL,)),
    "Dask scheduler": Fault(scheduler, (1,), cluster=True),
    "Dask worker": Fault(dask_worker, (0,), cluster=True),
    "Ctrl-Z, fg": Fault(suspend, (0,)),
}


@contextmanager
def cluster(base: Path) -> Iterator[tuple[str, Process, list[Process]]]:
    """A Dask scheduler and two workers, each in its own process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    python = (sys.executable, "-m")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    environ = os.environ | {"DASK_DISTRIBUTED__WORKER__DAEMON": "False"}
    head = subprocess.Popen(  # type: ignore[call-overload]
        [*python, "distributed.cli.dask_scheduler", "--no-dashboard",
         "--host", "127.0.0.1", "--port", address.rpartition(":")[2]], **quiet)  # fmt: skip
    workers = [
        subprocess.Popen(  # type: ignore[call-overload]
            [
                *python,
                "distributed.cli.dask_worker",
                address,
                "--nthreads",
                "1",
                "--no-dashboard",
                "--no-nanny",
                "--local-directory",
                str(base),
            ],
            env=environ,
            **quiet,
        )  # fmt: skip
        for _ in range(2)
    ]
    try:
        yield address, head, workers
    finally:
        end([pid for p in (head, *workers) for pid in (*below(p.pid), p.pid)])
        for process in (head, *workers):
            process.wait()


def torture(folder: Path, plugin: Path, fault: Fault, rng: np.random.Generator, t: Tally) -> None:
    """Fill one store by runs with faults, then finish it."""
    for _ in range(1 if 0 in fault.codes else KILLS):
        with ExitStack() as stack:
            address = ""
            head: Process | None = None
            workers: list[Process] = []
            if fault.cluster:
                address, head, workers = stack.enter_context(cluster(folder.parent))
            process = subprocess.Popen(
                command(folder, plugin, address),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            wait_for_moment(process, folder, fault, rng)
            before = rows(folder)
            struck = process.poll() is None and fault.strike(Run(process, head, workers), rng)
            count(folder, before, process, fault, struck, t)
    subprocess.run([*command(folder, plugin), "--retry", "failed"], check=True, capture_output=True)


def wait_for_moment(process: Process, folder: Path, fault: Fault, rng: np.random.Generator) -> None:
    """Wait until a random moment: during the start of every second run, else among its rows."""
    begun, have = time.monotonic(), len(rows(folder))
    starting = rng.random() < 0.5 and 0 not in fault.codes and not fault.cluster
    while not starting and len(rows(folder)) == have and process.poll() is None:
        if time.monotonic() - begun > LONGEST:
            break
        time.sleep(0.05)
    time.sleep(float(rng.uniform(0.5, 4.0 if starting else 1.5)))


def count(
    folder: Path,
    before: dict[str, tuple[str, str]],
    process: subprocess.Popen[bytes],
    fault: Fault,
    struck: bool,
    t: Tally,
) -> None:
    """Count what a fault did to a store, and whether the exit code matches."""
    try:
        code = process.wait(LONGEST)
    except subprocess.TimeoutExpired:
        end([process.pid, *below(process.pid)])
        code = process.wait() and 255  # it hung
    after = rows(folder)
    good = {key: row for key, row in before.items() if row[0] == "ok"}
    t.kills += struck
    t.lost += sum(key not in after for key in before)
    t.overwritten += sum(after.get(key, row) != row for key, row in good.items())
    t.blamed += sum(status != "ok" for status, _ in after.values())
    if struck:
        t.codes[code] += 1
        whole = len(after) == SIZE and all(status == "ok" for status, _ in after.values())
        t.wrong += code not in (*fault.codes, 0) or (code == 0 and not whole)
    elif code != 0:
        t.wrong += 1


SIZE = 48  # rows of a whole store


def whole(folder: Path) -> bool:
    """SQLite's own check."""
    db = sqlite3.connect(folder / "store.sqlite")
    found: bool = db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return found


def mattes(folder: Path) -> dict[str, bytes]:
    """Hash every kept matte; a partial one would differ."""
    files = (folder / "alphas").rglob("*.png")
    return {str(f.relative_to(folder)): f.read_bytes() for f in files if f.is_file()}


def main() -> None:
    """Apply the faults, count, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="Of all kinds together, at least.")
    parser.add_argument("--only", default="", help="Kinds of fault, joined by commas.")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "faults.md")
    args = parser.parse_args()
    chosen = [name for name in FAULTS if not args.only or name in args.only.split(",")]
    tallies = {name: Tally() for name in chosen}
    base = Path(tempfile.mkdtemp())
    try:
        plugin = base / "slow.py"
        plugin.write_text(SLOW, encoding="utf-8")
        subprocess.run(command(base / "calm", plugin), check=True, capture_output=True)
        calm, kept = rows(base / "calm"), mattes(base / "calm")
        i = 0
        while sum(t.kills for t in tallies.values()) < args.kills:
            for j, (name, tally) in enumerate(tallies.items()):
                folder = base / f"{j}-{i}"
                torture(folder, plugin, FAULTS[name], np.random.default_rng([i, j]), tally)
                tally.stores += 1
                tally.torn += not whole(folder)
                tally.equal += rows(folder) == calm and mattes(folder) == kept
                args.out.parent.mkdir(parents=True, exist_ok=True)
                args.out.write_text(report(tallies, len(calm)), encoding="utf-8")
                shutil.rmtree(folder)
            i += 1
    finally:
        shutil.rmtree(base)
    print(args.out.read_text(encoding="utf-8"))


def report(tallies: dict[str, Tally], size: int) -> str:
    """The table."""
    lines = [
        "# Faults",
        "",
        f"Made by `benchmarks/robustness/faults.py` on {date.today()} ({platform.system()}, Python "
        f"{platform.python_version()}): runs on stores of {size} rows that met a fault at random "
        f"moments, {KILLS} times per store (once where a run survives it), then finished and "
        "compared with an uninterrupted run (keys, metrics and statuses of all rows, bytes of all "
        "mattes). Everything is "
        f"killed with SIGKILL; Ctrl-Z lasts {SUSPENDED:g} s under --timeout {TIMEOUT:g}.",
        "",
        "*Blamed* are rows that report a failed method after a fault; no method failed. *Wrong "
        "codes* are exit codes that do not match what happened, such as 0 with missing rows.",
        "",
        "| fault | faults in a running run | rows lost | ok rows overwritten | blamed | exit codes "
        "| wrong codes | stores torn | stores equal |",
        "| --- | --: | --: | --: | --: | --- | --: | --: | --: |",
    ]
    for name, t in tallies.items():
        codes = ", ".join(f"{n} x {code}" for code, n in sorted(t.codes.items()))
        lines.append(
            f"| {name} | {t.kills} | {t.lost} | {t.overwritten} | {t.blamed} | {codes} "
            f"| {t.wrong} | {t.torn} | {t.equal} of {t.stores} |"
        )
    total = sum(t.kills for t in tallies.values())
    lines.append("")
    lines.append(f"{total} faults in all.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()

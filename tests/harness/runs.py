"""Runs of the naughty method beside a good one, for several test files."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from p3mbench.benchmark import get, open_benchmark
from p3mbench.harness.contenders import Request, select_methods
from p3mbench.harness.isolate import Limits
from p3mbench.harness.plan import make_plan
from p3mbench.harness.runner import RunReport, run_plan
from p3mbench.harness.worker import Setup
from p3mbench.method import with_options
from p3mbench.store import FILE_NAME, Store

PLUGIN = Path(__file__).with_name("naughty.py")
PATIENCE = 300  # seconds that a test waits for what must come; a busy machine takes its time
ONE_BAD = ("mini_p_0000", "mini_p_0001")  # the method misbehaves on both variants of the second
VARYING = ["seconds", "peak_mib", "run_id", "key"]


def run(folder: Path, limits: Limits | None = None, jobs: int = 2, **asked: object) -> RunReport:
    """The naughty method and a good one on a few images of mini."""
    how, scheduler = str(asked.pop("how", "good")), str(asked.pop("scheduler", "local"))
    given = {"how": how, "mark": str(asked.pop("mark", ""))}
    methods, _ = select_methods("naughty,coarse", (PLUGIN,))
    methods = tuple(with_options(m, given) if m.info.name == "naughty" else m for m in methods)
    asked.setdefault("limit", 3)
    request = Request(methods=methods, variants=("B", "N"), **asked)  # type: ignore[arg-type]
    with Store(folder, create=True) as store:
        plan = make_plan(open_benchmark(get("mini"), None), request, store)
        setup = Setup("cpu", "r", None, (PLUGIN,), 1)
        return run_plan(plan, store, setup, jobs, limits=limits, scheduler=scheduler)


def frame(folder: Path, method: str = "") -> pd.DataFrame:
    with Store(folder) as store:
        found = store.frame().drop(columns=VARYING)
    return found[found["method"] == method] if method else found


def command(folder: Path, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "p3mbench", "run", "--methods", "naughty,coarse", "--limit", "3"),
        *("--plugin", str(PLUGIN), "--set", "naughty.pause=0.15", "--jobs", "2"),
        *("--out", str(folder), *more),
    ]


def waited_for(what: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Look again and again until something is true; False if it is not in time."""
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def slowed(seconds: float) -> float:
    """So many seconds if the machine is idle, and more if others wait for its processors too."""
    return round(seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)), 1)


def children(pid: int) -> list[int]:
    """Every process below one, children of children included."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            child = int(path.parent.name)
            found += [child, *children(child)]
    return found


def stored(folder: Path) -> int:
    """Count the rows as any reader of a store does: one that rolls back a killed writer's journal.

    A connection that may only read cannot do that, and fails on such a store.
    """
    if not (folder / FILE_NAME).is_file():
        return 0
    with Store(folder) as store:
        return len(store.statuses())


def waited_for_rows(folder: Path, count: int) -> bool:
    """Wait until a store has so many rows; False if it has fewer in the end."""
    return waited_for(lambda: stored(folder) >= count)

"""Kills a run at random moments and looks whether anything is lost.

Run it from a checkout: python benchmarks/robustness/faults.py [--stores 12] [--out F]. Each store
is filled by runs that are killed (SIGKILL) at random moments: the coordinator, one of its
processes, or all of them at once; then it is finished in peace and compared with an untouched one.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
VICTIMS = ("coordinator", "one worker", "all at once")
KILLS = 4  # per store
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
        time.sleep(0.1)
        return (image[..., 0] / 255).astype(np.float32)
"""


@dataclass
class Tally:
    """What happened under one kind of kill."""

    kills: int = 0
    lost: int = 0  # rows that were committed before a kill and were gone after it
    torn: int = 0  # stores that SQLite's integrity check does not pass
    stores: int = 0
    equal: int = 0


def command(folder: Path, plugin: Path) -> list[str]:
    """Two methods, 24 images each."""
    return [
        *(sys.executable, "-m", "p3mbench", "run", "--methods", "slow,coarse", "--limit", "6"),
        *("--plugin", str(plugin), "--jobs", "2", "--save-alphas", "--out", str(folder)),
    ]


def rows(folder: Path) -> dict[str, str]:
    """Key -> metrics of every committed row."""
    try:
        db = sqlite3.connect(folder / "store.sqlite", timeout=30)
        found = dict(db.execute("SELECT key, metrics || status FROM rows"))
        db.close()
    except sqlite3.Error:
        return {}
    return found


def below(pid: int) -> list[int]:
    """The processes under one, at any depth."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                child = int(path.parent.name)
                found += [child, *below(child)]
    return found


def kill(process: subprocess.Popen[bytes], victim: str, rng: np.random.Generator) -> None:
    """End what is to be ended, now."""
    children = below(process.pid)
    if victim == "one worker":
        children = [int(rng.choice(children))] if children else []
    elif victim == "coordinator":
        children = []
    if victim != "one worker":
        process.kill()
    for pid in children:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def torture(folder: Path, plugin: Path, victim: str, rng: np.random.Generator, t: Tally) -> None:
    """Fill one store by killed runs, then finish it."""
    for _ in range(KILLS):
        process = subprocess.Popen(
            command(folder, plugin), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(float(rng.uniform(0.8, 4.5)))
        before = rows(folder)
        alive = process.poll() is None
        kill(process, victim, rng)
        process.wait(120)
        after = rows(folder)
        t.kills += alive
        t.lost += sum(after.get(key) != value for key, value in before.items())
    subprocess.run(command(folder, plugin), check=True, capture_output=True)


def whole(folder: Path) -> bool:
    """SQLite's own check."""
    db = sqlite3.connect(folder / "store.sqlite")
    found: bool = db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return found


def mattes(folder: Path) -> dict[str, bytes]:
    """Every kept matte; a torn one would differ."""
    files = (folder / "alphas").rglob("*")
    return {str(f.relative_to(folder)): f.read_bytes() for f in files if f.is_file()}


def main() -> None:
    """Torture, count, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stores", type=int, default=12, help="Per kind of kill.")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "faults.md")
    args = parser.parse_args()
    tallies = {victim: Tally() for victim in VICTIMS}
    base = Path(tempfile.mkdtemp())
    try:
        plugin = base / "slow.py"
        plugin.write_text(SLOW, encoding="utf-8")
        subprocess.run(command(base / "calm", plugin), check=True, capture_output=True)
        calm, kept = rows(base / "calm"), mattes(base / "calm")
        for i in range(args.stores):
            for j, (victim, tally) in enumerate(tallies.items()):
                folder = base / f"{j}-{i}"
                torture(folder, plugin, victim, np.random.default_rng([i, j]), tally)
                tally.stores += 1
                tally.torn += not whole(folder)
                tally.equal += rows(folder) == calm and mattes(folder) == kept
                args.out.parent.mkdir(parents=True, exist_ok=True)
                args.out.write_text(report(tallies, len(calm)), encoding="utf-8")
    finally:
        shutil.rmtree(base)
    print(args.out.read_text(encoding="utf-8"))


def report(tallies: dict[str, Tally], size: int) -> str:
    """The table."""
    lines = [
        "# Faults",
        "",
        f"Made by `benchmarks/robustness/faults.py` on {date.today()} ({platform.system()}, Python "
        f"{platform.python_version()}): runs on stores of {size} rows, killed with SIGKILL at "
        f"random moments, {KILLS} times per store, then finished and compared with an "
        "uninterrupted run (keys, metrics and statuses of all rows, bytes of all mattes).",
        "",
        "| killed | kills of a running run | committed rows lost | stores torn | stores equal |",
        "| --- | --: | --: | --: | --: |",
    ]
    for victim, t in tallies.items():
        lines.append(f"| {victim} | {t.kills} | {t.lost} | {t.torn} | {t.equal} of {t.stores} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()

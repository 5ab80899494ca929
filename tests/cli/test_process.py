"""The installed command as users run it: in a process of its own."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

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
        time.sleep(0.25)
        return np.zeros(image.shape[:2], np.float32)
"""


def command(*args: object) -> list[str]:
    return [sys.executable, "-m", "p3mbench", *(str(arg) for arg in args)]


def stored_rows(out: Path) -> int:
    path = out / "store.sqlite"
    if not path.is_file():
        return 0
    db = sqlite3.connect(path, timeout=30)
    try:
        return db.execute("SELECT count(*) FROM rows").fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    finally:
        db.close()


def test_help_starts_fast():
    """Within 0.3 s of a bare `import click`, best of five each, in time of the processor.

    On a busy machine the clock on the wall would measure its other work.
    """

    def best(args: list[str]) -> float:
        times = []
        for _ in range(5):
            start = os.times()
            subprocess.run(args, check=True, capture_output=True)
            end = os.times()
            times.append(sum(end[2:4]) - sum(start[2:4]))  # user and system of children
        return min(times)

    heavy = {"torch", "numpy", "pandas", "cv2", "matplotlib"}
    code = "import sys, p3mbench.cli as c; c.main(['--help'], standalone_mode=False); "
    code += f"assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert best(command("--help")) < best([sys.executable, "-c", "import click"]) + 0.3


@pytest.mark.slow(7)
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_run_goes_on_where_it_was(tmp_path, stop):
    plugin = tmp_path / "slow.py"
    plugin.write_text(SLOW)
    out = tmp_path / "out"
    args = command(
        *("run", "--methods", "slow", "--plugin", plugin, "--limit", 5, "--out", out, "--jobs", 2)
    )
    process = subprocess.Popen(
        args,
        start_new_session=True,
        # tests started in a shell's background ignore Ctrl-C, and so would the run
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 300
    while stored_rows(out) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    before = stored_rows(out)
    os.killpg(process.pid, signal.SIGINT) if stop == signal.SIGINT else process.send_signal(stop)
    _, errors = process.communicate(timeout=300)
    assert 3 <= before < 20
    if stop == signal.SIGINT:
        assert process.returncode == 130
        assert "the same command continues" in errors
        assert "Traceback" not in errors
    kept = stored_rows(out)
    assert kept >= before
    done = subprocess.run(args, capture_output=True, text=True, timeout=300, check=True)
    assert stored_rows(out) == 20
    assert f"{20 - kept} images on" in done.stdout

"""The process of a method: its start, its messages about progress, and its end.

`p3mbench.harness.isolate` decides what happens to its images.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from p3mbench.data.sample import SCENES
from p3mbench.harness import family
from p3mbench.harness.worker import Setup, serve
from p3mbench.names import printable

LOOK = 0.5  # seconds between looks for processes that a child has started
STALL = 1.0  # seconds that this process may be late; after a longer time it was suspended
LOG_TAIL = 8000  # characters of a child's output that are kept with a failed image


@dataclass
class Child:
    """A process with its pipe and its progress."""

    process: Any
    pipe: Connection
    log: Path
    pid: int
    server: int = 0  # the process that made it, 0 if not reported yet
    loaded: bool = False
    started: int = 0  # number of images begun in this process
    current: int | None = None  # number of the image that it predicts
    extra: bool = False  # its matte is made, and it measures more
    heard: float = field(default_factory=time.monotonic)
    looked: float = field(default_factory=time.monotonic)
    family: list[int] = field(default_factory=list)
    counted: float = 0.0  # when the family was last listed

    def note(self, message: tuple[Any, ...]) -> None:
        """Update the progress from a message of the process."""
        match message:
            case ("born", server):
                self.server = server
            case ("loaded",):
                self.loaded = True
            case ("start", number):
                self.started += 1
                self.current, self.extra = number, False
            case ("extra", _):
                self.extra = True
            case ("predicted", number) | ("trouble", number, *_) if number == self.current:
                self.current, self.extra = None, False

    def log_tail(self) -> str:
        """Return the end of its output."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 4 * LOG_TAIL))
                text = file.read().decode(errors="replace")
        except OSError:
            return ""
        return printable(text.strip()[-LOG_TAIL:], lines=True)[-LOG_TAIL:]

    def memory(self, limit: int) -> int:
        """Return the bytes of memory that it and everything it has started use."""
        if time.monotonic() - self.counted > LOOK:
            self.family, self.counted = [self.pid, *family.below(self.pid)], time.monotonic()
        return family.used(self.family, limit)


def start(setup: Setup) -> Child:
    """Start a process, which waits for its first image.

    Raises:
        OSError, EOFError: the server of processes is gone.
    """
    context = _context()
    folder = os.environ.get(SCENES) or tempfile.gettempdir()  # unset in a worker of Dask
    ours, theirs = context.Pipe()
    family.limit_reading(ours)
    handle, name = tempfile.mkstemp(
        prefix="p3mbench-", suffix=".log", dir=folder if Path(folder).is_dir() else None
    )
    os.close(handle)
    process = context.Process(
        target=serve, args=(theirs, setup, name, dict(os.environ)), daemon=False
    )
    try:
        with _interrupts_held():
            process.start()
    except BaseException:
        ours.close()
        Path(name).unlink(missing_ok=True)
        raise
    finally:
        theirs.close()
    return Child(process, ours, Path(name), process.pid)


def end(child: Child) -> None:
    """End a process and everything that it has started, whatever it is doing."""
    if sys.platform != "linux":
        child.process.kill()
    elif child.process.is_alive() or family.is_guard(child.pid):  # a lost server tells nothing
        family.end(child.pid, lambda seconds: _gone(child, seconds))
    else:
        family.sweep(child.pid)
    child.process.join()
    child.pipe.close()
    child.process.close()
    child.log.unlink(missing_ok=True)


def is_lost(child: Child) -> bool:
    """Whether the server that made a child is gone, so that the child's end remains unknown."""
    deadline = time.monotonic() + STALL
    while family.is_running(child.server):  # it closes its files a little before it ends
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _gone(child: Child, seconds: float) -> bool:
    """Wait for a child's end, even if the server that would report it is gone."""
    deadline = time.monotonic() + seconds
    while family.is_running(child.pid) and time.monotonic() < deadline:
        wait([child.process.sentinel], 0.01)
        if not child.process.is_alive() and family.is_running(child.pid):
            time.sleep(0.01)
    return not family.is_running(child.pid)


def _context() -> Any:
    """Choose how to make children: from a clean server with the imports done, where it is safe."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # A child costs 0.05 s instead of 2 s. The server has no threads and has used no GPU.
    context.set_forkserver_preload(["p3mbench.harness.worker", "p3mbench.harness.preload"])
    return context


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold back Ctrl-C: a process that is just being started inherits the mask."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

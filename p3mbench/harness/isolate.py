"""A method in a process of its own, watched: it may raise, hang, use too much memory or crash.

`Isolated` keeps one child process for one contender and feeds it images. A child that breaks a
limit is killed, and only its current image is lost. The parent never unpickles what a method made:
tasks travel as bytes, and only rows and messages of this package come back.

A method does not pay for what it did not cause: the server of processes may be killed, the run may
be suspended, and a measurement besides the matte may fail.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any

from p3mbench.errors import RunError
from p3mbench.harness.child import STALL, Child, end, is_lost, start
from p3mbench.harness.worker import Setup
from p3mbench.store import Row

WINDOW = 2  # images in a child: one is predicted, one is already decoded
TICK = 0.1  # seconds between looks at a child's memory
LOSSES = 10  # ends in a row that no method caused, before a run gives up
BIRTH = 120.0  # seconds that the start of a process may take, before any code of a method runs
GIB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """The limits of one image.

    Attributes:
        timeout: seconds without any progress, of loading the method or of one image; 0 for none.
            The start of the process, before any code of the method runs, does not count.
        memory: bytes of memory of the method's process and those it starts; 0 for none. Linux
            only.
    """

    timeout: float = 3600.0
    memory: int = 0


@dataclass(frozen=True)
class Trouble:
    """An image without a score: status as in `p3mbench.store.STATUSES`, reason, end of the log.

    Within this module the status may also be ``lost``: no method is to blame.
    """

    status: str
    reason: str
    log: str = ""
    measured: bool = False  # by this process; one that dies may have been killed by another


@dataclass(frozen=True)
class Unloadable:
    """The method cannot be loaded: none of its images can run."""

    reason: str
    log: str = ""


ImageResult = Row | Trouble
Feed = Callable[[], tuple[int, bytes] | None]
Report = Callable[[int, ImageResult], None]


class Isolated:
    """A slot that runs images of one contender after the other, each in its own process."""

    def __init__(self, setup: Setup, limits: Limits) -> None:
        """Set up the slot; no process is started yet."""
        self.setup, self.limits = setup, limits
        self._child: Child | None = None
        self._key = ""
        self._waiting: deque[tuple[int, bytes]] = deque()  # to be given (again) to a child
        self._alone = False  # the next image is a suspect: it gets its own process
        self._died_loading = False
        self._bare: set[int] = set()  # images that need nothing but the matte
        self._losses = 0

    def run(
        self, key: str, feed: Feed, report: Report, stopped: Callable[[], bool] = lambda: False
    ) -> Unloadable | None:
        """Run images of one contender until there are no more.

        Args:
            key: names the contender; a child is kept for the next call with the same key.
            feed: gives the next (number, pickled task), None when there is none.
            report: called with each image's number and outcome, once.
            stopped: whether to stop and leave the rest.

        Returns:
            Why the contender cannot be loaded, None if it can.

        Raises:
            RunError: no process can be started.
        """
        if key != self._key:
            self.close()
            self._key = key
        self._waiting.clear()
        self._alone = self._died_loading = False
        given: dict[int, bytes] = {}  # to this child
        while not stopped():
            while len(given) < (1 if self._alone else WINDOW):
                item = self._waiting.popleft() if self._waiting else feed()
                if item is None:
                    break
                given[item[0]] = item[1]
                self._send(item)
            if not given:
                return None
            ended = self._listen(given, report)
            if isinstance(ended, Trouble):
                ended = self._judged(ended, given, report)
            if isinstance(ended, Unloadable):
                return ended
            self._alone = self._alone and bool(given or self._waiting)
        return None

    def _judged(self, ended: Trouble, given: dict[int, bytes], report: Report) -> Unloadable | None:
        """Decide, after a child's end, which image is to blame and what goes to the next child.

        The current image pays at once if it took too long, or if it broke the memory limit as the
        first of its process. Otherwise an earlier image or an outside process may be the cause. The
        current image then gets another try in its own process, and pays if that ends as well.
        """
        child = self._drop()
        if ended.status == "lost":
            self._count_loss(ended)
            self._again(given, None)
            return None
        if child.extra and child.current in given:
            self._bare.add(child.current)
            self._again(given, child.current)
            return None
        if not child.loaded:
            if self._died_loading or ended.measured or ended.status == "timeout":
                return Unloadable(f"while it was loaded: {ended.reason}", ended.log)
            self._died_loading = True
        suspect = child.current if child.current in given else next(iter(given))
        alone = child.started <= 1 and (self._alone or ended.measured)
        if child.loaded and (alone or ended.status == "timeout"):
            del given[suspect]
            report(suspect, ended)
        self._alone = child.loaded and suspect in given
        self._again(given, suspect)
        return None

    def _again(self, given: dict[int, bytes], first: int | None) -> None:
        """Put the images of a dead child back in line, one of them before the others."""
        again = sorted(given.items(), key=lambda item: item[0] != first)
        self._waiting.extendleft(reversed(again))
        given.clear()

    def _count_loss(self, loss: Trouble) -> None:
        self._losses += 1
        if self._losses >= LOSSES:
            raise RunError(f"{loss.reason}, {LOSSES} times in a row; stored rows are kept")

    def close(self) -> None:
        """End the child, whatever it is doing."""
        if self._child is not None:
            self._drop()

    # --- the child ------------------------------------------------------------------------------

    def _send(self, item: tuple[int, bytes]) -> None:
        if self._child is None:
            self._child = self._start()
        self._child.heard = time.monotonic()
        with contextlib.suppress(OSError):  # listening finds out that a child is dead
            self._child.pipe.send((*item, item[0] in self._bare))

    def _start(self) -> Child:
        """Start a new child, and the server of processes too if it is gone."""
        while True:
            try:
                return start(self.setup)
            except (OSError, EOFError) as error:
                reason = getattr(error, "strerror", None) or type(error).__name__
                what = f"a process for a method cannot be started ({reason})"
                self._count_loss(Trouble("lost", what))
                time.sleep(TICK)

    def _drop(self) -> Child:
        child = self._child
        assert child is not None  # noqa: S101 - internal
        self._child = None
        end(child)
        return child

    def _listen(self, given: dict[int, bytes], report: Report) -> Trouble | Unloadable | None:
        """Receive one message, or find out that the child broke a limit or is gone."""
        child = self._child
        assert child is not None  # noqa: S101 - internal
        deadline = child.heard + self._patience(child)
        pause = max(0.0, min(TICK if self.limits.memory else 1.0, deadline - time.monotonic()))
        wait([child.pipe, child.process.sentinel], pause)
        late = time.monotonic() - child.looked - pause
        child.looked = time.monotonic()
        if late > STALL:  # suspended, perhaps together with the child: this time does not count
            child.heard += late
            deadline += late
        try:
            message = child.pipe.recv() if child.pipe.poll() else None
        except BlockingIOError:
            return _garbled(child)
        except (EOFError, OSError):
            return self._death(child)
        except Exception:  # not a message
            return _garbled(child)
        if message is None:
            return self._broken_limit(child, deadline)
        child.heard = time.monotonic()
        return self._understood(child, message, given, report)

    def _patience(self, child: Child) -> float:
        """Return the seconds that a child may be silent; its start is not the method's time."""
        if not self.limits.timeout:
            return float("inf")
        return self.limits.timeout if child.server else max(BIRTH, self.limits.timeout)

    def _understood(
        self, child: Child, message: tuple[Any, ...], given: dict[int, bytes], report: Report
    ) -> Unloadable | None:
        child.note(message)
        match message:
            case ("unloadable", reason):
                found = Unloadable(reason, child.log_tail())
                self._drop()
                return found
            case ("row", number, row):
                self._losses = 0
                if given.pop(number, None) is not None:
                    report(number, row)
            case ("trouble", number, status, reason):
                if given.pop(number, None) is not None:
                    report(number, Trouble(status, reason, child.log_tail()))
        return None

    def _broken_limit(self, child: Child, deadline: float) -> Trouble | None:
        if not child.process.is_alive():
            return self._death(child)
        if time.monotonic() > deadline:
            if not child.server:
                return Trouble("lost", f"a process did not start within {BIRTH:g} s")
            what = f"no result after {self.limits.timeout:g} s (--timeout)"
            return Trouble("timeout", what, child.log_tail())
        used = child.memory(self.limits.memory) if self.limits.memory else 0
        if self.limits.memory and used > self.limits.memory:
            limit = self.limits.memory / GIB
            reason = f"used {used / GIB:.2f} GiB, more than {limit:.2f} GiB (--memory-limit)"
            return Trouble("oom", reason, child.log_tail(), measured=True)
        return None

    def _death(self, child: Child) -> Trouble:
        child.process.join(5)
        code = child.process.exitcode
        if not child.server:  # no code of the method ran yet
            return Trouble("lost", "a process ended while it started")
        if code == LOST and is_lost(child):
            return Trouble("lost", "the server of processes was killed")
        if code == -signal.SIGKILL:
            reason = "its process was killed by the system, most likely for want of memory"
            return Trouble("oom", reason, child.log_tail())
        names = {-s: s.name for s in signal.Signals}
        how = f"died of {names[code]}" if code in names else f"exited with code {code}"
        return Trouble("failed", f"its process {how}", child.log_tail())


LOST = 255  # multiprocessing's code for a process without its server; a method may exit with it too


def _garbled(child: Child) -> Trouble:
    """Describe a child if something other than this package wrote into its pipe."""
    reason = "it wrote into descriptors that are not its own"
    return Trouble("failed", reason, child.log_tail(), measured=True)

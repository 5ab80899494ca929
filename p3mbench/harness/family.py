"""A method's process with everything it starts: measured, stopped and ended together.

On Linux a *guard* runs between the server of processes and the method's process. Whatever the
method starts and leaves behind becomes the guard's child. The guard ends them all when the method's
process ends, when it receives SIGTERM, or when the process that asked for it is gone.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import socket
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path

GRACE = 10.0  # seconds for ending a family
REST = 5  # seconds that the rest of a message may take
_PDEATHSIG, _SUBREAPER = 1, 36  # of prctl


def below(pid: int) -> list[int]:
    """Return the processes below one, at any depth; none if the system does not list them."""
    children: dict[int, list[int]] = {}
    for child, parent, _ in _processes():
        children.setdefault(parent, []).append(child)
    found, left = [], [pid]
    while left:
        mine = children.pop(left.pop(), [])
        found += mine
        left += mine
    return found


def used(pids: Iterable[int], limit: int) -> int:
    """Return the bytes of memory of some processes; shared pages count once if that decides.

    Args:
        pids: processes; those that are gone count nothing.
        limit: shared pages are examined only if the plain sum is above it.
    """
    pids = list(pids)
    plain = sum(map(_resident, pids))
    return sum(map(_proportional, pids)) if plain > limit and len(pids) > 1 else plain


def stop_with(pids: Callable[[], list[int]]) -> None:
    """Suspend processes and this one; resume them when this one is resumed."""
    chosen = pids()
    _signal(chosen, signal.SIGSTOP)
    os.kill(os.getpid(), signal.SIGSTOP)
    _signal(chosen, signal.SIGCONT)


@contextlib.contextmanager
def stopping_together() -> Iterator[None]:
    """Make Ctrl-Z suspend the processes below as well, which no terminal signals."""
    name = getattr(signal, "SIGTSTP", None)
    try:
        # not if Ctrl-Z is ignored or has another handler, nor outside of the main thread
        if name is None or signal.getsignal(name) != signal.SIG_DFL:
            raise ValueError
        signal.signal(name, lambda *_: stop_with(lambda: below(os.getpid())))
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(name, signal.SIG_DFL)


def end(pid: int, gone: Callable[[float], bool]) -> None:
    """End a guard and its family.

    Args:
        pid: of the guard.
        gone: waits some seconds for its end and returns whether it came.
    """
    for asked in (signal.SIGTERM, signal.SIGKILL):
        _signal([pid], asked)
        _signal([pid], signal.SIGCONT)
        if gone(GRACE):
            break
    sweep(pid)


def sweep(session: int) -> None:
    """Kill the rest of the session that a guard led, after the guard itself was killed."""
    _signal([pid for pid, _, leader in _processes() if leader == session], signal.SIGKILL)


def is_guard(pid: int) -> bool:
    """Whether this pid leads a session, as a guard does; it may be another process by now."""
    try:
        return os.getsid(pid) == pid
    except (OSError, AttributeError):
        return False


def guarded(work: Callable[[], None], release: Callable[[], None]) -> None:
    """Run ``work`` in a child of this process, and end with it and in the same way; never return.

    On systems without guards, ``work`` runs in this process.

    Args:
        work: what the child does.
        release: called here after the child is made, to close what belongs to the child.
    """
    if sys.platform != "linux" or not _prctl(_SUBREAPER, 1):
        work()
        return
    with contextlib.suppress(OSError):
        os.setsid()
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for name in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(name, lambda *_: None)
    guard, child = os.getpid(), os.fork()
    if not child:
        signal.set_wakeup_fd(-1)
        os.close(woken)
        os.close(wake)
        _be_child(guard, work)
    release()
    status = _watch(child, woken)
    _end_children()
    _leave_as(status)


def _be_child(guard: int, work: Callable[[], None]) -> None:
    """Run as the method's process, which does not outlive its guard."""
    code = 1
    try:
        for name in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(name, signal.SIG_DFL)
        os.setpgid(0, 0)
        _prctl(_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == guard:
            work()
            code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _watch(child: int, woken: int) -> int:
    """Return the wait status of the child, or that of SIGKILL if the family was ended."""
    parent = multiprocessing.parent_process()
    watched: list[int] = [woken] + [parent.sentinel] * (parent is not None)  # type: ignore[union-attr]
    while True:
        ready = wait(watched)
        heard = b""
        with contextlib.suppress(OSError):
            heard = os.read(woken, 4096)
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                if found[0] == child:
                    return found[1]
        if signal.SIGTERM in heard or any(item is not woken for item in ready if item != woken):
            return signal.SIGKILL


def _end_children() -> None:
    """Kill every descendant until none is left; orphans become children of this process."""
    deadline = time.monotonic() + GRACE
    with contextlib.suppress(ChildProcessError):
        while time.monotonic() < deadline:
            _signal(below(os.getpid()), signal.SIGKILL)
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
            time.sleep(0.005)


def _leave_as(status: int) -> None:
    """End as the child did, so that the parent sees how it ended."""
    if os.WIFSIGNALED(status):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        name = os.WTERMSIG(status)
        if name != signal.SIGKILL:
            signal.signal(name, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {name})
        os.kill(os.getpid(), name)
    os._exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 1)


def _prctl(option: int, value: int) -> bool:
    try:
        return int(ctypes.CDLL(None).prctl(option, value, 0, 0, 0)) == 0
    except (OSError, AttributeError):
        return False


def _signal(pids: Iterable[int], name: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, name)


def _processes() -> Iterator[tuple[int, int, int]]:
    """Yield (pid, parent, session) of every process; nothing without /proc."""
    with contextlib.suppress(OSError):
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal():
                with contextlib.suppress(OSError, ValueError, IndexError):
                    fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
                    yield int(folder.name), int(fields[1]), int(fields[3])


def limit_reading(pipe: Connection) -> None:
    """Limit how long a read waits for the rest of a message, which is sent in one piece."""
    if sys.platform != "linux":
        return
    with socket.socket(fileno=os.dup(pipe.fileno())) as end:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", REST, 0))


def is_running(pid: int) -> bool:
    """Whether a process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except (OSError, IndexError):
        return False


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _proportional(pid: int) -> int:
    """Return the resident bytes, with each shared page divided among its users."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    except (OSError, ValueError, IndexError):
        return _resident(pid)

"""Run the checks in another process: a crash or hang of the method costs only one finding."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from p3mbench.errors import MethodError
from p3mbench.testing.finding import CheckFinding, Status, one_line

MOST_DEATHS = 3  # of child processes; each fails the check during which it died


@dataclass
class _CheckRun:
    """Progress of the child."""

    method: str = ""
    check: str = ""
    done: list[tuple[str, str]] = field(default_factory=list)
    ended: bool = False


def check_apart(
    target: str,
    *,
    plugin: Path | None = None,
    weights: Path | None = None,
    device: str = "cpu",
    timeout: float = 300.0,
) -> Iterator[tuple[str, CheckFinding]]:
    """Check a registered method, or every method of a plugin file, in another process.

    Args:
        target: name of the method; only a label for a file.
        plugin: the file, which is executed in the child.
        weights: checkpoint of a learned method.
        device: ``cpu``, ``cuda`` or ``auto``.
        timeout: seconds for one check; after that the check fails and the others continue.

    Yields:
        The method's name, and a finding.

    Raises:
        MethodError: there is no such method or file, or the file defines no method.
    """
    run = _CheckRun()
    for _ in range(MOST_DEATHS):
        request = {
            "target": target, "plugin": str(plugin.resolve()) if plugin else None,
            "weights": str(weights.resolve()) if weights else None,
            "device": device, "done": run.done,
        }  # fmt: skip
        with tempfile.TemporaryFile() as log:
            reason = yield from _child(json.dumps(request), run, log, timeout)
            if run.ended:
                return
            tail = _tail(log)
        check = run.check or "import"
        run.done.append((run.method, check))
        detail = f"{reason} during this check" if run.method else f"{reason} at the import"
        yield (
            run.method or target,
            CheckFinding(check, Status.FAILED, f"{detail}{tail}", _mend(reason, bool(run.method))),
        )
        if not run.method:
            return
    yield (
        run.method,
        CheckFinding("rest", Status.SKIPPED, f"{MOST_DEATHS} checks ended its process"),
    )


def _mend(reason: str, loaded: bool) -> str:
    if "did not end" in reason:
        return "look for an endless loop or a lock; --timeout gives more time"
    if not loaded:
        return "a module of a method must only define things: no sys.exit, nothing that crashes"
    return "raise an exception instead: no sys.exit, no os._exit, no fault in compiled code"


def _child(
    request: str, run: _CheckRun, log: IO[bytes], timeout: float
) -> Generator[tuple[str, CheckFinding], None, str]:
    """Yield the findings of one child; return why it stopped early, or ""."""
    child = subprocess.Popen(
        [sys.executable, "-m", "p3mbench.testing", request],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True,
    )  # fmt: skip
    lines: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_forward, args=(child.stdout, lines), daemon=True).start()
    try:
        while True:
            try:
                line = lines.get(timeout=timeout)
            except queue.Empty:
                return f"it did not end within {timeout:g} s"
            if not line:
                return _death(child)
            yield from _heard(json.loads(line), run)
            if run.ended:
                return ""
    finally:
        _kill(child)


def _heard(message: dict[str, Any], run: _CheckRun) -> Iterator[tuple[str, CheckFinding]]:
    if "error" in message:
        raise MethodError(message["error"])
    if "begin" in message:
        run.method, run.check = message["method"], message["begin"]
    elif "finding" in message:
        told = message["finding"]
        finding = CheckFinding(told["check"], Status(told["status"]), told["detail"], told["mend"])
        run.done.append((message["method"], finding.check))
        yield message["method"], finding
    run.ended = bool(message.get("end"))


def _forward(pipe: IO[bytes], lines: queue.Queue[bytes]) -> None:
    """Put lines into the queue, and an empty one at the end."""
    with pipe:
        for line in pipe:
            lines.put(line)
    lines.put(b"")


def _death(child: subprocess.Popen[bytes]) -> str:
    code = child.wait()
    if code < 0:
        return f"its process was killed by {signal.Signals(-code).name}"
    return f"its process ended with exit code {code}"


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End the child and its own processes, which share a session."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        child.kill()
    child.wait()


def _tail(log: IO[bytes]) -> str:
    """Return the last line that the child printed, for a message; "" if it printed nothing."""
    log.seek(0)
    lines = log.read()[-4000:].decode(errors="replace").strip().splitlines()
    return f" (it printed: {one_line(lines[-1], 120)})" if lines else ""

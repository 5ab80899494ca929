"""What a method's process does: load images, predict, check, score.

Three threads overlap: one reads and decodes the next image, one predicts, one scores the last.
Messages to the parent are tuples that begin with their kind: ``loaded``, ``unloadable``, ``start``,
``predicted``, ``row`` and ``trouble``; see `p3mbench.harness.isolate`.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import pickle
import queue
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from p3mbench.data.sample import Scene
from p3mbench.devices import resolve
from p3mbench.errors import ChangedError, DataWarning, P3MBenchError
from p3mbench.flags import joined
from p3mbench.harness.engine import Call, Engine, shift_of
from p3mbench.harness.plan import Contender, Task
from p3mbench.images import recorded_reads
from p3mbench.method import Float32Array, Method, checked_alpha, paste_known
from p3mbench.metrics import score
from p3mbench.nearest import load
from p3mbench.provenance import sha256_of
from p3mbench.registry import execute, find
from p3mbench.store import Row
from p3mbench.writing import write_alpha

MAX_REASON = 500
NO_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory")


@dataclass(frozen=True)
class Setup:
    """What all tasks of a run share.

    Attributes:
        alphas: folder for mattes, None if they are not kept.
        plugins: files to execute before a task of their methods can be unpickled.
        threads: CPU threads per worker; one by default, so that scores do not depend on --jobs.
    """

    device: str
    run_id: str
    alphas: Path | None
    plugins: tuple[Path, ...]
    threads: int


def failed(task: Task, setup: Setup, status: str, reason: str, log: str = "") -> Row:
    """The row of an image that could not be scored."""
    return Row(
        key=task.key,
        image=task.sample.id,
        status=status,
        reason=reason,
        log=log,
        flags="",
        metrics={},
        seconds=None,
        height=None,
        width=None,
        device=setup.device,
        run_id=setup.run_id,
        content=task.content,
        **task.cell.columns,
    )


@dataclass(frozen=True)
class _Loaded:
    """A task with its pixels, or with what went wrong in getting them."""

    number: int
    task: Task
    scene: Scene | None
    odd: tuple[tuple[str, str], ...]  # what the readers warned of, each with its flag
    error: Exception | None


@dataclass(frozen=True)
class _Predicted:
    """A matte that is still to be scored."""

    loaded: _Loaded
    scene: Scene
    call: Call
    alpha: Float32Array
    macs: int | None
    odd: tuple[str, ...]
    device: str
    parameters: int | None


def serve(pipe: Connection, setup: Setup, log: str, environ: Mapping[str, str]) -> None:
    """The life of a child process: until the parent is gone or kills it."""
    _prepare(setup, log, environ)
    parent = _Parent(pipe)
    loaded: queue.Queue[_Loaded] = queue.Queue()
    predicted: queue.Queue[_Predicted] = queue.Queue()
    for target in (_read, _score):
        box = loaded if target is _read else predicted
        threading.Thread(target=target, args=(parent, box, setup), daemon=True).start()
    engine: Engine | None = None
    while True:
        item = loaded.get()
        contender = item.task.cell.contender
        if engine is None:
            try:
                engine = _engine(contender, setup)
            except Exception as error:
                parent.say("unloadable", _reason(error))
                return
            parent.say("loaded")
        parent.say("start", item.number)
        try:
            if item.error is not None:
                raise item.error
            predicted.put(_predict(item, engine))
        except Exception as error:
            parent.say("trouble", item.number, _status(error), _reason(error))
        else:
            parent.say("predicted", item.number)


class _Parent:
    """The pipe to the parent, for several threads; a parent that is gone ends the process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._lock = pipe, threading.Lock()

    def say(self, *message: Any) -> None:
        try:
            with self._lock:
                self._pipe.send(message)
        except OSError:
            os._exit(1)

    def hear(self) -> tuple[int, bytes]:
        try:
            found: tuple[int, bytes] = self._pipe.recv()
        except (EOFError, OSError):
            os._exit(1)
        return found


_ODD = threading.local()


def _prepare(setup: Setup, log: str, environ: Mapping[str, str]) -> None:
    """Set a fresh process up; Ctrl-C is the parent's to handle, its output goes to the log."""
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    os.environ.clear()
    os.environ.update(environ)
    handle = os.open(log, os.O_WRONLY | os.O_APPEND)
    sys.stdout.flush()
    sys.stderr.flush()
    for stream in (1, 2):
        os.dup2(handle, stream)
    faulthandler.enable(handle)
    cv2.setNumThreads(1)
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", DataWarning)
    warnings.showwarning = _remember  # by thread, unlike warnings.catch_warnings
    for path in setup.plugins:
        execute(path)


def _remember(message: Warning | str, *_: Any, **__: Any) -> None:
    getattr(_ODD, "found", []).append((str(message), getattr(message, "flag", "")))


def _leave_with_parent() -> None:
    """A worker whose parent was killed would wait for tasks for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _engine(contender: Contender, setup: Setup) -> Engine:
    info = contender.method.info
    resolved = resolve(setup.device, info.learned)
    if info.learned:
        import torch

        torch.set_num_threads(setup.threads)
    path = contender.weights.path if contender.weights else None
    predictor = load(contender.method, resolved, path, lambda: _methods(setup.plugins))
    changed = contender.code.changed_file()
    if changed is not None:
        raise ChangedError(f"{changed} changed while the run was going; run again")
    return Engine(predictor, resolved, contender.precision, contender.compiled)


def _methods(plugins: tuple[Path, ...]) -> list[Method]:
    return [entry.method for entry in find(plugins) if entry.method is not None]


def _read(parent: _Parent, box: queue.Queue[_Loaded], setup: Setup) -> None:
    """The reading thread: tasks from the parent, pixels to the predicting one."""
    while True:
        number, content = parent.hear()
        task: Task = pickle.loads(content)  # nosec B301 # noqa: S301 - our parent's, over our own pipe
        _ODD.found = []
        scene, error = None, None
        try:
            with recorded_reads() as read:
                scene = task.sample.load(task.cell.variant, task.cell.trimap)
            _check_unchanged(task, read)
            scene.image.setflags(write=False)
            if scene.trimap is not None:
                scene.trimap.setflags(write=False)
        except Exception as problem:
            error = _changed(task) or problem
        box.put(_Loaded(number, task, scene, tuple(_ODD.found), error))


def _changed(task: Task) -> Exception | None:
    """Whether an image that cannot be read is so because it is being written just now."""
    for path, digest in task.files:
        try:
            if sha256_of(path) != digest:
                return ChangedError(f"{path} changed while the run was reading it; run again")
        except P3MBenchError:
            return ChangedError(f"{path} went while the run was reading it; run again")
    return None


def _check_unchanged(task: Task, read: Mapping[Path, str]) -> None:
    """The bytes that were decoded must be those that the row's key was made of."""
    for path, digest in task.files:
        if read.get(path, digest) != digest:
            raise ChangedError(f"{path} changed while the run was reading it; run again")


def _predict(item: _Loaded, engine: Engine) -> _Predicted:
    """What needs the method: the matte, and for the first image of a cell what it costs."""
    task, scene = item.task, item.scene
    assert scene is not None  # noqa: S101 - there is a scene or an error
    info = task.cell.contender.method.info
    given = scene.trimap if info.needs_trimap else None
    call = engine.call(scene.image, given)
    alpha = checked_alpha(call.alpha, scene.image.shape[:2])
    macs, odd = None, tuple(text for text, _ in item.odd)
    if task.counted:
        macs = engine.macs(scene.image, given)
        if engine.how:
            odd = (*odd, shift_of(engine.how, alpha, engine.exactly(scene.image, given)))
    if info.needs_trimap and scene.trimap is not None:
        alpha = paste_known(alpha, scene.trimap)
    return _Predicted(item, scene, call, alpha, macs, odd, engine.device, engine.parameters)


def _score(parent: _Parent, box: queue.Queue[_Predicted], setup: Setup) -> None:
    """The scoring thread: mattes to rows."""
    while True:
        item = box.get()
        number = item.loaded.number
        try:
            parent.say("row", number, _scored(item, setup))
        except Exception as error:
            parent.say("trouble", number, _status(error), _reason(error))


def _scored(item: _Predicted, setup: Setup) -> Row:
    task, scene = item.loaded.task, item.scene
    cell = task.cell
    found = [flag for _, flag in item.loaded.odd]
    scores = score(
        item.alpha, scene.alpha, scene.trimap, convention=cell.convention, face=scene.face
    )
    kept, unkept = _kept(item, setup)
    return Row(
        key=task.key,
        image=task.sample.id,
        status="ok",
        reason="; ".join([*item.odd, *unkept]),
        log="",
        flags=joined([*scores.flags, *found, *["seen_in_training"] * cell.seen]),
        metrics=dict(scores),
        seconds=item.call.seconds,
        height=scene.image.shape[0],
        width=scene.image.shape[1],
        device=item.device,
        run_id=setup.run_id,
        parameters=item.parameters,
        macs=item.macs,
        peak_mib=item.call.peak_mib,
        content=task.content,
        matte=kept,
        **cell.columns,
    )


def _kept(item: _Predicted, setup: Setup) -> tuple[str, list[str]]:
    """Keep the matte if that is wanted: its path, and why it could not be kept.

    A matte that cannot be written takes nothing from the score.
    """
    if setup.alphas is None:
        return "", []
    path = item.loaded.task.matte
    try:
        write_alpha(setup.alphas / path, item.alpha)
    except (P3MBenchError, OSError) as error:
        return "", [f"the matte was not kept: {_reason(error)}"]
    return path, []


def _status(error: Exception) -> str:
    """What an error makes of an image; for want of memory PyTorch has several errors."""
    if isinstance(error, ChangedError):
        return "skipped"
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return "oom"
    text = str(error).lower()
    return "oom" if any(words in text for words in NO_MEMORY) else "failed"


def _reason(error: Exception) -> str:
    """One line that says what went wrong, and for a foreign error where."""
    text = " ".join(str(error).split()) or "no message"
    if not isinstance(error, P3MBenchError):
        frames = traceback.extract_tb(error.__traceback__)
        where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
        text = f"{type(error).__name__}: {text}{where}"
    return text if len(text) <= MAX_REASON else text[: MAX_REASON - 3] + "..."

"""The work of a method's process: load images, predict, check, score.

Three threads overlap: one reads and decodes the next image, one predicts, one scores the last.
Messages to the parent are tuples that begin with their kind: ``born``, ``loaded``, ``unloadable``,
``start``, ``extra``, ``predicted``, ``row`` and ``trouble``; see `p3mbench.harness.isolate`.
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
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from p3mbench.data.sample import Scene
from p3mbench.devices import resolve
from p3mbench.errors import ChangedError, DataWarning, MethodError, P3MBenchError
from p3mbench.flags import joined
from p3mbench.harness.contenders import Contender
from p3mbench.harness.engine import Call, Engine, check_late_imports, shift_of
from p3mbench.harness.family import guarded
from p3mbench.harness.plan import Task
from p3mbench.harness.reasons import reason_of, status_of
from p3mbench.images import recorded_reads
from p3mbench.method import Float32Array, Method, checked_alpha, paste_known
from p3mbench.metrics import score
from p3mbench.nearest import load
from p3mbench.provenance import sha256_of
from p3mbench.registry import execute, find, is_model_file
from p3mbench.store import Row
from p3mbench.writing import write_alpha


@dataclass(frozen=True)
class Setup:
    """The settings that all tasks of a run share.

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
    """Make the row of an image that could not be scored."""
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
    """A task with its pixels, or with the error that loading them raised."""

    number: int
    task: Task
    scene: Scene | None
    odd: tuple[tuple[str, str], ...]  # the readers' warnings, each with its flag
    error: Exception | None
    bare: bool  # measure nothing besides the matte: such a try has ended a process


@dataclass(frozen=True)
class _Predicted:
    """A matte without scores yet."""

    loaded: _Loaded
    scene: Scene
    call: Call
    alpha: Float32Array
    macs: int | None
    shift: Mapping[str, float]
    odd: tuple[str, ...]
    device: str
    parameters: int | None


def serve(pipe: Connection, setup: Setup, log: str, environ: Mapping[str, str]) -> None:
    """Run a child process until the parent is gone or ends it."""
    server = os.getppid()
    handle = os.open(log, os.O_WRONLY | os.O_APPEND)
    sys.stdout.flush()
    sys.stderr.flush()
    for stream in (1, 2):  # of the guard too, which must not keep the run's output open
        os.dup2(handle, stream)
    os.close(handle)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    guarded(lambda: _work(_Parent(pipe), setup, environ, server), pipe.close)


def _work(parent: _Parent, setup: Setup, environ: Mapping[str, str], server: int) -> None:
    parent.say("born", server)
    problems = _prepare(setup, environ)
    loaded: queue.Queue[_Loaded] = queue.Queue()
    predicted: queue.Queue[_Predicted] = queue.Queue()
    for target, box in ((_read, loaded), (_score, predicted)):
        threading.Thread(target=target, args=(parent, box, setup, problems), daemon=True).start()
    engine: Engine | None = None
    said: tuple[tuple[str, str], ...] = ()
    modules = 0
    while True:
        item = loaded.get()
        try:
            if engine is None:
                _ODD.found = []
                engine = _engine(item.task.cell.contender, setup)
                said = tuple(_ODD.found)  # such as which of a file's weights were used
                parent.say("loaded")
        except BaseException as error:  # sys.exit too becomes one line
            parent.say("unloadable", reason_of(error))
            return
        parent.say("start", item.number)
        try:
            if item.error is not None:
                raise item.error
            found = _predict(replace(item, odd=(*item.odd, *said)), engine, parent)
            modules = check_late_imports(item.task.cell.contender.code, modules)
            predicted.put(found)
        except MethodError as error:  # it cannot do what was requested, with any image
            parent.say("unloadable", reason_of(error))
            return
        except BaseException as error:
            parent.say("trouble", item.number, status_of(error), reason_of(error))
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

    def hear(self) -> tuple[int, bytes, bool]:
        try:
            found: tuple[int, bytes, bool] = self._pipe.recv()
        except (EOFError, OSError):
            os._exit(1)
        return found


_ODD = threading.local()


def _prepare(setup: Setup, environ: Mapping[str, str]) -> list[str]:
    """Set up a fresh process; return the problems of plugins."""
    import cv2

    threading.Thread(target=_leave_with_parent, daemon=True).start()
    os.environ.clear()
    os.environ.update(environ)
    faulthandler.enable(sys.__stderr__ or 2)
    cv2.setNumThreads(1)
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", DataWarning)
    warnings.showwarning = _remember  # by thread, unlike warnings.catch_warnings
    problems = []
    for path in setup.plugins:
        if is_model_file(path):
            continue  # its text travels with the method
        try:
            execute(path)
        except BaseException as error:  # the methods of other plugins must not suffer
            problems.append(f"plugin file {path} fails: {reason_of(error)}")
    return problems


def _remember(message: Warning | str, *_: Any, **__: Any) -> None:
    getattr(_ODD, "found", []).append((str(message), getattr(message, "flag", "")))


def _leave_with_parent() -> None:
    """End with the parent: a worker whose parent was killed would wait for tasks forever."""
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


def _read(parent: _Parent, box: queue.Queue[_Loaded], setup: Setup, problems: list[str]) -> None:
    """Run the reading thread: tasks come from the parent, pixels go to the predicting thread."""
    while True:
        number, content, bare = parent.hear()
        try:
            task: Task = pickle.loads(content)  # nosec B301 # noqa: S301 - our parent's own
        except Exception as problem:
            parent.say("unloadable", "; ".join(problems) or reason_of(problem))
            return
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
        box.put(_Loaded(number, task, scene, tuple(_ODD.found), error, bare))


def _changed(task: Task) -> Exception | None:
    """Return an error if an image cannot be read because its file changed during the run."""
    for path, digest in task.files:
        try:
            if sha256_of(path) != digest:
                return ChangedError(f"{path} changed while the run was reading it; run again")
        except P3MBenchError:
            return ChangedError(f"{path} went while the run was reading it; run again")
    return None


def _check_unchanged(task: Task, read: Mapping[Path, str]) -> None:
    """Check that the decoded bytes are those that the row's key was made of."""
    for path, digest in task.files:
        if read.get(path, digest) != digest:
            raise ChangedError(f"{path} changed while the run was reading it; run again")


def _predict(item: _Loaded, engine: Engine, parent: _Parent) -> _Predicted:
    """Do what needs the method: make the matte, and for some images of a cell measure more."""
    task, scene = item.task, item.scene
    assert scene is not None  # noqa: S101 - there is a scene or an error
    info = task.cell.contender.method.info
    given = scene.trimap if info.needs_trimap else None
    call = engine.call(scene.image, given)
    alpha = checked_alpha(call.alpha, scene.image.shape[:2])
    odd = [text for text, _ in item.odd]
    macs: int | None = None
    shift: dict[str, float] = {}
    if task.counted and item.bare:
        odd.append("multiply-adds could not be counted: a measurement ended the process")
    elif task.counted:
        with _beside(parent, item.number, "multiply-adds could not be counted", odd):
            macs = engine.macs(scene.image, given)
    if engine.how and task.compared:
        why = "the effect of " + engine.how + " could not be measured"
        if item.bare:
            odd.append(f"{why}: it ended the process")
        else:
            with _beside(parent, item.number, why, odd):
                shift = shift_of(alpha, engine.exactly(scene.image, given))
    if info.needs_trimap and scene.trimap is not None:
        alpha = paste_known(alpha, scene.trimap)
    return _Predicted(
        item, scene, call, alpha, macs, shift, tuple(odd), engine.device, engine.parameters
    )


@contextmanager
def _beside(parent: _Parent, number: int, what: str, odd: list[str]) -> Iterator[None]:
    """Measure something besides the matte; the matte remains good if that fails."""
    parent.say("extra", number)
    try:
        yield
    except BaseException as error:  # sys.exit too
        odd.append(f"{what}: {reason_of(error)}")


def _score(
    parent: _Parent, box: queue.Queue[_Predicted], setup: Setup, problems: list[str]
) -> None:
    """Run the scoring thread: mattes come in, rows go out."""
    while True:
        item = box.get()
        number = item.loaded.number
        try:
            parent.say("row", number, _scored(item, setup))
        except Exception as error:
            parent.say("trouble", number, status_of(error), reason_of(error))


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
        metrics={**scores, **item.shift},
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
    """Keep the matte if that is wanted; return its path, and why it could not be kept.

    A matte that cannot be written does not change the score.
    """
    if setup.alphas is None:
        return "", []
    path = item.loaded.task.matte
    try:
        write_alpha(setup.alphas / path, item.alpha)
    except (P3MBenchError, OSError) as error:
        return "", [f"the matte was not kept: {reason_of(error)}"]
    return path, []

"""What a worker process does with one image: load it, predict, check, score."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from p3mbench.devices import resolve
from p3mbench.errors import P3MBenchError
from p3mbench.harness.engine import Engine, shift_of
from p3mbench.harness.plan import Contender, Task, alpha_path
from p3mbench.images import write_alpha
from p3mbench.method import checked_alpha, paste_known
from p3mbench.metrics import score
from p3mbench.registry import execute
from p3mbench.store import Row

MAX_REASON = 500


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


@dataclass(frozen=True)
class LoadFailed:
    """The method could not be loaded at all: none of its images can run."""

    contender: Contender
    reason: str


def prepare(plugins: tuple[Path, ...]) -> None:
    """Set a fresh worker process up; Ctrl-C is the parent's to handle."""
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    cv2.setNumThreads(1)
    warnings.simplefilter("ignore")
    for path in plugins:
        execute(path)


def _leave_with_parent() -> None:
    """A worker whose parent was killed would wait for tasks for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def work(task: Task, setup: Setup) -> Row | LoadFailed:
    """Run one image. Whatever goes wrong with it ends up in its row, never as an exception."""
    contender = task.cell.contender
    try:
        engine = _loaded(contender, setup.device, setup.threads)
    except Exception as error:
        return LoadFailed(contender, _reason(error))
    try:
        return _scored(task, setup, engine)
    except Exception as error:
        return failed(task, setup, _reason(error))


def failed(task: Task, setup: Setup, reason: str) -> Row:
    """The row of an image that could not be scored."""
    return Row(
        key=task.key,
        image=task.sample.id,
        status="failed",
        reason=reason,
        flags="",
        metrics={},
        seconds=None,
        height=None,
        width=None,
        device=setup.device,
        run_id=setup.run_id,
        **task.cell.columns,
    )


@lru_cache(maxsize=1)
def _loaded(contender: Contender, device: str, threads: int) -> Engine:
    info = contender.method.info
    resolved = resolve(device, info.learned)
    if info.learned:
        import torch

        torch.set_num_threads(threads)
    path = contender.weights.path if contender.weights else None
    predictor = contender.method.load(resolved, path)
    return Engine(predictor, resolved, contender.precision, contender.compiled)


def _scored(task: Task, setup: Setup, engine: Engine) -> Row:
    cell = task.cell
    info = cell.contender.method.info
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        scene = task.sample.load(cell.variant, cell.trimap)
    scene.image.setflags(write=False)
    if scene.trimap is not None:
        scene.trimap.setflags(write=False)
    given = scene.trimap if info.needs_trimap else None
    call = engine.call(scene.image, given)
    alpha = checked_alpha(call.alpha, scene.image.shape[:2])
    macs, odd = None, [str(warning.message) for warning in caught]
    if task.counted:
        macs = engine.macs(scene.image, given)
        if engine.how:
            odd.append(shift_of(engine.how, alpha, engine.exactly(scene.image, given)))
    if info.needs_trimap and scene.trimap is not None:
        alpha = paste_known(alpha, scene.trimap)
    scores = score(alpha, scene.alpha, scene.trimap, convention=cell.convention, face=scene.face)
    if setup.alphas is not None:
        write_alpha(alpha_path(setup.alphas, cell, task.sample.id), alpha)
    return Row(
        key=task.key,
        image=task.sample.id,
        status="ok",
        reason="; ".join(odd),
        flags=",".join([*scores.flags, *["seen_in_training"] * cell.seen]),
        metrics=dict(scores),
        seconds=call.seconds,
        height=scene.image.shape[0],
        width=scene.image.shape[1],
        device=engine.device,
        run_id=setup.run_id,
        parameters=engine.parameters,
        macs=macs,
        peak_mib=call.peak_mib,
        **cell.columns,
    )


def _reason(error: Exception) -> str:
    """One line that says what went wrong, and for a foreign error where."""
    text = " ".join(str(error).split()) or "no message"
    if not isinstance(error, P3MBenchError):
        frames = traceback.extract_tb(error.__traceback__)
        where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
        text = f"{type(error).__name__}: {text}{where}"
    return text if len(text) <= MAX_REASON else text[: MAX_REASON - 3] + "..."

"""Checks of repeated calls of ``predict``: repeatable, independent, without side effects."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from p3mbench.errors import MethodError
from p3mbench.harness.engine import Engine
from p3mbench.method import Float32Array
from p3mbench.testing.finding import Broken, one_line
from p3mbench.testing.outputs import USUAL, given
from p3mbench.testing.scenes import CheckScene, scene
from p3mbench.testing.subject import CheckedMethod, checked, torch_is_loaded

THREADS_TOLERANCE = 1e-4  # in alpha: sums in another order round differently
WINDOWS, CALLS, SIDE, ROUNDS = 3, 4, 160, 3  # of the memory check
SLOW_CALL = 0.1  # seconds of the processor; slower methods are called half as often
_STATE = "keep nothing between calls: no buffers, counters or running statistics on self"


def determinism(subject: CheckedMethod) -> str:
    """The same image gives the same matte, in two calls and from a new predictor."""
    case = scene(*USUAL)
    first = subject.matte(case)
    _same(
        subject, first, subject.matte(case), "a second call on one image differs",
        "use a seeded generator inside predict, and put networks into eval()",
    )  # fmt: skip
    _same(
        subject, first, subject.matte(case, subject.load()),
        "a newly loaded predictor gives another matte",
        "make load depend on the weights and parameters alone: no random weights",
    )  # fmt: skip
    return "two calls and a fresh predictor agree" + ("" if subject.tolerance else " to the bit")


def order(subject: CheckedMethod) -> str:
    """A matte does not depend on the images that came before."""
    cases = [scene(*USUAL, seed=1), scene(33, 47, seed=2), scene(*USUAL, seed=3)]
    forward = [subject.matte(case) for case in cases]
    backward = [subject.matte(case) for case in reversed(cases)][::-1]
    for case, first, second in zip(cases, forward, backward, strict=True):
        what = f"the matte of a {case.size} image depends on the images before it"
        _same(subject, first, second, what, _STATE)
    return f"{len(cases)} images in two orders"


def inputs(subject: CheckedMethod) -> str:
    """``predict`` does not change its image and trimap."""
    case = scene(*USUAL)
    arguments = given(subject, case)
    subject.guarded("predict", lambda: subject.predictor.predict(*arguments))
    for name, before, after in zip(
        ("image", "trimap"), (case.image, case.trimap), arguments, strict=False
    ):
        if not np.array_equal(before, after):
            changed = float((before != after).mean())
            raise Broken(
                f"predict changes its {name} in place ({changed:.0%} of the values)",
                f"begin with {name}.copy(); torch.from_numpy shares memory with the array",
            )
    return "unchanged"


def alias(subject: CheckedMethod) -> str:
    """A matte shares no memory with the inputs or with the next matte."""
    case = scene(*USUAL)
    arguments = given(subject, case)
    predict = subject.predictor.predict
    first = subject.guarded("predict", lambda: predict(*arguments))
    kept = np.array(first, copy=True)
    if any(np.shares_memory(first, argument) for argument in arguments):
        raise Broken("the matte is a view of the input", "return a copy: alpha.copy()")
    other = scene(*USUAL, seed=7)
    second = subject.guarded("predict", lambda: predict(*given(subject, other)))
    if np.shares_memory(first, second) or not np.array_equal(first, kept):
        raise Broken(
            "the next call overwrites the previous matte",
            "return a copy of the buffer: alpha.copy(), tensor.clone()",
        )
    return "each matte has its own memory"


def threads(subject: CheckedMethod) -> str:
    """One thread, two threads and another calling thread give equal mattes, within a tolerance."""
    case = scene(*USUAL)
    with thread_count(1):
        one = subject.matte(case)
    with thread_count(2):
        two = subject.matte(case)
    with ThreadPoolExecutor(1) as pool:
        elsewhere = pool.submit(subject.matte, case).result()
    for what, other in (("with 2 threads", two), ("called from another thread", elsewhere)):
        error = float(np.abs(one - other).max())
        if error > THREADS_TOLERANCE:
            raise Broken(
                f"{what} the matte differs by {error:.2g} (allowed: {THREADS_TOLERANCE:g})",
                "look for shared buffers, and for sums whose order depends on threads",
            )
    return f"1 and 2 threads differ by {float(np.abs(one - two).max()):.1g} at most"


def precision(subject: CheckedMethod) -> str:
    """The method really computes in every precision that it declares, and returns valid mattes."""
    lower = [name for name in subject.info.precisions if name != "fp32"]
    if not lower:
        return "fp32 only"
    case = scene(*USUAL)
    exact, moved = subject.matte(case), []
    trimap = case.trimap if subject.info.needs_trimap else None
    for name in lower:
        try:
            engine = Engine(subject.load(), subject.device, name)
            call = subject.guarded(f"predict in {name}", partial(engine.call, case.image, trimap))
        except MethodError as error:
            raise Broken(
                f"{name} is declared, but it {one_line(error)}",
                "give the predictor a method modules(), or take it out of info.precisions",
            ) from error
        alpha = checked(np.asarray(call.alpha, np.float32), case)
        moved.append(f"{name} moves the matte by {float(np.abs(alpha - exact).max()):.2g} at most")
    return "; ".join(moved)


def memory(subject: CheckedMethod) -> str:
    """Repeated calls do not accumulate memory.

    The check measures NumPy's and Python's blocks and PyTorch's tensors exactly. On Linux it also
    measures the resident memory of the process, which shows other memory unless freed room is
    reused.
    """
    case = scene(SIDE, SIDE)
    subject.matte(case)
    start = time.process_time()
    subject.matte(case)
    calls = CALLS if time.process_time() - start < SLOW_CALL else CALLS // 2
    growth = 0
    for _ in range(ROUNDS):  # an allocator's pool may grow in one round; a leak grows in all
        growth = _growth(subject, case, calls)
        if growth <= calls * SIDE * SIDE * 4 // 2:
            return f"{WINDOWS * calls} calls on {case.size} leave nothing behind"
    raise Broken(
        f"each call on a {case.size} image keeps {growth / calls / 1024:.0f} KiB of memory",
        "keep no images, mattes or tensors: no list on self, no unbounded cache, no gradients",
    )


def _growth(subject: CheckedMethod, case: CheckScene, calls: int) -> int:
    """Return the bytes that every window of calls adds; memory that grows once does not count."""
    with _watched():
        levels = [_levels()]
        for _ in range(WINDOWS):
            for _ in range(calls):
                checked(subject.raw(case), case)
            levels.append(_levels())
    steps: list[int] = [
        min(later - earlier for earlier, later in zip(series, series[1:], strict=False))
        for series in zip(*levels, strict=True)
    ]
    return max(steps)


@contextlib.contextmanager
def _watched() -> Iterator[None]:
    """Within the context new blocks are traced, and the collector looks at new objects only.

    It would take seconds to look at all that a process with PyTorch holds, after every window.
    """
    traced, frozen = tracemalloc.is_tracing(), gc.get_freeze_count()
    if not traced:
        tracemalloc.start()
    if not frozen:
        gc.freeze()
    try:
        yield
    finally:
        if not frozen:
            gc.unfreeze()
        if not traced:
            tracemalloc.stop()


def _levels() -> tuple[int, int]:
    """Return bytes in known blocks, and resident bytes (0 if the system does not report them)."""
    gc.collect()
    held = tracemalloc.get_traced_memory()[0] + _tensor_bytes()
    statm = Path("/proc/self/statm")
    if not statm.is_file():
        return held, 0
    pages = int(statm.read_text(encoding="ascii").split()[1])
    return held, pages * os.sysconf("SC_PAGE_SIZE")


def _tensor_bytes() -> int:
    """Count the bytes of all CPU tensors that the collector looks at, each storage once."""
    if not torch_is_loaded():
        return 0
    from torch import Tensor, strided

    storages = {}
    for item in gc.get_objects():
        if type(item) is Tensor and item.layout is strided and item.device.type == "cpu":
            storage = item.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
    return sum(storages.values())


def _same(
    subject: CheckedMethod, first: Float32Array, second: Float32Array, what: str, mend: str
) -> None:
    error = float(np.abs(first - second).max()) if first.shape == second.shape else np.inf
    if error > subject.tolerance:
        raise Broken(f"{what}, by {error:.2g} in alpha", mend)


@contextlib.contextmanager
def thread_count(count: int) -> Iterator[None]:
    """Set the threads of OpenCV, and of PyTorch and Numba if loaded, within the context."""
    restore: list[Callable[[], Any]] = []
    before = cv2.getNumThreads()
    cv2.setNumThreads(count)
    restore.append(lambda: cv2.setNumThreads(before))
    if torch_is_loaded():
        import torch

        usual = torch.get_num_threads()
        torch.set_num_threads(count)
        restore.append(lambda: torch.set_num_threads(usual))
    numba = sys.modules.get("numba")
    if numba is not None:
        most, earlier = numba.config.NUMBA_NUM_THREADS, numba.get_num_threads()
        numba.set_num_threads(min(count, most))
        restore.append(lambda: numba.set_num_threads(earlier))
    try:
        yield
    finally:
        for step in reversed(restore):  # PyTorch and Numba share OpenMP: the first one decides
            step()

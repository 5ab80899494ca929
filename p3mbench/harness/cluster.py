"""The same work on Dask: a cluster on this machine, one that runs already, or SLURM.

Each Dask worker does what a local slot does: it keeps one method in a process of its own and
watches it. Scores do not depend on where an image ran.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from p3mbench.errors import MethodError
from p3mbench.harness.isolate import Isolated, Limits, Outcome, Trouble, Unloadable
from p3mbench.harness.local import Backlog, Result
from p3mbench.harness.plan import Task
from p3mbench.harness.worker import Setup

if TYPE_CHECKING:
    from distributed import Client, Future

CHUNK = 8  # images per Dask task; rows are stored when their chunk is done
AHEAD = 2  # chunks in flight per worker, so that none waits for the coordinator

Chunk = list[tuple[int, bytes]]
Answer = tuple[list[tuple[int, Outcome]], Unloadable | None]

_SLOTS: dict[int, Isolated] = {}  # by thread of a Dask worker


def run_chunk(key: str, chunk: Chunk, setup: Setup, limits: Limits) -> Answer:
    """On a Dask worker: run some images of one contender in this thread's slot."""
    slot = _SLOTS.get(threading.get_ident())
    if slot is None or (slot.setup, slot.limits) != (setup, limits):
        if slot is not None:
            slot.close()
        slot = _SLOTS[threading.get_ident()] = Isolated(setup, limits)
    left = iter(chunk)
    found: list[tuple[int, Outcome]] = []
    problem = slot.run(key, lambda: next(left, None), lambda n, outcome: found.append((n, outcome)))
    return found, problem


def close_slots() -> None:
    """On a Dask worker: end the methods' processes when the run is over."""
    for slot in _SLOTS.values():
        slot.close()
    _SLOTS.clear()


def run_cluster(
    tasks: Iterable[Task], setup: Setup, limits: Limits, jobs: int, scheduler: str
) -> Generator[Result]:
    """Run tasks on Dask and yield their outcomes as they come.

    Args:
        tasks, setup, limits: as for `p3mbench.harness.local.run_local`.
        jobs: workers of a cluster that is started here.
        scheduler: ``dask`` for a cluster on this machine, ``slurm`` for one by dask-jobqueue (what
            a job asks for stands in its configuration file), or a scheduler's address such as
            ``tcp://host:8786``.

    Raises:
        MethodError: Dask is not installed, or the scheduler cannot be reached.
    """
    backlog = Backlog(tasks)
    with ExitStack() as stack:
        client = _client(stack, jobs, scheduler)
        stack.callback(client.run, close_slots)
        yield from _run(client, backlog, setup, limits)


def _client(stack: ExitStack, jobs: int, scheduler: str) -> Client:
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError:
        raise MethodError(
            "--scheduler needs Dask; install it: pip install 'p3mbench[cluster]'"
        ) from None
    # A worker's process must be allowed to have children, which Dask's are not by default.
    stack.enter_context(dask.config.set({"distributed.worker.daemon": False}))
    if scheduler == "dask":
        cluster = LocalCluster(
            n_workers=jobs, threads_per_worker=1, memory_limit=0, dashboard_address=None
        )
        return stack.enter_context(Client(stack.enter_context(cluster)))
    if scheduler == "slurm":
        return stack.enter_context(Client(stack.enter_context(_slurm(jobs))))
    try:
        return stack.enter_context(Client(scheduler, timeout=30))
    except (OSError, ValueError) as error:
        raise MethodError(
            f"--scheduler {scheduler}: cannot be reached ({error}); give local, dask, slurm or "
            "the address of a Dask scheduler such as tcp://host:8786"
        ) from None


def _slurm(jobs: int) -> Any:
    try:
        from dask_jobqueue import SLURMCluster
    except ImportError:
        raise MethodError(
            "--scheduler slurm needs dask-jobqueue; install it: pip install 'p3mbench[cluster]'"
        ) from None
    try:
        cluster = SLURMCluster(
            job_script_prologue=["export DASK_DISTRIBUTED__WORKER__DAEMON=False"]
        )
    except ValueError as error:  # its configuration lacks cores or memory
        raise MethodError(
            f"--scheduler slurm: {error}; say what a job asks for in dask-jobqueue's "
            "configuration file (docs/scale.md)"
        ) from None
    cluster.scale(jobs=jobs)
    return cluster


def _run(client: Client, backlog: Backlog, setup: Setup, limits: Limits) -> Iterator[Result]:
    from distributed import as_completed

    chunks = _chunks(backlog)
    of: dict[Future, tuple[str, Chunk]] = {}
    working = as_completed()

    def submit() -> bool:
        found = next(chunks, None)
        if found is not None:
            future = client.submit(run_chunk, *found, setup, limits, pure=False)
            of[future] = found
            working.add(future)
        return found is not None

    while len(of) < AHEAD * max(1, len(client.ncores())) and submit():
        pass
    try:
        for future in working:
            _, chunk = of.pop(future)
            yield from _answered(future, chunk, backlog)
            while len(of) < AHEAD * max(1, len(client.ncores())) and submit():
                pass
    finally:
        client.cancel(list(of))


def _chunks(backlog: Backlog) -> Iterator[tuple[str, Chunk]]:
    for group in backlog.groups:
        items = [(number, pickle.dumps(task)) for number, task in group.tasks]
        for start in range(0, len(items), CHUNK):
            yield group.contender.label, items[start : start + CHUNK]


def _answered(future: Future, chunk: Chunk, backlog: Backlog) -> Iterator[Result]:
    """The outcome of every image of a chunk, whatever became of the worker."""
    problem: Unloadable | None = None
    if future.status == "finished":
        found, problem = future.result()
    else:
        reason = " ".join(str(future.exception()).split())[:300]
        if "daemonic processes" in reason:
            reason = "start the workers with DASK_DISTRIBUTED__WORKER__DAEMON=False"
        found = [(number, Trouble("failed", f"its Dask worker: {reason}")) for number, _ in chunk]
    for number, outcome in found:
        yield backlog.tasks[number], outcome
    if problem is not None:
        done = {number for number, _ in found}
        for number, _ in chunk:
            if number not in done:
                yield backlog.tasks[number], problem

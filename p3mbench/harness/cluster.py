"""The same work on Dask: a cluster on this machine, one that runs already, or SLURM.

Each Dask worker does what a local slot does: it keeps one method in a process of its own and
watches it. Scores do not depend on where an image ran. A lost scheduler or worker is never a
method's failure: chunks are sent again, or the run ends and says why.
"""

from __future__ import annotations

import logging
import pickle
import queue
import threading
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

from p3mbench.errors import MethodError, P3MBenchError, RunError
from p3mbench.harness.isolate import ImageResult, Isolated, Limits, Unloadable
from p3mbench.harness.local import Backlog, Result
from p3mbench.harness.plan import Task
from p3mbench.harness.worker import Setup

if TYPE_CHECKING:
    from distributed import Client, Future

CHUNK = 8  # images per Dask task; rows are stored when their chunk is done
AHEAD = 2  # chunks in flight per worker, so that none waits for the coordinator
TRIES = 3  # of a chunk whose worker fails; Dask itself moves chunks of workers that are gone
PATIENCE = 60.0  # seconds without any worker before a run gives up

Chunk = list[tuple[int, bytes]]
Answer = tuple[list[tuple[int, ImageResult]], Unloadable | None]

_SLOTS: dict[int, Isolated] = {}  # by thread of a Dask worker


def run_chunk(key: str, chunk: Chunk, setup: Setup, limits: Limits) -> Answer:
    """On a Dask worker: run some images of one contender in this thread's slot."""
    slot = _SLOTS.get(threading.get_ident())
    if slot is None or (slot.setup, slot.limits) != (setup, limits):
        if slot is not None:
            slot.close()
        slot = _SLOTS[threading.get_ident()] = Isolated(setup, limits)
    left = iter(chunk)
    found: list[tuple[int, ImageResult]] = []
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
        scheduler: ``dask`` for a cluster on this machine, ``slurm`` for one by dask-jobqueue (its
            configuration file sets the resources of a job), or a scheduler's address such as
            ``tcp://host:8786``.

    Raises:
        MethodError: Dask is not installed, or the scheduler cannot be reached.
        RunError: the scheduler or all of its workers are gone, or workers cannot do the work.
    """
    backlog = Backlog(tasks)
    with ExitStack() as stack:
        client = _client(stack, jobs, scheduler)
        for name in list(logging.root.manager.loggerDict):  # our own message says it in one line
            if name.partition(".")[0] == "distributed":
                logging.getLogger(name).setLevel(logging.CRITICAL)
        run = _ClusterRun(client, backlog, setup, limits, waits=scheduler == "slurm")
        stack.callback(run.leave)
        yield from run.results()


def _client(stack: ExitStack, jobs: int, scheduler: str) -> Client:
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError:
        raise MethodError(
            "--scheduler needs Dask; install it: pip install 'p3mbench[cluster]'"
        ) from None
    # A worker's process must be allowed to have children; by default Dask's are not.
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
            f"--scheduler slurm: {error}; set the resources of a job in dask-jobqueue's "
            "configuration file (docs/scale.md)"
        ) from None
    cluster.scale(jobs=jobs)
    return cluster


class _ClusterRun:
    """The chunks of one run that are under way.

    Args:
        waits: whether workers may take any time to start, as jobs in a queue do.
    """

    def __init__(
        self, client: Client, backlog: Backlog, setup: Setup, limits: Limits, waits: bool
    ) -> None:
        self.client, self.backlog = client, backlog
        self.shared = setup, limits
        self.chunks = _chunks(backlog)
        self.sent: dict[Future, tuple[str, Chunk, int]] = {}
        self.done: queue.SimpleQueue[Future] = queue.SimpleQueue()
        self.last_seen = float("inf") if waits else time.monotonic()

    def results(self) -> Iterator[Result]:
        """Yield outcomes as they come."""
        self._fill()
        while self.sent:
            try:
                future = self.done.get(timeout=1.0)
            except queue.Empty:
                self._look()
                continue
            key, chunk, tries = self.sent.pop(future)
            answer = self._answer(future, tries)
            if answer is None:
                self._send(key, chunk, tries + 1)
            else:
                yield from _answered(answer, chunk, self.backlog)
            self._fill()

    def leave(self) -> None:
        """Leave the scheduler, which may be gone."""
        if self.client.status == "running":
            with suppress(Exception):
                self.client.cancel(list(self.sent))
            with suppress(Exception):
                self.client.run(close_slots, on_error="ignore")

    def _fill(self) -> None:
        wanted = AHEAD * max(1, self._workers())
        while len(self.sent) < wanted and (found := next(self.chunks, None)) is not None:
            self._send(*found, 1)

    def _send(self, key: str, chunk: Chunk, tries: int) -> None:
        self._check_scheduler()
        future = self.client.submit(run_chunk, key, chunk, *self.shared, pure=False)
        self.sent[future] = key, chunk, tries
        future.add_done_callback(self.done.put)

    def _answer(self, future: Future, tries: int) -> Answer | None:
        """Return the answer to a chunk, or None if it must be sent again."""
        if future.status == "finished":
            found: Answer = future.result()
            return found
        self._check_scheduler()
        if future.status == "error":
            error = future.exception()
            if isinstance(error, P3MBenchError):
                raise RunError(f"on a Dask worker: {error}")
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            if "daemonic processes" in reason:
                reason = "start the workers with DASK_DISTRIBUTED__WORKER__DAEMON=False"
            if tries >= TRIES:
                raise RunError(f"Dask workers failed {TRIES} times at the same images: {reason}")
        return None

    def _look(self) -> None:
        """Check, after a time without results, that the scheduler and workers are still there."""
        self._check_scheduler()
        if self._workers():
            self.last_seen = time.monotonic()
        elif time.monotonic() - self.last_seen > PATIENCE:
            raise RunError(
                f"no Dask worker for {PATIENCE:g} s; stored rows are kept: start workers and give "
                "the same command"
            )

    def _workers(self) -> int:
        """Return the number of workers, as the scheduler last reported it."""
        with suppress(Exception):
            return len(self.client.ncores())
        return 0

    def _check_scheduler(self) -> None:
        if self.client.status != "running":
            raise RunError(
                "the Dask scheduler is gone; stored rows are kept: start it and give the same "
                "command"
            )


def _chunks(backlog: Backlog) -> Iterator[tuple[str, Chunk]]:
    for group in backlog.groups:
        items = [(number, pickle.dumps(task)) for number, task in group.tasks]
        for start in range(0, len(items), CHUNK):
            yield group.contender.label, items[start : start + CHUNK]


def _answered(answer: Answer, chunk: Chunk, backlog: Backlog) -> Iterator[Result]:
    """Yield the outcome of every image of a chunk."""
    found, problem = answer
    for number, outcome in found:
        yield backlog.tasks[number], outcome
    if problem is not None:
        done = {number for number, _ in found}
        for number, _ in chunk:
            if number not in done:
                yield backlog.tasks[number], problem

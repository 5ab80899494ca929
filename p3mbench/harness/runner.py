"""Running a plan: tasks go out to methods' processes, rows come back and are stored one by one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from p3mbench.data.mini import SCENES
from p3mbench.harness.isolate import Limits, Trouble, Unloadable
from p3mbench.harness.local import Result, run_local
from p3mbench.harness.plan import Plan, Task
from p3mbench.harness.worker import Setup, failed
from p3mbench.provenance import gpus, memory_gib, usable_cores
from p3mbench.store import Row, Store

GIB_PER_JOB = 4  # a closed-form system at 1.75 megapixels needs about that much

OnRow = Callable[[Row], None]


@dataclass
class RunReport:
    """What a run did; it owns the exit code.

    Attributes:
        failures: rows of images that could not be scored.
        unloadable: methods that could not be loaded, with the reason; their images are skipped.
        warnings: what was odd about images that were scored all the same.
    """

    ok: int = 0
    failures: list[Row] = field(default_factory=list)
    unloadable: dict[str, str] = field(default_factory=dict)
    warnings: set[str] = field(default_factory=set)
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0 all is well, 3 some images or methods failed, 130 stopped by Ctrl-C."""
        if self.interrupted:
            return 130
        return 3 if self.failures or self.unloadable else 0


def default_jobs(plan: Plan, device: str) -> int:
    """As many workers as there are cores, but no more than memory holds, and one on a GPU.

    Networks of several processes would share a GPU's memory; ``--jobs`` says that they fit.
    """
    learned = any(cell.todo and cell.cell.contender.method.info.learned for cell in plan.cells)
    if learned and device != "cpu" and gpus():
        return 1
    memory = memory_gib()
    by_memory = int(memory // GIB_PER_JOB) if memory else 1
    return max(1, min(usable_cores(), by_memory))


def run_plan(
    plan: Plan,
    store: Store,
    setup: Setup,
    jobs: int,
    on_row: OnRow = lambda row: None,
    *,
    limits: Limits | None = None,
    scheduler: str = "local",
) -> RunReport:
    """Run what the plan has to do and store every row as it comes.

    Args:
        plan: what to run.
        store: where rows go; only this process writes to it.
        setup: what the workers share.
        jobs: worker processes.
        on_row: called with each row once it is stored.
        limits: what an image may cost.
        scheduler: ``local``, or as for `p3mbench.harness.cluster.run_cluster`.

    Returns:
        What was done. Ctrl-C ends the run early and is reported, not raised.
    """
    report = RunReport()
    try:
        with (
            _environment(setup, plan),
            closing(_results(plan, setup, limits or Limits(), jobs, scheduler)) as results,
        ):
            for task, outcome in results:
                row = _row(task, outcome, setup, report)
                store.add(row)
                _count(row, report, isinstance(outcome, Unloadable))
                on_row(row)
    except KeyboardInterrupt:
        report.interrupted = True
    return report


def _results(
    plan: Plan, setup: Setup, limits: Limits, jobs: int, scheduler: str
) -> Generator[Result]:
    if scheduler == "local":
        return run_local(plan.todo, setup, limits, jobs)
    from p3mbench.harness.cluster import run_cluster

    return run_cluster(plan.todo, setup, limits, jobs, scheduler)


def _row(task: Task, outcome: Row | Trouble | Unloadable, setup: Setup, report: RunReport) -> Row:
    if isinstance(outcome, Row):
        return outcome
    if isinstance(outcome, Unloadable):
        report.unloadable[task.cell.contender.label] = outcome.reason
        reason = f"could not be loaded: {outcome.reason}"
        return failed(task, setup, "skipped", reason, outcome.log)
    return failed(task, setup, outcome.status, outcome.reason, outcome.log)


def _count(row: Row, report: RunReport, unloadable: bool) -> None:
    if row.status == "ok":
        report.ok += 1
        if row.reason:
            report.warnings.add(row.reason)
    elif not unloadable:  # those are told by method
        report.failures.append(row)


@contextmanager
def _environment(setup: Setup, plan: Plan) -> Iterator[None]:
    """What the processes of a run need to know: threads, and where they share what they draw.

    Numeric libraries read their variables once, when they are loaded in a new process.
    """
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    wanted = dict.fromkeys(names, str(setup.threads))
    if not any(c.todo and c.cell.contender.method.info.learned for c in plan.cells):
        wanted["P3MBENCH_NO_TORCH"] = "1"
    # Killed processes leave semaphores behind; Python's tracker frees them, and need not say so.
    quiet = "ignore::UserWarning:multiprocessing.resource_tracker"
    wanted["PYTHONWARNINGS"] = ",".join(filter(None, [os.environ.get("PYTHONWARNINGS"), quiet]))
    wanted[SCENES] = tempfile.mkdtemp(prefix="p3mbench-scenes-")
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        shutil.rmtree(wanted[SCENES], ignore_errors=True)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

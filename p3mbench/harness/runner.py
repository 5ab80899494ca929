"""Run a plan: tasks go out to methods' processes, rows come back and are stored one by one."""

from __future__ import annotations

import os
import platform
import re
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from p3mbench.data.sample import SCENES
from p3mbench.harness.engine import SHIFT
from p3mbench.harness.family import is_running, stopping_together
from p3mbench.harness.isolate import Limits, Trouble, Unloadable
from p3mbench.harness.local import Result, run_local
from p3mbench.harness.plan import Plan, Task
from p3mbench.harness.worker import Setup, failed
from p3mbench.names import printable
from p3mbench.provenance import gpus, memory_gib, usable_cores
from p3mbench.store import Row, Store

GIB_PER_JOB = 4  # a closed-form system at 1.75 megapixels needs about that much

OnRow = Callable[[Row], None]


@dataclass
class RunReport:
    """The outcome of the images of a run, with the exit code.

    Attributes:
        failures: rows of images that could not be scored.
        unloadable: methods that could not be loaded, with the reason; their images are skipped.
        warnings: what was odd about images that were still scored.
        shifts: by method, the effect of a lower precision or compilation on the compared mattes:
            the SAD between both, and the largest difference of a pixel.
        missing: number of images that have neither a row nor a reason.
        unkept: number of images with a score whose matte was wanted but could not be kept.
    """

    ok: int = 0
    failures: list[Row] = field(default_factory=list)
    unloadable: dict[str, str] = field(default_factory=dict)
    warnings: set[str] = field(default_factory=set)
    shifts: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    missing: int = 0
    unkept: int = 0
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0 all is stored, 1 rows are missing, 3 images or mattes failed, 130 stopped by Ctrl-C."""
        if self.interrupted:
            return 130
        if self.missing:
            return 1
        return 3 if self.failures or self.unloadable or self.unkept else 0


def moved(shifts: Sequence[tuple[float, float]]) -> str:
    """Describe the effect of a lower precision or compilation on some mattes.

    Args:
        shifts: for each compared matte, the SAD from float32's and the largest difference in alpha.
    """
    sads = [sad for sad, _ in shifts]
    return (
        f"SAD between its mattes and those in fp32 is {sum(sads) / len(sads):.3g} in the mean and "
        f"at most {max(sads):.3g}, alpha moves by at most {max(m for _, m in shifts):.2g} "
        f"({len(sads)} mattes compared)"
    )


def default_jobs(plan: Plan, device: str) -> int:
    """Return as many workers as there are cores, but no more than memory allows, and one on a GPU.

    Several networks would share a GPU's memory; with ``--jobs`` the user says that they fit.
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
    """Run the images of the plan and store every row as it comes.

    Args:
        plan: what to run.
        store: where rows go; only this process writes to it.
        setup: shared by the workers.
        jobs: worker processes.
        on_row: called with each row once it is stored.
        limits: of one image.
        scheduler: ``local``, or as for `p3mbench.harness.cluster.run_cluster`.

    Returns:
        The outcome. Ctrl-C ends the run early and is reported, not raised.

    Raises:
        RunError: the processes or the scheduler have failed.
        StoreError: a row cannot be stored.
    """
    report = RunReport()
    try:
        with (
            stopping_together(),
            _environment(setup, plan),
            closing(_results(plan, setup, limits or Limits(), jobs, scheduler)) as results,
        ):
            for task, outcome in results:
                row = _safe(_row(task, outcome, setup, report))
                store.add(row)
                _count(row, task, report, isinstance(outcome, Unloadable))
                report.unkept += row.status == "ok" and setup.alphas is not None and not row.matte
                on_row(row)
        stored = store.statuses()
        report.missing = sum(task.key not in stored for task in plan.todo)
    except KeyboardInterrupt:
        report.interrupted = True
    return report


def _safe(row: Row) -> Row:
    """Remove from a row what cannot be stored as text or would control a terminal."""
    return replace(
        row,
        image=printable(row.image),
        reason=printable(row.reason),
        log=printable(row.log, lines=True),
    )


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


def _count(row: Row, task: Task, report: RunReport, unloadable: bool) -> None:
    if row.status == "ok":
        report.ok += 1
        if SHIFT[0] in row.metrics:
            found = report.shifts.setdefault(task.cell.contender.label, [])
            found.append((row.metrics[SHIFT[0]], row.metrics[SHIFT[1]]))
        if row.reason:
            report.warnings.add(row.reason)
    elif not unloadable:  # those are reported by method
        report.failures.append(row)


_FOLDER = "p3mbench-run-"  # of drawings and logs; the host's name and the run's pid follow


def _tidy() -> None:
    """Remove the folders of runs that were killed on this machine."""
    mine = re.compile(re.escape(f"{_FOLDER}{platform.node()}-") + r"(\d+)-\w+")
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        match = mine.fullmatch(folder.name)
        if match and not is_running(int(match[1])) and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)  # of another user: it stays


@contextmanager
def _environment(setup: Setup, plan: Plan) -> Iterator[None]:
    """Tell the processes of a run their number of threads, and where they share what they draw.

    Numeric libraries read their variables once, when they are loaded in a new process.
    """
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    wanted = dict.fromkeys(names, str(setup.threads))
    if not any(c.todo and c.cell.contender.method.info.learned for c in plan.cells):
        wanted["P3MBENCH_NO_TORCH"] = "1"
    # Killed processes leave semaphores behind; Python's tracker frees them, and should be quiet.
    quiet = "ignore::UserWarning:multiprocessing.resource_tracker"
    wanted["PYTHONWARNINGS"] = ",".join(filter(None, [os.environ.get("PYTHONWARNINGS"), quiet]))
    _tidy()
    wanted[SCENES] = tempfile.mkdtemp(prefix=f"{_FOLDER}{platform.node()}-{os.getpid()}-")
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

"""A whole run: from the request to stored rows and an exit code.

The command line and Python both call `run_request`. It shows nothing; a `Listener` receives the
events and may show them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from p3mbench.benchmark import Benchmark, Opened, chosen, open_benchmark
from p3mbench.data.findings import FindingKind, refuse
from p3mbench.data.listing import normalised
from p3mbench.data.recognition import recognised
from p3mbench.devices import check_device
from p3mbench.errors import MethodError, P3MBenchError
from p3mbench.harness.again import with_plugins
from p3mbench.harness.contenders import Blocked, Request, named_methods
from p3mbench.harness.isolate import GIB, Limits
from p3mbench.harness.manifest import begin, remember
from p3mbench.harness.plan import Plan, make_plan
from p3mbench.harness.request import RunRequest
from p3mbench.harness.runner import OnRow, RunReport, default_jobs, run_plan
from p3mbench.harness.survey import examine, samples_of
from p3mbench.harness.worker import Setup
from p3mbench.method import Method, with_options
from p3mbench.plugins import KnownPlugin
from p3mbench.registry import unknown_method
from p3mbench.store import Store
from p3mbench.writing import write_bytes


class Listener:
    """Receives the events of a run. This class ignores them; override methods to show them."""

    def recognised(self, data: Path, benchmark: str) -> None:
        """The user named no benchmark; ``data`` is laid out as this one."""

    def reused(self, plugin: KnownPlugin) -> None:
        """A plugin of an earlier run in this store is used again."""

    def planned(self, plan: Plan, benchmark: Benchmark, broken: Sequence[Blocked]) -> None:
        """The plan is ready; ``broken`` are methods that cannot be used at all."""

    @contextmanager
    def looking(self, images: int) -> Iterator[Callable[[int], object]]:
        """The files are read; yield a function to call with the number of images just read."""
        yield lambda _: None

    def examined(self, kinds: Sequence[FindingKind], opened: Opened) -> None:
        """The suspicious files are known."""

    @contextmanager
    def running(self, plan: Plan, jobs: int, store: Store) -> Iterator[OnRow]:
        """The images are running; yield a function to call with each row once it is stored."""
        yield lambda _: None


@dataclass(frozen=True)
class RunResult:
    """The result of a run.

    Attributes:
        out: the folder of the results.
        benchmark: name of the benchmark.
        todo: number of images to run.
        done: number of images that already had rows.
        report: what was done; ``report.ok`` images were scored, ``report.failures`` were not.
        exit_code: 0 everything requested is stored, 1 rows are missing, 3 images, mattes or named
            methods failed, 130 stopped by Ctrl-C.
    """

    out: Path
    benchmark: str
    todo: int
    done: int
    report: RunReport = field(default_factory=RunReport)
    exit_code: int = 0


def run_request(request: RunRequest, listener: Listener | None = None) -> RunResult:
    """Plan, look at the files, run what is missing, and store a row per image.

    Args:
        request: the options of the run.
        listener: receives the events.

    Raises:
        P3MBenchError: the request cannot be met; the message says why and how to mend it.
    """
    listener = listener or Listener()
    request, reused = with_plugins(request)
    for plugin in reused:
        listener.reused(plugin)
    if request.scheduler == "local":  # workers elsewhere have devices of their own
        check_device(request.device)
    benchmark = _benchmark(request, listener)
    wanted, broken = wanted_rows(request, benchmark)
    opened = open_benchmark(benchmark, request.data)
    with Store(request.out, create=True) as store:
        plan = make_plan(opened, wanted, store)
        listener.planned(plan, benchmark, broken)
        with listener.looking(len(samples_of(plan))) as tick:
            plan, kinds = examine(plan, store, tick)
        listener.examined(kinds, opened)
        if request.strict:
            refuse(kinds, strict=True, what="nothing was run")
        todo = sum(len(cell.todo) for cell in plan.cells)
        done = sum(cell.done for cell in plan.cells)
        result = RunResult(request.out, benchmark.name, todo, done)
        if request.dry_run:
            return result
        if not plan.cells:
            raise P3MBenchError(
                f"nothing was run on {benchmark.name}: the plan says what is missing"
            )
        if request.alphas is not None:
            _check_writable(request.alphas)
        remember(store, plan)
        if todo:
            where = Path(opened.where) if opened.where else request.data
            named = replace(request, benchmark=request.benchmark or benchmark.name, data=where)
            result = replace(result, report=_run(plan, store, named, listener))
    code = result.report.exit_code or 3 * plan.lacks(request.names, request.variants)
    return replace(result, exit_code=code)


def _benchmark(request: RunRequest, listener: Listener) -> Benchmark:
    name = recognised(request.benchmark, request.data)
    if request.benchmark is None and request.data is not None:
        listener.recognised(request.data, name)
    return chosen(name, request.trimap, request.faces, request.variants)


def wanted_rows(request: RunRequest, benchmark: Benchmark) -> tuple[Request, list[Blocked]]:
    """Return what a plan is made from, and the methods that cannot be used at all.

    Raises:
        MethodError: a method or one of its options is unknown.
    """
    methods, broken = named_methods(request.methods, request.plugins)
    _check_names(request.options, methods, "--set")
    _check_names(request.weights, methods, "--weights")
    return Request(
        methods=tuple(with_options(m, request.options.get(m.info.name, {})) for m in methods),
        variants=benchmark.variants,
        weights=request.weights,
        limit=request.limit,
        images=tuple(map(normalised, request.images)),
        retry_failed=request.retry == "failed",
        shard=request.shard,
        alphas=request.alphas,
        precision=request.precision,
        compiled=request.compiled,
        keep_stale=request.keep_stale,
        threads=request.threads,
    ), broken


def _check_names(given: Iterable[str], methods: Sequence[Method], option: str) -> None:
    names = [method.info.name for method in methods]
    for name in given:
        if name not in names:
            raise MethodError(unknown_method(name, names, f"method in {option}"))


def _check_writable(folder: Path) -> None:
    """Fail before the first image if mattes cannot be kept."""
    probe = folder / ".writable"
    try:
        write_bytes(probe, b"")
        probe.unlink()
    except (P3MBenchError, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise P3MBenchError(
            f"mattes cannot be kept in {folder} ({reason}); mend that, or leave out --save-alphas"
        ) from None


def _run(plan: Plan, store: Store, request: RunRequest, listener: Listener) -> RunReport:
    """Run the images of a plan, after storing the record of the run."""
    total = sum(1 for _ in plan.todo)
    jobs = min(request.jobs or default_jobs(plan, request.device), total)
    run_id = begin(store, plan, request.recorded(), jobs)
    setup = Setup(request.device, run_id, request.alphas, request.plugins, request.threads)
    limits = Limits(request.timeout, int((request.memory_limit or 0) * GIB))
    with listener.running(plan, jobs, store) as on_row:
        return run_plan(
            plan, store, setup, jobs, on_row, limits=limits, scheduler=request.scheduler
        )

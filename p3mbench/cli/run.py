"""``p3mbench run``: plan, predict, score, store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from p3mbench.cli.options import (
    DEFAULT_RESULTS,
    complete_benchmarks,
    complete_methods,
    named,
    plugin_option,
)
from p3mbench.cli.progress import show_outcome, show_plan
from p3mbench.cli.screen import quiet_stdout

if TYPE_CHECKING:
    from p3mbench.benchmark import Benchmark, Opened
    from p3mbench.harness.contenders import Request
    from p3mbench.harness.plan import Plan
    from p3mbench.harness.runner import RunReport
    from p3mbench.method import Method
    from p3mbench.store import Store


@click.command("run")
@click.option(
    "--methods",
    default="all",
    show_default=True,
    shell_complete=complete_methods,
    help="'all', or names joined by commas.",
)
@click.option(
    "--benchmark",
    shell_complete=complete_benchmarks,
    help="Name or FILE.toml [default: mini, or p3m500 if --data is laid out as P3M-10k]",
)
@click.option("--data", type=click.Path(path_type=Path), help="Data folder (or P3M_ROOT).")
@click.option("--variants", help="Test variants: B (faces blurred), N (visible) or B,N.")
@click.option(
    "--trimap",
    help="'dataset', or 'kernel-N' to make trimaps from the alphas, N pixels wide (P3M: 25).",
)
@click.option(
    "--faces",
    type=click.Choice(["facemask", "detect"]),
    help="Where faces to blur come from when there are no blurred images.",
)
@click.option("--limit", type=click.IntRange(1), help="Only the first N images of each subset.")
@click.option("--images", help="Only these image ids, joined by commas.")
@click.option(
    "--weights",
    multiple=True,
    metavar="NAME=FILE[@SETTING]",
    help="Checkpoint of a method, trained under SETTING: B, N, B+CP or other. Repeatable.",
)
@click.option(
    "--set",
    "options",
    multiple=True,
    metavar="NAME.OPTION=VALUE",
    help="A parameter of a method, e.g. p3mnet-r34.strategy=hybrid. Repeatable.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Worker processes [default: by cores and memory; 1 on a GPU]",
)
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Per worker; another number moves scores by about 1e-6, so its rows stand apart.",
)
@click.option(
    "--precision",
    type=click.Choice(["fp32", "bf16", "fp16"]),
    default="fp32",
    show_default=True,
    help="Of networks; its effect on the mattes is measured and shown.",
)
@click.option("--compile", "compiled", is_flag=True, help="Compile networks (torch.compile).")
@click.option("--save-alphas", is_flag=True, help="Keep every matte as a PNG file.")
@click.option(
    "--retry",
    type=click.Choice(["none", "failed"]),
    default="none",
    help="Run images again that failed, took too long or ran out of memory.",
)
@click.option(
    "--keep-stale",
    is_flag=True,
    help="Keep scores whose code or libraries have changed since, and mark them.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0),
    default=3600,
    show_default=True,
    help="Seconds after which an image without progress is given up; 0 for never.",
)
@click.option(
    "--memory-limit",
    type=click.FloatRange(0, min_open=True),
    metavar="GIB",
    help="Memory that a method's process may use, in GiB.",
)
@click.option(
    "--scheduler",
    default="local",
    show_default=True,
    help="local, dask (a cluster here), slurm, or the address of a Dask scheduler.",
)
@click.option("--shard", metavar="I/N", help="Every N-th image, from the I-th: for job arrays.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=DEFAULT_RESULTS,
    show_default=True,
    help="Folder of the results.",
)
@click.option("--dry-run", is_flag=True, help="Show the plan and stop.")
@click.option("--strict", is_flag=True, help="Run nothing if a file is suspicious.")
@plugin_option
@click.pass_context
def command(ctx: click.Context, /, **asked: Any) -> None:
    """Run methods on a benchmark and store a row per image.

    A second run does only what is missing; Ctrl-C loses at most the images in flight.

    \b
    p3mbench run --methods all
    p3mbench run --methods p3mnet-r34 --benchmark p3m500 --data P3M-10k --weights p3mnet-r34=r34.pth
    """
    from p3mbench.benchmark import open_benchmark
    from p3mbench.errors import P3MBenchError
    from p3mbench.harness.manifest import remember
    from p3mbench.harness.plan import make_plan
    from p3mbench.store import Store

    _recognise(asked)
    request, broken = _request(asked)
    benchmark = _benchmark(asked)
    opened = open_benchmark(benchmark, asked["data"])
    with Store(asked["out"], create=True) as store:
        plan = make_plan(opened, request, store)
        show_plan(plan, benchmark, [(b.what, b.reason) for b in broken])
        plan = _examined(plan, opened, store, strict=asked["strict"])
        if asked["dry_run"]:
            return
        if not plan.cells:
            raise P3MBenchError(
                f"nothing was run on {benchmark.name}: the plan says what is missing"
            )
        if request.alphas is not None:
            _check_writable(request.alphas)
        remember(store, plan)
        if not any(True for _ in plan.todo):
            done = sum(cell.done for cell in plan.cells)
            click.echo(
                f"nothing left to do: {done:,} rows are stored; "
                f"p3mbench report --results {asked['out']} shows them"
            )
            ctx.exit(_code(0, plan, asked))
        data = {"data": opened.where} if opened.where else {}
        report = _run(plan, store, asked | data, request)
        code = _code(report.exit_code, plan, asked)
        try:
            show_outcome(report, store, asked["out"])
        except BrokenPipeError:  # the reader of the tables has left; the run is over all the same
            quiet_stdout()
        ctx.exit(code)


def _code(code: int, plan: Plan, asked: dict[str, Any]) -> int:
    """0 only if everything that was asked for by name is stored."""
    named = [] if asked["methods"] == "all" else asked["methods"].split(",")
    variants = asked["variants"].split(",") if asked["variants"] else ()
    return code or 3 * plan.lacks((name.strip() for name in named if name.strip()), variants)


def _check_writable(folder: Path) -> None:
    """Fail before the first image if mattes cannot be kept."""
    from p3mbench.errors import P3MBenchError
    from p3mbench.writing import write_bytes

    probe = folder / ".writable"
    try:
        write_bytes(probe, b"")
        probe.unlink()
    except (P3MBenchError, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise P3MBenchError(
            f"mattes cannot be kept in {folder} ({reason}); mend that, or leave --save-alphas"
        ) from None


def _recognise(asked: dict[str, Any]) -> None:
    """Fill in the benchmark that was not named, and say which it is."""
    from p3mbench.data.recognition import recognised

    if asked["benchmark"] is None:
        asked["benchmark"] = recognised(None, asked["data"])
        if asked["data"] is not None:
            click.echo(f"{asked['data']} is laid out as P3M-10k: benchmark {asked['benchmark']}")


def _examined(plan: Plan, opened: Opened, store: Store, *, strict: bool) -> Plan:
    """Name what is suspicious about the files, before anything starts."""
    from p3mbench.cli.oddities import looking, refuse, show_kinds
    from p3mbench.data.listing import ignored_lines
    from p3mbench.harness.survey import examine, samples_of

    with looking(len(samples_of(plan))) as tick:
        examined, kinds = examine(plan, store, tick)
    show_kinds(kinds)
    for line in ignored_lines(one for subset in opened.subsets for one in subset.ignored):
        click.echo(f"note: {line}")
    if strict:
        refuse(kinds, strict=True, what="nothing was run")
    return examined


def _benchmark(asked: dict[str, Any]) -> Benchmark:
    from p3mbench.benchmark import chosen

    return chosen(asked["benchmark"], asked["trimap"], asked["faces"], _variants(asked))


def _variants(asked: dict[str, Any]) -> tuple[str, ...]:
    """Those of --variants; none for the benchmark's own."""
    from p3mbench.settings import check_variant

    named = asked["variants"].split(",") if asked["variants"] else ()
    try:
        return tuple(check_variant(variant.strip()) for variant in named)
    except ValueError as error:
        raise click.UsageError(f"--variants: {error}") from None


def _request(asked: dict[str, Any]) -> tuple[Request, list[Any]]:
    from p3mbench.data.listing import normalised
    from p3mbench.harness.contenders import Request, select_methods

    methods, broken = select_methods(asked["methods"], asked["plugins"])
    request = Request(
        methods=_with_options(methods, asked["options"]),
        variants=_benchmark(asked).variants,
        weights=_weights(asked["weights"], [m.info.name for m in methods]),
        limit=asked["limit"] or 0,
        images=tuple(map(normalised, asked["images"].split(","))) if asked["images"] else (),
        retry_failed=asked["retry"] == "failed",
        shard=_shard(asked["shard"]),
        alphas=asked["out"] / "alphas" if asked["save_alphas"] else None,
        precision=asked["precision"],
        compiled=asked["compiled"],
        keep_stale=asked["keep_stale"],
        threads=asked["threads"],
    )
    return request, broken


def _shard(text: str | None) -> tuple[int, int]:
    if not text:
        return 1, 1
    i, _, n = text.partition("/")
    if not (i.isdecimal() and n.isdecimal() and 1 <= int(i) <= int(n)):
        raise click.UsageError(f"--shard takes I/N with I from 1 to N, such as 3/8, not {text!r}")
    return int(i), int(n)


def _with_options(methods: tuple[Method, ...], given: tuple[str, ...]) -> tuple[Method, ...]:
    from p3mbench.errors import MethodError
    from p3mbench.method import with_options
    from p3mbench.registry import unknown

    changes: dict[str, dict[str, str]] = {}
    for path, value in named(given, "--set"):
        name, dot, option = path.partition(".")
        if not dot:
            raise click.UsageError(f"--set takes NAME.OPTION=VALUE, not {path}={value}")
        if name not in {method.info.name for method in methods}:
            names = [method.info.name for method in methods]
            raise MethodError(unknown(name, names, "method in --set"))
        changes.setdefault(name, {})[option] = value
    return tuple(with_options(m, changes.get(m.info.name, {})) for m in methods)


def _weights(
    given: tuple[str, ...], names: list[str]
) -> dict[str, tuple[tuple[Path, str | None], ...]]:
    from p3mbench.errors import MethodError
    from p3mbench.registry import unknown
    from p3mbench.settings import is_train_setting

    found: dict[str, tuple[tuple[Path, str | None], ...]] = {}
    for name, value in named(given, "--weights"):
        if name not in names:
            raise MethodError(unknown(name, names, "method in --weights"))
        path, at, setting = value.rpartition("@")
        if not at or not is_train_setting(setting):
            path, setting = value, ""
        found[name] = (*found.get(name, ()), (Path(path), setting or None))
    return found


def _run(plan: Plan, store: Store, asked: dict[str, Any], request: Request) -> RunReport:
    from tqdm import tqdm

    from p3mbench.cli.screen import pause
    from p3mbench.harness.isolate import GIB, Limits
    from p3mbench.harness.manifest import begin
    from p3mbench.harness.runner import default_jobs, run_plan
    from p3mbench.harness.worker import Setup

    total = sum(1 for _ in plan.todo)
    jobs = min(asked["jobs"] or default_jobs(plan, asked["device"]), total)
    run_id = begin(
        store, plan, {k: v for k, v in asked.items() if v not in (None, (), False)}, jobs
    )
    setup = Setup(asked["device"], run_id, request.alphas, asked["plugins"], asked["threads"])
    click.echo(f"{total} images on {jobs} worker{'s' * (jobs > 1)}; rows go to {store.path}")
    infos = {task.cell.contender.method.info for task in plan.todo}
    for note in sorted({info.first_use for info in infos} - {""}):
        click.echo(f"note: {note}")
    with tqdm(
        total=total, unit="image", dynamic_ncols=True, smoothing=0.05, mininterval=pause()
    ) as bar:

        def tick(row: Any) -> None:
            bar.set_postfix_str(row.method, refresh=False)
            bar.update()

        limits = Limits(asked["timeout"], int((asked["memory_limit"] or 0) * GIB))
        return run_plan(plan, store, setup, jobs, tick, limits=limits, scheduler=asked["scheduler"])

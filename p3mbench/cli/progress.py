"""The output of ``p3mbench run``: the plan before it starts, and its result."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from p3mbench.cli.screen import columns, item, pause, quiet_stdout, screen_width
from p3mbench.harness.run import Listener
from p3mbench.names import printable

if TYPE_CHECKING:
    from p3mbench.benchmark import Benchmark, Opened
    from p3mbench.data.findings import FindingKind
    from p3mbench.harness.again import Repeated
    from p3mbench.harness.contenders import Blocked
    from p3mbench.harness.plan import Plan
    from p3mbench.harness.run import RunResult
    from p3mbench.harness.runner import OnRow, RunReport
    from p3mbench.plugins import KnownPlugin
    from p3mbench.rows import Row
    from p3mbench.store import Store

FAILURES_SHOWN = 5


class Screen(Listener):
    """A run on the terminal: the plan, what is odd about the files, and a progress bar."""

    def __init__(self, repeated: Repeated | None = None, device: str = "auto") -> None:
        self.repeated, self.device = repeated, device

    def reused(self, plugin: KnownPlugin) -> None:
        """Say which file runs again without being named."""
        click.echo(
            f"note: using the plugin {plugin.path}, as an earlier run here did (same content, "
            "which you ran before)"
        )

    def recognised(self, data: Path, benchmark: str) -> None:
        """Say which benchmark was taken."""
        click.echo(f"{data} is laid out as P3M-10k: benchmark {benchmark}")

    def planned(self, plan: Plan, benchmark: Benchmark, broken: Sequence[Blocked]) -> None:
        """Show the plan and, if it repeats a run, what differs."""
        show_plan(plan, benchmark, broken)
        if self.repeated is not None:
            show_differences(self.repeated, plan, self.device)

    @contextmanager
    def looking(self, images: int) -> Iterator[Callable[[int], object]]:
        """Show a bar while files are looked at."""
        from p3mbench.cli.oddities import looking

        with looking(images) as tick:
            yield tick

    def examined(self, kinds: Sequence[FindingKind], opened: Opened) -> None:
        """Name what is suspicious, and files that are not read."""
        from p3mbench.cli.oddities import show_kinds
        from p3mbench.data.listing import ignored_lines

        show_kinds(kinds)
        for line in ignored_lines(one for subset in opened.subsets for one in subset.ignored):
            click.echo(f"note: {line}")

    @contextmanager
    def running(self, plan: Plan, jobs: int, store: Store) -> Iterator[OnRow]:
        """Show a bar while images run."""
        from tqdm import tqdm

        total = sum(1 for _ in plan.todo)
        click.echo(f"{total} images on {jobs} worker{'s' * (jobs > 1)}; rows go to {store.path}")
        infos = {task.cell.contender.method.info for task in plan.todo}
        for note in sorted({info.first_use for info in infos} - {""}):
            click.echo(f"note: {note}")
        with tqdm(
            total=total, unit="image", dynamic_ncols=True, smoothing=0.05, mininterval=pause()
        ) as bar:

            def tick(row: Row) -> None:
                bar.set_postfix_str(row.method, refresh=False)
                bar.update()

            yield tick


def show_differences(repeated: Repeated, plan: Plan, device: str) -> None:
    """Show in what a plan differs from the run that it repeats."""
    from p3mbench.harness.again import differences

    record = repeated.record
    found = differences(repeated, plan, device)
    click.secho(f"repeats the run of {record.started} in {repeated.folder}", bold=True)
    for line in found:
        click.echo(f"  {printable(line)}")
    if not found:
        click.echo("  same machine, versions, data, methods and code")


def show_result(result: RunResult) -> None:
    """Show the result of a run, and the tables of its store."""
    from p3mbench.store import Store

    if not result.todo:
        click.echo(
            f"nothing left to do: {result.done:,} rows are stored; "
            f"p3mbench report --results {result.out} shows them"
        )
        return
    try:
        with Store(result.out) as store:
            show_outcome(result.report, store, result.out)
    except BrokenPipeError:  # the reader of the tables has left; the run is over all the same
        quiet_stdout()


def show_plan(plan: Plan, benchmark: Benchmark, broken: Sequence[Blocked]) -> None:
    """Show how many images each method has to run, what cannot run, and partial subsets."""
    places = list(dict.fromkeys((c.cell.subset, c.cell.variant) for c in plan.cells))
    places.sort(key=lambda place: (place[0] != "P", place))
    by_label: dict[str, dict[tuple[str, str], str]] = {}
    kinds: dict[str, str] = {}
    for cell in plan.cells:
        label = cell.cell.contender.label
        kinds[label] = str(cell.cell.contender.method.info.kind)
        again = sum(cell.why.values())
        parts = [f"{len(cell.todo)}" + f" ({again} again)" * bool(again)]
        parts += [f"{cell.done} done"] * bool(cell.done)
        parts += [f"{cell.failed} failed"] * bool(cell.failed)
        by_label.setdefault(label, {})[cell.cell.subset, cell.cell.variant] = ", ".join(parts)
    click.secho(f"{benchmark.title}: images to run", bold=True)
    header = ["method", "kind", *(f"{subset}:{variant}" for subset, variant in places)]
    rows = [
        [label, kinds[label], *(cells.get(place, "-") for place in places)]
        for label, cells in by_label.items()
    ]
    click.echo(columns(header, rows) if rows else "  nothing can run")
    for note in plan.notes:
        click.echo(f"note: {note}")
    blocked = [*plan.blocked, *broken]
    if blocked:
        click.secho("cannot run", bold=True)
        for one in blocked:
            click.echo(item(one.what, one.reason))
    for (name, subset), size in plan.expected.items():
        have = max(
            (len(c.todo) + c.done + c.failed for c in plan.cells if c.cell.subset == subset),
            default=0,
        )
        if 0 < have < size:
            click.echo(
                f"note: {have} of the {size} images of {name} {subset}; a subset, "
                "not comparable with published numbers"
            )


def show_outcome(report: RunReport, store: Store, out: Path) -> None:
    """Show what failed, what was odd, and the tables of what is stored now."""
    from p3mbench.harness.runner import moved
    from p3mbench.report.making import answer
    from p3mbench.report.stored import StoredRows

    for name, reason in report.unloadable.items():
        click.secho(f"{name} could not be loaded: {reason}", fg="red", err=True)
    if report.failures:
        click.secho(f"{len(report.failures)} images failed", fg="red", err=True)
        for row in report.failures[:FAILURES_SHOWN]:
            where = f"{row.method}, {row.subset}:{row.variant}, {row.image}"
            click.echo(item(where, f"{row.status}: {row.reason}"), err=True)
        if len(report.failures) > FAILURES_SHOWN:
            click.echo(f"  ... all of them: p3mbench report --results {out} --per-image", err=True)
    for warning in sorted(report.warnings)[:FAILURES_SHOWN]:
        click.secho("Warning: ", fg="yellow", nl=False, err=True)
        click.echo(warning, err=True)
    for name, found in report.shifts.items():
        click.secho("note: ", fg="yellow", nl=False, err=True)
        click.echo(f"{name}: {moved(found)}", err=True)
    if report.missing:
        click.secho(
            f"{report.missing} images have no row; run the command again", fg="red", err=True
        )
    if report.interrupted:
        click.echo(
            "stopped; every finished image is stored, and the same command continues", err=True
        )
        return
    stored = StoredRows.of(store)
    if len(stored.frame):
        click.echo()
        click.echo(answer(stored, ansi=sys.stdout.isatty(), width=screen_width()).rstrip())

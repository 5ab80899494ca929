"""What ``p3mbench run`` shows: the plan before it starts, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from p3mbench.benchmark import Benchmark
    from p3mbench.harness.plan import Plan
    from p3mbench.harness.runner import RunReport
    from p3mbench.store import Store

FAILURES_SHOWN = 5


def show_plan(plan: Plan, benchmark: Benchmark, broken: list[tuple[str, str]]) -> None:
    """How many images each method has to run, what cannot run, and what is not the whole."""
    from p3mbench.cli.screen import columns, item

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
    blocked = [(b.what, b.reason) for b in plan.blocked] + broken
    if blocked:
        click.secho("cannot run", bold=True)
        for what, reason in blocked:
            click.echo(item(what, reason))
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
    """What failed, what was odd, and the tables of what is stored now."""
    from p3mbench.cli.report import tables_of
    from p3mbench.cli.screen import item
    from p3mbench.harness.runner import moved
    from p3mbench.report.analysis.current import current

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
            "stopped; every finished image is stored, and the same command goes on", err=True
        )
        return
    rows = current(store)
    if len(rows.frame):
        click.echo()
        click.echo(tables_of(rows.frame, store.expected(), rows.notes))
        click.echo(f"tables and plots: p3mbench report --results {out} --format latex")

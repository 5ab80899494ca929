"""``p3mbench compare``: the changes between two stores of results."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from p3mbench.cli.completions import complete_metrics
from p3mbench.cli.options import (
    chosen_format,
    format_option,
    metric_names,
    out_file_option,
    write_or_print,
)

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("compare")
@click.argument("run_a", type=FOLDER)
@click.argument("run_b", type=FOLDER)
@click.option(
    "--metrics",
    shell_complete=complete_metrics,
    help="Metrics to compare, joined by commas [default: all].",
)
@format_option()
@click.option("--exit-code", is_flag=True, help="Exit with 1 if any score differs, as diff does.")
@out_file_option
@click.pass_context
def command(
    ctx: click.Context,
    run_a: Path,
    run_b: Path,
    metrics: str | None,
    format_: str | None,
    exit_code: bool,
    out: Path | None,
) -> None:
    """Show what changed from RUN_A to RUN_B: scores, images, checkpoints, environment.

    \b
    p3mbench compare results/before results/after
    """
    from p3mbench import report
    from p3mbench.errors import StoreError
    from p3mbench.report.analysis.changes import Side, compare_stores
    from p3mbench.report.stored import StoredRows
    from p3mbench.report.tables.changes import changes_report
    from p3mbench.store import Store

    format_ = chosen_format(format_, out)
    stores = []
    for folder in (run_a, run_b):
        with Store(folder) as store:
            stores.append(StoredRows.of(store))
        if stores[-1].frame.empty:
            raise StoreError(f"{folder}: contains no rows yet")
    sides = [Side(str(one.folder), one.frame, one.runs, one.notes) for one in stores]
    have = dict.fromkeys(name for one in stores for name in one.metrics)
    chosen = metric_names(metrics, have)
    try:
        found = compare_stores(sides[0], sides[1], chosen)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    ansi = out is None and sys.stdout.isatty()
    write_or_print(report.render(changes_report(found), format_, ansi=ansi), out)
    ctx.exit(1 if exit_code and found.changed else 0)

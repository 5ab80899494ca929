"""``p3mbench evaluate``: score mattes of any provenance against ground truth."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from p3mbench.cli.completions import complete_conventions, complete_metrics
from p3mbench.cli.options import (
    chosen_format,
    format_option,
    metric_names,
    out_file_option,
    write_or_print,
)

if TYPE_CHECKING:
    from p3mbench.evaluation import EvaluatedImage

FOLDER = click.Path(path_type=Path)


@click.command("evaluate")
@click.argument("pred_dir", type=FOLDER)
@click.argument("gt_dir", type=FOLDER)
@click.option("--trimaps", type=FOLDER, help="Folder of trimaps; adds the unknown-region metrics.")
@click.option(
    "--convention",
    default="p3m",
    show_default=True,
    shell_complete=complete_conventions,
    help="Definition of the metrics.",
)
@click.option(
    "--metrics",
    shell_complete=complete_metrics,
    help="Metrics to compute, joined by commas [default: all].",
)
@format_option()
@click.option("--jobs", type=click.IntRange(1), help="Worker processes [default: all cores].")
@click.option("--strict", is_flag=True, help="Score nothing if a file is suspicious.")
@out_file_option
def command(
    pred_dir: Path,
    gt_dir: Path,
    trimaps: Path | None,
    convention: str,
    metrics: str | None,
    format_: str | None,
    out: Path | None,
    jobs: int | None,
    strict: bool,
) -> None:
    """Score the PNG mattes in PRED_DIR against the alphas of the same names in GT_DIR.

    Each image gets a line; CSV and JSON have raw, unrounded values. The table ends with the means.
    """
    from p3mbench.evaluation import evaluate, not_read, origin_of
    from p3mbench.metrics import METRICS
    from p3mbench.report.evaluated import evaluated
    from p3mbench.report.render import Look

    format_ = chosen_format(format_, out)
    try:
        images = list(
            evaluate(
                *(pred_dir, gt_dir, trimaps),
                convention=convention,
                metrics=metric_names(metrics, METRICS),
                jobs=jobs,
                strict=strict,
            )
        )
    except ValueError as error:  # an unknown convention or metric, named by its argument
        raise click.UsageError(str(error)) from None
    look = Look(ansi=out is None and sys.stdout.isatty())
    write_or_print(evaluated(images, convention, origin_of(gt_dir), format_, look), out)
    for line in not_read(pred_dir, gt_dir, trimaps):
        click.echo(f"note: {line}", err=True)
    _show_oddities(images)
    bad = [image for image in images if image.status == "failed"]
    for image in bad:
        click.secho(f"failed: {image.id}: {image.reason}", fg="red", err=True)
    if bad:
        raise SystemExit(3)


def _show_oddities(images: list[EvaluatedImage]) -> None:
    """Show what is suspicious about the files, a line per kind, and what has no ground truth."""
    from p3mbench.data.findings import kinds_of
    from p3mbench.data.listing import first_names

    for kind in kinds_of(one for image in images for one in image.findings):
        click.secho("Warning: ", fg="yellow", nl=False, err=True)
        click.echo(kind.line, err=True)
    skipped = [image.id for image in images if image.status == "skipped"]
    if skipped:
        click.echo(
            f"note: {len(skipped)} predictions have no ground truth: {first_names(skipped)}",
            err=True,
        )

"""``p3mbench evaluate``: score mattes of any provenance against ground truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from p3mbench.cli.options import out_file_option, write_or_print

if TYPE_CHECKING:
    from p3mbench.evaluation import EvaluatedImage

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("evaluate")
@click.argument("pred_dir", type=FOLDER)
@click.argument("gt_dir", type=FOLDER)
@click.option("--trimaps", type=FOLDER, help="Folder of trimaps; adds the unknown-region metrics.")
@click.option("--convention", default="p3m", show_default=True, help="Whose definition of metrics.")
@click.option("--metrics", help="Metrics to compute, joined by commas [default: all].")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "markdown", "csv", "json"]),
    default="table",
    show_default=True,
)
@click.option("--jobs", type=click.IntRange(1), help="Worker processes [default: all cores].")
@out_file_option
def command(
    pred_dir: Path,
    gt_dir: Path,
    trimaps: Path | None,
    convention: str,
    metrics: str | None,
    format_: str,
    jobs: int | None,
    out: Path | None,
) -> None:
    """Score the PNG mattes in PRED_DIR against the alphas of the same names in GT_DIR.

    Every image gets a line, raw and unrounded in CSV and JSON. The table ends with the means.
    """
    from p3mbench.evaluation import evaluate

    chosen = tuple(m.strip() for m in metrics.split(",")) if metrics else None
    try:
        images = list(
            evaluate(pred_dir, gt_dir, trimaps, convention=convention, metrics=chosen, jobs=jobs)
        )
    except ValueError as error:  # an unknown convention or metric, named by its argument
        raise click.UsageError(str(error)) from None
    text = _RENDER[format_](images)
    write_or_print(_with_origin(text, gt_dir, convention) if format_ == "csv" else text, out)
    for note in dict.fromkeys(note for image in images for note in image.notes):
        click.secho("Warning: ", fg="yellow", nl=False, err=True)
        click.echo(note, err=True)
    skipped = [image.id for image in images if image.status == "skipped"]
    if skipped:
        click.echo(
            f"note: {len(skipped)} predictions have no ground truth: {', '.join(skipped[:4])}"
            f"{' ...' if len(skipped) > 4 else ''}",
            err=True,
        )
    bad = [image for image in images if image.status == "failed"]
    for image in bad:
        click.secho(f"failed: {image.id}: {image.reason}", fg="red", err=True)
    if bad:
        raise SystemExit(3)


def means(images: list[EvaluatedImage]) -> dict[str, float]:
    """Mean of each metric over the scored images that define it."""
    import math

    scored = [image.scores for image in images if image.scores is not None]
    names = list(dict.fromkeys(name for scores in scored for name in scores))
    found = {}
    for name in names:
        values = [s[name] for s in scored if name in s and not math.isnan(s[name])]
        found[name] = math.fsum(values) / len(values) if values else math.nan
    return found


def _grid(images: list[EvaluatedImage], digits: int | None) -> tuple[list[str], list[list[str]]]:
    def text(value: float) -> str:
        return repr(value) if digits is None else f"{value:.{digits}g}"

    average = means(images)
    scored = sum(image.scores is not None for image in images)
    rows = [
        [image.id, *(text(image.scores[n]) if n in image.scores else "" for n in average)]
        for image in images
        if image.scores is not None
    ]
    rows.append([f"mean of {scored}", *(text(value) for value in average.values())])
    return ["image", *average], rows


def _table(images: list[EvaluatedImage]) -> str:
    from p3mbench.cli.screen import columns

    return columns(*_grid(images, 6))


def _markdown(images: list[EvaluatedImage]) -> str:
    header, rows = _grid(images, 6)
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join(
        "| " + " | ".join(c.replace("|", "\\|") for c in line) + " |" for line in lines
    )


def _csv(images: list[EvaluatedImage]) -> str:
    import csv
    import io

    buffer = io.StringIO()
    header, rows = _grid(images, None)
    csv.writer(buffer, lineterminator="\n").writerows([header, *rows[:-1]])  # no mean among data
    return buffer.getvalue()


def _json(images: list[EvaluatedImage]) -> str:
    import json
    import math

    def plain(scores: dict[str, float]) -> dict[str, float | None]:
        return {k: None if math.isnan(v) else v for k, v in scores.items()}

    rows = [
        {
            "image": image.id,
            "status": image.status,
            "reason": image.reason,
            "notes": list(image.notes),
            "flags": list(image.scores.flags) if image.scores is not None else [],
            "metrics": plain(image.scores) if image.scores is not None else {},
        }
        for image in images
    ]
    return json.dumps({"mean": plain(means(images)), "images": rows}, indent=1, ensure_ascii=False)


_RENDER = {"table": _table, "markdown": _markdown, "csv": _csv, "json": _json}


def _with_origin(text: str, gt_dir: Path, convention: str) -> str:
    """CSV with what ``p3mbench import`` must know: whose metrics, and of which images."""
    import csv
    import io

    from p3mbench.data.p3m10k import SUBSET_FOLDERS
    from p3mbench.names import spreadsheet_cell
    from p3mbench.published import BENCHMARK

    folders = {folder: subset for subset, folder in SUBSET_FOLDERS.items()}
    parts = gt_dir.resolve().parts
    subset = next((folders[part] for part in reversed(parts) if part in folders), "")
    benchmark = BENCHMARK if subset else spreadsheet_cell(gt_dir.resolve().name or "images")
    header, *rows = csv.reader(io.StringIO(text))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*header, "benchmark", "subset", "convention"])
    writer.writerows([*row, benchmark, subset or "all", convention] for row in rows)
    return buffer.getvalue()

"""``p3mbench evaluate``: score mattes of any provenance against ground truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

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
FORMATS = ("table", "markdown", "csv", "json")


@click.command("evaluate")
@click.argument("pred_dir", type=FOLDER)
@click.argument("gt_dir", type=FOLDER)
@click.option("--trimaps", type=FOLDER, help="Folder of trimaps; adds the unknown-region metrics.")
@click.option("--convention", default="p3m", show_default=True, help="Whose definition of metrics.")
@click.option("--metrics", help="Metrics to compute, joined by commas [default: all].")
@format_option(*FORMATS)
@click.option("--jobs", type=click.IntRange(1), help="Worker processes [default: all cores].")
@click.option("--strict", is_flag=True, help="Score nothing if a file is suspicious.")
@out_file_option
def command(
    pred_dir: Path, gt_dir: Path, trimaps: Path | None, out: Path | None, **asked: Any
) -> None:
    """Score the PNG mattes in PRED_DIR against the alphas of the same names in GT_DIR.

    Every image gets a line, raw and unrounded in CSV and JSON. The table ends with the means.
    """
    from p3mbench.evaluation import evaluate, not_read
    from p3mbench.metrics import METRICS

    format_ = chosen_format(asked["format_"], out)
    try:
        images = list(
            evaluate(
                *(pred_dir, gt_dir, trimaps),
                convention=asked["convention"],
                metrics=metric_names(asked["metrics"], METRICS),
                jobs=asked["jobs"],
                strict=asked["strict"],
            )
        )
    except ValueError as error:  # an unknown convention or metric, named by its argument
        raise click.UsageError(str(error)) from None
    text = _RENDER[format_](images, asked["convention"])
    write_or_print(_with_origin(text, gt_dir) if format_ == "csv" else text, out)
    for line in not_read(pred_dir, gt_dir, trimaps):
        click.echo(f"note: {line}", err=True)
    _show_oddities(images)
    bad = [image for image in images if image.status == "failed"]
    for image in bad:
        click.secho(f"failed: {image.id}: {image.reason}", fg="red", err=True)
    if bad:
        raise SystemExit(3)


def _show_oddities(images: list[EvaluatedImage]) -> None:
    """What is suspicious about the files, a line for each kind, and what has no ground truth."""
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


def _legend(images: list[EvaluatedImage]) -> list[str]:
    """Each flag in words, with the number of images that have it and the first three."""
    from p3mbench.data.listing import first_names
    from p3mbench.flags import words

    by_flag: dict[str, list[str]] = {}
    for image in images:
        for flag in image.scores.flags if image.scores is not None else ():
            by_flag.setdefault(flag, []).append(image.id)
    return [
        f"{flag}: {words(flag)}: {len(names)} of {len(images)} ({first_names(names)})"
        for flag, names in by_flag.items()
    ]


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
    scored = [image for image in images if image.scores is not None]
    flagged = any(image.scores.flags for image in scored if image.scores is not None)
    rows = [
        [
            image.id,
            *(text(image.scores[n]) if n in image.scores else "" for n in average),
            *[", ".join(image.scores.flags)] * flagged,
        ]
        for image in scored
        if image.scores is not None
    ]
    rows.append(
        [f"mean of {len(scored)}", *(text(value) for value in average.values()), *[""] * flagged]
    )
    return ["image", *average, *["flags"] * flagged], rows


def _table(images: list[EvaluatedImage], convention: str) -> str:
    from p3mbench.cli.screen import columns
    from p3mbench.names import printable

    header, rows = _grid(images, 6)
    table = columns(header, [[printable(row[0]), *row[1:]] for row in rows])
    return "\n".join([table, *_legend(images)])


def _markdown(images: list[EvaluatedImage], convention: str) -> str:
    header, rows = _grid(images, 6)
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    table = ["| " + " | ".join(c.replace("|", "\\|") for c in line) + " |" for line in lines]
    legend = [f"- {line}" for line in _legend(images)]
    return "\n".join([*table, *[""] * bool(legend), *legend])


def _csv(images: list[EvaluatedImage], convention: str) -> str:
    """A line per scored image, with the columns that ``p3mbench import`` knows."""
    import csv
    import io

    from p3mbench.flags import joined, words
    from p3mbench.names import spreadsheet_cell

    names = list(means(images))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["image", *names, "convention", "flags", "reason"])
    for image in images:
        if image.scores is None:
            continue
        values = [repr(image.scores[n]) if n in image.scores else "" for n in names]
        flags = image.scores.flags
        reason = spreadsheet_cell("; ".join(map(words, flags)))
        writer.writerow([spreadsheet_cell(image.id), *values, convention, joined(flags), reason])
    return buffer.getvalue()


def _json(images: list[EvaluatedImage], convention: str) -> str:
    import json
    import math

    from p3mbench.flags import words

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
    used = dict.fromkeys(f for i in images if i.scores is not None for f in i.scores.flags)
    whole = {
        "convention": convention,
        "mean": plain(means(images)),
        "flags": {flag: words(flag) for flag in used},
        "images": rows,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False)


_RENDER = {"table": _table, "markdown": _markdown, "csv": _csv, "json": _json}


def _with_origin(text: str, gt_dir: Path) -> str:
    """CSV with what ``p3mbench import`` must know: of which images."""
    import csv
    import io

    from p3mbench.data.sources.p3m10k import SUBSET_FOLDERS
    from p3mbench.names import spreadsheet_cell
    from p3mbench.published import BENCHMARK

    folders = {folder: subset for subset, folder in SUBSET_FOLDERS.items()}
    parts = gt_dir.resolve().parts
    subset = next((folders[part] for part in reversed(parts) if part in folders), "")
    benchmark = BENCHMARK if subset else spreadsheet_cell(gt_dir.resolve().name or "images")
    header, *rows = csv.reader(io.StringIO(text))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*header, "benchmark", "subset"])
    writer.writerows([*row, benchmark, subset or "all"] for row in rows)
    return buffer.getvalue()

"""The scores of a folder of mattes, in every output format."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from p3mbench.data.listing import first_names
from p3mbench.evaluation import EvaluatedImage, flagged, means
from p3mbench.flags import joined, words
from p3mbench.report.render import Data, Look, find
from p3mbench.report.tables.model import (
    EMPTY,
    ColumnType,
    Report,
    Role,
    Table,
    TableCell,
    TableColumn,
    TableRow,
)
from p3mbench.report.tables.notes import metric_regions
from p3mbench.report.wording.numbers import count, metric_display


def evaluated(
    images: Sequence[EvaluatedImage],
    convention: str,
    origin: tuple[str, str],
    format: str,
    look: Look | None = None,
) -> str:
    """Write every image with its scores, and the means, in one of the formats.

    Args:
        images: of `p3mbench.evaluation.evaluate`.
        convention: definition of the metrics.
        origin: the benchmark and the subset of the images.
        format: a name in `p3mbench.report.formats`. Formats for programs have full precision; a
            flat one has a line per scored image, with the columns that ``p3mbench import`` knows.
        look: how tables are laid out.

    Raises:
        ValueError: unknown format.
    """
    return find(format).text(
        lambda: _report(images, convention),
        lambda: Data(*_lines(images, convention, origin), _whole(images, convention)),
        look or Look(),
    )


def _report(images: Sequence[EvaluatedImage], convention: str) -> Report:
    if not any(image.scores for image in images):
        return Report(tables=(), notes=("No image has a score.",))
    return Report(tables=(_table(images, convention).fitted(),))


def _table(images: Sequence[EvaluatedImage], convention: str) -> Table:
    average = means(images)
    scored = [(image.id, image.scores) for image in images if image.scores is not None]
    columns = [
        TableColumn(
            key=name,
            title=metric_display(name).title,
            type=ColumnType.MEAN,
            decimals=metric_display(name).decimals,
            metric=name,
        )
        for name in average
    ]
    flags = [", ".join(scores.flags) for _, scores in scored] if flagged(images) else []
    rows = [_row(name, scores, columns) for name, scores in scored]
    rows.append(_row(f"mean of {len(scored)}", average, columns))
    if flags:
        columns.append(TableColumn(key="flags", title="Flags", type=ColumnType.TEXT))
        texts = [TableCell(text=text) for text in (*flags, "")]
        rows = [replace(r, cells=(*r.cells, text)) for r, text in zip(rows, texts, strict=True)]
    return Table(
        role=Role.IMAGES,
        label="p3mbench-evaluated",
        title=f"Scores of {count(len(scored), 'image')}",
        caption=f"Metrics by the {convention} convention: {metric_regions(list(average))}; "
        "lower is better.",
        columns=tuple(columns),
        rows=tuple(rows),
        notes=tuple(
            f"{flag}: {words(flag)}: {len(names)} of {len(images)} ({first_names(names)})"
            for flag, names in flagged(images).items()
        ),
        head="Image",
    )


def _row(label: str, scores: Mapping[str, float], columns: Sequence[TableColumn]) -> TableRow:
    cells = [TableCell(value=scores[c.key]) if c.key in scores else EMPTY for c in columns]
    return TableRow(label=label, method="", cells=tuple(cells))


def _lines(
    images: Sequence[EvaluatedImage], convention: str, origin: tuple[str, str]
) -> tuple[list[str], list[dict[str, object]]]:
    names = list(means(images))
    benchmark, subset = origin
    lines: list[dict[str, object]] = [
        {
            "image": image.id,
            **image.scores,
            "convention": convention,
            "flags": joined(image.scores.flags),
            "reason": "; ".join(map(words, image.scores.flags)),
            "benchmark": benchmark,
            "subset": subset,
        }
        for image in images
        if image.scores is not None
    ]
    return ["image", *names, "convention", "flags", "reason", "benchmark", "subset"], lines


def _whole(images: Sequence[EvaluatedImage], convention: str) -> dict[str, object]:
    return {
        "convention": convention,
        "mean": _finite(means(images)),
        "flags": {flag: words(flag) for flag in flagged(images)},
        "images": [
            {
                "image": image.id,
                "status": image.status,
                "reason": image.reason,
                "notes": list(image.notes),
                "flags": list(image.scores.flags) if image.scores is not None else [],
                "metrics": _finite(image.scores or {}),
            }
            for image in images
        ],
    }


def _finite(scores: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in scores.items()}

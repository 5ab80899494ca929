"""`render_html`: a report with its plots and pictures as one self-contained page."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from p3mbench import __version__, flags
from p3mbench.names import plain
from p3mbench.report.analysis import Comparison, Overview
from p3mbench.report.html.summary import Statement, statements
from p3mbench.report.html.viewer import viewer
from p3mbench.report.plots import Drawn, draw_all
from p3mbench.report.render.json import as_json
from p3mbench.report.render.latex import render_latex
from p3mbench.report.tables.model import (
    ColumnType,
    Report,
    Role,
    Table,
    TableCell,
    TableColumn,
    TableRow,
    cell_text,
)
from p3mbench.settings import NORMAL, PAPER_VARIANTS, ordered, variant_title

if TYPE_CHECKING:
    from p3mbench.report.pictures import Pictures
    from p3mbench.runs import RunRecord

VIEWED = 8  # images in the viewer, per benchmark and subset
CLASSES = {1: "best", 2: "second"}
OPEN = (Role.SETTINGS,)  # tables that are open at first


@dataclass(frozen=True)
class Page:
    """The contents of a page.

    Attributes:
        report: the tables, and the comparisons behind them.
        runs: records of the runs behind them, oldest first.
        pictures: images and mattes; without them the viewer shows scores only.
        viewed: images in the viewer, per benchmark and subset.
    """

    report: Report
    runs: Sequence[RunRecord] = ()
    pictures: Pictures | None = None
    viewed: int = VIEWED


def render_html(page: Page) -> str:
    """Return the page as text. The same store gives the same bytes."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    folder = files("p3mbench.report.html")
    style, script, template = (
        folder.joinpath(name).read_text(encoding="utf-8")
        for name in ("page.css", "page.js", "page.html.j2")
    )
    env = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    # The policy has the hashes of the inline texts, exactly as written, and admits nothing else.
    policy = (
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    )
    comparisons = sorted(page.report.comparisons, key=lambda c: c.entries.kind != "trimap-free")
    plots = [
        {
            "name": drawn.name,
            "title": plain(drawn.title),
            "caption": plain(drawn.caption),
            "address": "data:image/svg+xml;base64," + base64.b64encode(drawn.content).decode(),
        }
        for drawn in sorted(_drawn(page), key=lambda one: one.kind not in ("", "trimap-free"))
    ]
    data = viewer(comparisons, page.pictures, page.viewed)
    # Methods to which faces matter come first; a trimap tells a method where the person is.
    tables = [
        table_view(t) for t in sorted(page.report.tables, key=lambda t: t.kind != "trimap-free")
    ]
    latex = {table.label: render_latex(Report(tables=(table,))) for table in page.report.tables}
    return env.from_string(template).render(
        title=_title(page.report.overview),
        about=_about(page),
        version=__version__,
        policy=policy,
        style=Markup(style),  # nosec B704 # noqa: S704 - a file of ours
        script=Markup(script),  # nosec B704 # noqa: S704 - a file of ours
        variants=_variants(comparisons),
        gap_is=_gap_is(comparisons),
        answer=_answer(page.report),
        findings=[_plain_statement(s) for s in statements(page.report)],
        tables=tables,
        kinds=sorted({table["kind"] for table in tables} - {""}),
        notes=[plain(note) for note in page.report.notes],
        plots=plots,
        viewer=data,
        problems=[plain(p) for p in page.pictures.problems] if page.pictures else [],
        manifest=as_json([run.to_json() for run in page.runs]),
        runs=len(page.runs),
        data=Markup(_json({"latex": latex, "viewer": data})),  # nosec B704 # noqa: S704 - cannot end its element
    )


def _answer(report: Report) -> dict[str, Any] | None:
    """Return the summary for the template; None without one."""
    answer = report.answer
    if answer is None:
        return None
    return {
        "about": [plain(text) for text in answer.about],
        "tables": [table_view(table) for table in answer.tables],
        "legend": plain(answer.legend),
        "sentences": [plain(text) for text in answer.sentences],
        "limits": [plain(text) for text in answer.doubts],
    }


def _drawn(page: Page) -> Iterator[Drawn]:
    return draw_all(page.report.comparisons, ".svg", pictures=page.pictures, dpi=110)


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _json(value: Any) -> str:
    """Write JSON that is safe within a script element: nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _title(overview: Overview | None) -> str:
    names = overview.benchmarks if overview else ()
    return f"Generalization gap on {', '.join(plain(name) for name in names)}"


def _about(page: Page) -> str:
    parts = [] if page.report.overview is None else _counts(page.report.overview)
    started = [run.started for run in page.runs]
    if any(started):
        parts.append(f"last run {max(started)[:10]}")
    return ", ".join(parts)


def _counts(overview: Overview) -> list[str]:
    rows, imported = overview.rows, overview.imported
    some = f", {'all' if imported == rows else f'{imported:,}'} imported" if imported else ""
    return [
        f"{overview.methods} methods",
        f"{overview.images} images",
        f"{rows:,} scored predictions{some}",
    ]


def _variants(comparisons: Sequence[Comparison]) -> str:
    """Explain the variants in the names of settings, such as "B = faces blurred"."""
    shown = ordered((*PAPER_VARIANTS, *(v for one in comparisons for v in one.variants())))
    words = {variant: variant_title(variant) for variant in shown} | {NORMAL: "normal faces"}
    return ", ".join(f"{variant} = {plain(text)}" for variant, text in words.items())


def _gap_is(comparisons: Sequence[Comparison]) -> str:
    """Say what a gap of the report is: over the same images, or between subsets."""
    if any(one.gaps for one in comparisons) and not any(one.paired for one in comparisons):
        return "a gap is NP minus P, which have no image in common"
    return "a gap is test minus reference over the same images"


def _plain_statement(one: Statement) -> Statement:
    return replace(one, heading=plain(one.heading), text=plain(one.text))


def table_view(table: Table) -> dict[str, Any]:
    """Return what a template needs of a table; its text is plain and not escaped yet."""
    groups = table.groups()
    return {
        "label": table.label,
        "title": plain(table.title),
        "head": plain(table.head),
        "caption": plain(table.caption)
        + (" Best bold, second underlined." if table.marked else ""),
        "kind": table.kind,
        "open": table.role in OPEN,
        "groups": [(plain(title), n) for title, n in groups]
        if any(title for title, _ in groups)
        else [],
        "columns": [
            {"title": plain(c.title), "text": c.type is ColumnType.TEXT} for c in table.columns
        ],
        "blocks": [
            {"title": plain(block), "rows": [_row(row, table.columns) for row in rows]}
            for block, rows in table.blocks()
        ],
        "notes": [plain(note) for note in table.notes],
    }


def _row(row: TableRow, columns: Sequence[TableColumn]) -> dict[str, Any]:
    return {
        "label": plain(row.label),
        "marks": ",".join(row.marks),
        "flags": flags.in_words(flags.joined(row.flags)),
        "method": row.method,
        "cells": [_cell(cell, column) for cell, column in zip(row.cells, columns, strict=True)],
    }


def _cell(cell: TableCell, column: TableColumn) -> dict[str, Any]:
    hints = []
    if cell.attempted and not cell.complete:
        hints.append(f"{cell.n} of {cell.total} images")
    if cell.failed:
        hints.append(f"{cell.failed} failed")
    return {
        "text": plain(cell_text(cell, column)),
        "value": "" if math.isnan(cell.value) else repr(float(cell.value)),
        "class": CLASSES.get(cell.rank, ""),
        "hint": ", ".join(hints),
        "is_text": column.type is ColumnType.TEXT,
    }

"""The result in plain words: the largest gap, whether it is clear, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from p3mbench.report.display import count, metric_display, number, p_text
from p3mbench.report.gaps import QUESTIONS
from p3mbench.report.model import Cell, Column, Report, Role, Row, Table

if TYPE_CHECKING:
    import pandas as pd

CLEAR = 0.05  # of the corrected p-value


@dataclass(frozen=True)
class Finding:
    """A sentence or two under a heading.

    Attributes:
        question: what the numbers answer, in words.
        tone: ``worse``, ``better`` or ``open`` for a gap, ``note`` for what is missing.
    """

    heading: str
    question: str
    text: str
    tone: str


def findings(report: Report, frame: pd.DataFrame) -> list[Finding]:
    """What a reader wants to know first: every gap in its first metric, then what failed.

    Trimap-free methods come first: what happens to them is what privacy-preserving training is
    about, while a trimap tells a method where the person is.
    """
    found: list[Finding] = []
    for table in sorted(report.tables, key=lambda table: table.kind != "trimap-free"):
        if table.role is not Role.GAPS:
            continue
        gap = _column(table, "gap")
        p_holm = _column(table, "p_holm")
        if not _first_metric(report, table, gap):
            continue
        for block, rows in table.blocks():
            question = QUESTIONS.get(block.partition(":")[0])
            if question:
                found.append(_finding(table, (block, question), rows, gap, p_holm))
    return [*found, *_missing(frame)]


def _first_metric(report: Report, table: Table, gap: int) -> bool:
    """Whether a gap table is in the metric that its settings table begins with."""
    for other in report.tables:
        same = (other.benchmark, other.kind, other.facts) == (
            table.benchmark, table.kind, table.facts,
        )  # fmt: skip
        if other.role is Role.SETTINGS and same:
            return other.columns[0].metric == table.columns[gap].metric
    return True


def _column(table: Table, key: str) -> int:
    return [column.key for column in table.columns].index(key)


def _finding(
    table: Table, what: tuple[str, str], rows: list[Row], gap: int, p_holm: int
) -> Finding:
    column = table.columns[gap]
    whole = [row for row in rows if not row.cells[gap].missing and row.cells[gap].complete]
    subset = dict(table.facts)["main_subset"]
    where = table.benchmark if subset == "P" else f"{table.benchmark} {subset}"
    heading, question = f"{what[0]} ({table.kind}, {where})", what[1]
    if not whole:
        return Finding(heading, question, "No method has all images in both settings.", "note")
    largest = max(whole, key=lambda row: row.cells[gap].value)
    sure = [row for row in whole if _significant(row.cells[gap], row.cells[p_holm])]
    worse = sum(row.cells[gap].value > 0 for row in sure)
    better = len(sure) - worse
    text = (
        f"Most for {largest.label}: {_gap(largest.cells[gap], column)}"
        f"{_verdict(largest.cells[gap], largest.cells[p_holm])}. Of "
        f"{count(len(whole), 'complete method')}, {worse} lose and {better} gain significantly."
    )
    return Finding(heading, question, text, "worse" if worse else "better" if better else "open")


def _significant(cell: Cell, p: Cell) -> bool:
    """Both the interval and the corrected test say so."""
    return (cell.low > 0 or cell.high < 0) and p.value < CLEAR


def _gap(cell: Cell, column: Column) -> str:
    title = metric_display(column.metric).title
    value = number(cell.value, column.decimals, sign=True)
    if cell.low != cell.low:
        return f"{title} {value} (a single image has no interval)"
    low, high = (number(v, column.decimals, sign=True) for v in (cell.low, cell.high))
    return f"{title} {value}, 95 % interval {low} to {high}"


def _verdict(cell: Cell, p: Cell) -> str:
    if _significant(cell, p):
        verdict = "significant"
    elif cell.low > 0 or cell.high < 0:
        verdict = "not significant: the corrected test does not reject"
    else:
        verdict = "not significant: the interval holds zero"
    return f", {_p(p)} after Holm's correction ({verdict})"


def _p(p: Cell) -> str:
    text = p_text(p.value)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def _missing(frame: pd.DataFrame) -> list[Finding]:
    bad = frame[frame["status"] != "ok"]
    if not len(bad):
        return []
    by_method = bad.groupby("method", sort=True).size()
    shown = ", ".join(f"{method} ({n})" for method, n in by_method.items())
    text = (
        f"{count(len(bad), 'image')} of {len(frame):,} could not be scored: {shown}. Means are "
        "over the others; incomplete methods are marked and compete for no rank."
    )
    return [Finding("What is missing", "", text, "note")]

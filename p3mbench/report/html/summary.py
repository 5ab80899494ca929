"""The result in plain words: the largest gap, whether it is clear, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from p3mbench.report.captions import confounded
from p3mbench.report.tables.model import Report, Role, Table, TableCell, TableColumn, TableRow
from p3mbench.report.wording.flagging import notes_of_rows
from p3mbench.report.wording.numbers import count, metric_display, number, p_text
from p3mbench.report.wording.unscored import unscored
from p3mbench.settings import QUESTIONS, Contrast
from p3mbench.stats import least_images, least_unpaired_p

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
        if table.role is not Role.GAPS or not _first_metric(report, table):
            continue
        by_contrast: dict[Contrast, list[TableRow]] = {}
        for row in table.rows:
            if row.contrast is not None:
                by_contrast.setdefault(row.contrast, []).append(row)
        paired = any(contrast.paired for contrast in by_contrast)
        for contrast, rows in by_contrast.items():
            if contrast.paired or not paired:  # P against NP only where it is all there is
                found.append(_finding(table, contrast, rows))
    return [*found, *_qualified(frame), *_missing(frame)]


def _first_metric(report: Report, table: Table) -> bool:
    """Whether a gap table is in the metric that its settings table begins with."""
    for other in report.tables:
        same = (other.benchmark, other.kind, other.facts) == (
            table.benchmark, table.kind, table.facts,
        )  # fmt: skip
        if other.role is Role.SETTINGS and same:
            return other.columns[0].metric == table.columns[_column(table, "gap")].metric
    return True


def _column(table: Table, key: str) -> int:
    return [column.key for column in table.columns].index(key)


def _finding(table: Table, contrast: Contrast, rows: list[TableRow]) -> Finding:
    gap, p_holm = _column(table, "gap"), _column(table, "p_holm")
    whole = [row for row in rows if not row.cells[gap].missing and row.cells[gap].complete]
    subset = dict(table.facts)["main_subset"]
    where = table.benchmark if subset == "P" else f"{table.benchmark} {subset}"
    heading = f"{contrast.name}: {contrast.formula} ({table.kind}, {where})"
    question = QUESTIONS[contrast.name]
    if not whole:
        return Finding(heading, question, "No method has all images in both settings.", "note")
    largest = max(whole, key=lambda row: row.cells[gap].value)
    sure = [row for row in whole if _significant(row.cells[gap], row.cells[p_holm])]
    worse = sum(row.cells[gap].value > 0 for row in sure)
    better = len(sure) - worse
    most = (
        f"Most for {largest.label}: {_gap(largest.cells[gap], table.columns[gap])}"
        f"{_verdict(largest.cells[gap], largest.cells[p_holm])}."
    )
    verdict = "" if sure else _powerless(contrast, rows, p_holm)
    caution = "" if contrast.paired else confounded(contrast)
    counted = _counted(contrast, len(whole), worse, better)
    text = " ".join(filter(None, (most, verdict or counted, caution)))
    return Finding(heading, question, text, "worse" if worse else "better" if better else "open")


def _counted(contrast: Contrast, whole: int, worse: int, better: int) -> str:
    of = f"Of {count(whole, 'complete method')}"
    if contrast.paired:
        return f"{of}, {worse} lose and {better} gain significantly."
    more, fewer = contrast.test_subset, contrast.reference_subset
    return f"{of}, {worse} have significantly larger errors on {more} and {better} on {fewer}."


def _powerless(contrast: Contrast, rows: list[TableRow], p_holm: int) -> str:
    """That no result could be significant with so few images; "" where one could."""
    tested = [row for row in rows if row.cells[p_holm].value == row.cells[p_holm].value]
    if not tested:
        return ""
    methods = count(len(tested), "method")
    if contrast.paired:
        n = max(row.cells[p_holm].n for row in tested)
        least = least_images(CLEAR, len(tested))
        return "" if n >= least else (
            f"n = {n} is too small to tell: with {methods} the corrected test cannot fall below "
            f"{CLEAR:g} from fewer than {least} images."
        )  # fmt: skip
    sizes = max((row.cells[0].n, row.cells[1].n) for row in tested)
    return "" if least_unpaired_p(*sizes) * len(tested) < CLEAR else (
        f"n = {sizes[0]} against {sizes[1]} is too small to tell: with {methods} the corrected "
        f"test cannot fall below {CLEAR:g}."
    )  # fmt: skip


def _significant(cell: TableCell, p: TableCell) -> bool:
    """Both the interval and the corrected test say so."""
    return (cell.low > 0 or cell.high < 0) and p.value < CLEAR


def _gap(cell: TableCell, column: TableColumn) -> str:
    title = metric_display(column.metric).title
    value = number(cell.value, column.decimals, sign=True)
    if cell.low != cell.low:
        return f"{title} {value} (a single image has no interval)"
    low, high = (number(v, column.decimals, sign=True) for v in (cell.low, cell.high))
    return f"{title} {value}, 95 % interval {low} to {high}"


def _verdict(cell: TableCell, p: TableCell) -> str:
    if _significant(cell, p):
        verdict = "significant"
    elif cell.low > 0 or cell.high < 0:
        verdict = "not significant: the corrected test does not reject"
    else:
        verdict = "not significant: the interval holds zero"
    return f", {_p(p)} after Holm's correction ({verdict})"


def _p(p: TableCell) -> str:
    text = p_text(p.value)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def _qualified(frame: pd.DataFrame) -> list[Finding]:
    """What changes how far the numbers can be believed, over all rows."""
    text = " ".join(notes_of_rows(frame))
    return [Finding("What qualifies the numbers", "", text, "note")] if text else []


def _missing(frame: pd.DataFrame) -> list[Finding]:
    bad = frame[frame["status"] != "ok"]
    if not len(bad):
        return []
    by_method = bad.groupby("method", sort=True).size()
    shown = ", ".join(f"{method} ({n})" for method, n in by_method.items())
    text = (
        f"{count(len(bad), 'image')} of {len(frame):,} could not be scored: {shown}. Means are "
        "over the others; incomplete methods are marked and compete for no rank. "
        + " ".join(unscored(frame))
    )
    return [Finding("What is missing", "", text, "note")]

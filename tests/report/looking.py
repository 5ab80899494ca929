"""What tests look up in reports of fake rows."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pandas as pd
from fake import DEFAULT, Fake, rows

from p3mbench.report import Report, Table, build
from p3mbench.report.tables.model import TableCell
from p3mbench.stats import Bootstrap

QUICK = Bootstrap(resamples=199)
IMPORTED_WORDS = "score was imported, not measured here"
A, B = Fake("a", "A", 9.0), Fake("b", "B", 12.0)
NET_B, NET_N, MODNET_B, MODNET_N, MEAN = DEFAULT[:5]


@cache
def usual() -> Report:
    """The report of all fake rows, made once; nothing in it can be changed."""
    return build(rows(), how=QUICK)


def table(report: Report, role: str, kind: str = "trimap-free") -> Table:
    return next(t for t in report.tables if t.role == role and t.kind == kind)


def cell(table: Table, label: str, column: str, block: str = "") -> TableCell:
    j = [c.key for c in table.columns].index(column)
    found = [r for r in table.rows if r.label == label and (not block or r.block == block)]
    assert len(found) == 1, (label, [r.label for r in table.rows])
    return found[0].cells[j]


def labels(table: Table) -> list[str]:
    return [row.label for row in table.rows]


def select(frame: pd.DataFrame, **where: str) -> pd.Series:
    for column, value in where.items():
        frame = frame[frame[column] == value]
    return frame.set_index("image")["sad"].sort_index()


def same_scores(*levels: float) -> pd.DataFrame:
    frames = []
    for i, level in enumerate(levels):
        frame = rows([replace(NET_B, method=f"m{i}", title=f"M{i}")], images=4)
        frame["sad"], frame["mse"], frame["conn"] = level, level, level
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def made(*fakes: Fake) -> pd.DataFrame:
    """Few rows."""
    return rows(fakes, images=8)


def logs(images: int = 24, p_variant: str = "B", extra: float = 0.0) -> pd.DataFrame:
    """What most published logs hold: P blurred, NP normal."""
    p = [
        Fake(m, m.upper(), level, "B", subsets=("P",), variants=(p_variant,))
        for m, level in (("one", 9.0), ("two", 13.0))
    ]
    np = [
        Fake(m, m.upper(), level + extra, "B", subsets=("NP",), variants=("N",))
        for m, level in (("one", 9.5), ("two", 15.0))
    ]
    return pd.concat([rows(p, images), rows(np, images)], ignore_index=True)

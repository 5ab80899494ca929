"""Rows without a score, in words: how many, why, and whose."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from p3mbench.report.display import count
from p3mbench.report.grouping import OK, as_text

if TYPE_CHECKING:
    import pandas as pd

MOST_REASONS = 10
MOST_NAMES = 6


def unscored(rows: pd.DataFrame) -> list[str]:
    """Why rows have no score: a sentence per status and reason, the most frequent first.

    Args:
        rows: as for `p3mbench.report.build`.

    Returns:
        Nothing if every row is ok. Rows that differ in their reason only are counted together,
        over methods too; of many reasons the last sentence counts the rest.
    """
    found: dict[tuple[str, str], Counter[str]] = {}
    bad = rows[rows["status"] != OK]
    for title, method, status, reason in zip(
        bad["title"], bad["method"], bad["status"], bad["reason"], strict=True
    ):
        key = as_text(status), as_text(reason)
        found.setdefault(key, Counter())[as_text(title) or as_text(method)] += 1
    order = sorted(found, key=lambda key: (-found[key].total(), key))
    notes = [_sentence(key, found[key]) for key in order[:MOST_REASONS]]
    rest = order[MOST_REASONS:]
    if rest:
        n = sum(found[key].total() for key in rest)
        notes.append(f"{count(n, 'row')} for {count(len(rest), 'other reason')}.")
    return notes


def nothing_scored(rows: pd.DataFrame) -> list[str]:
    """`unscored` under a heading if no row has a score, else nothing."""
    if not len(rows) or (rows["status"] == OK).any():
        return []
    n = len(rows)
    head = "The only row has no score." if n == 1 else f"None of the {n:,} rows has a score."
    return [head, *unscored(rows)]


def _sentence(key: tuple[str, str], of: Counter[str]) -> str:
    status, reason = key
    names = sorted(of)
    more = len(names) - MOST_NAMES
    whose = ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
    why = reason.rstrip(".") or "no reason was stored"
    return f"{count(of.total(), 'row')} {status} ({whose}): {why}."

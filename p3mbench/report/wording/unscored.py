"""Rows without a score, in words: how many, why, and of which methods."""

from __future__ import annotations

from p3mbench.report.analysis.overview import Overview, Unscored
from p3mbench.report.wording.numbers import count

MOST_REASONS = 10
MOST_NAMES = 6


def unscored(overview: Overview) -> list[str]:
    """Say why rows have no score: a sentence per status and reason, the most frequent first.

    Returns:
        Nothing if every row is ok. Rows with the same status and reason are counted together, over
        all methods; if there are many reasons, the last sentence counts the rest.
    """
    notes = [_sentence(group) for group in overview.unscored[:MOST_REASONS]]
    rest = overview.unscored[MOST_REASONS:]
    if rest:
        n = sum(group.rows for group in rest)
        notes.append(f"{count(n, 'row')} for {count(len(rest), 'other reason')}.")
    return notes


def nothing_scored(overview: Overview) -> list[str]:
    """Return `unscored` under a heading if no row has a score, else nothing."""
    if not overview.rows or overview.scored:
        return []
    n = overview.rows
    head = "The only row has no score." if n == 1 else f"None of the {n:,} rows has a score."
    return [head, *unscored(overview)]


def _sentence(group: Unscored) -> str:
    names = sorted(group.methods)
    more = len(names) - MOST_NAMES
    whose = ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
    why = group.reason.rstrip(".") or "no reason was stored"
    return f"{count(group.rows, 'row')} {group.status} ({whose}): {why}."

"""The rows that a request asks for: by method, checkpoint and kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from p3mbench.report.analysis.grouping import as_text
from p3mbench.report.request import check_matched, matches

if TYPE_CHECKING:
    import pandas as pd

NAMES = ("title", "checkpoint")  # what a method may be called by besides its name


def chosen_rows(rows: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """Return the rows of some methods or checkpoints.

    Args:
        rows: of a store.
        methods: patterns of names, titles and checkpoints, in any case; empty for all rows.

    Raises:
        ValueError: a pattern matches nothing; the message has the nearest names.
    """
    if not methods or not len(rows):
        return rows
    called: dict[str, dict[str, None]] = {}
    for method, *more in rows[["method", *NAMES]].drop_duplicates().itertuples(index=False):
        called.setdefault(as_text(method), {}).update(
            dict.fromkeys(filter(None, map(as_text, more)))
        )
    check_matched("method", methods, called)
    each = list(rows[["method", *NAMES]].map(as_text).itertuples(index=False, name=None))
    wanted = {n: any(matches(p, filter(None, n)) for p in methods) for n in dict.fromkeys(each)}
    return rows[[wanted[names] for names in each]]


def place(methods: Sequence[str], names: Sequence[str]) -> int:
    """Return the index of the first pattern that one of some names matches, or their number."""
    found = (i for i, pattern in enumerate(methods) if matches(pattern, names))
    return next(found, len(methods))

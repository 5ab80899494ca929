"""Checks over all lines of an import: images that occur twice, lines that are no image, sizes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from p3mbench.data.p3m10k import SUBSET_FOLDERS, SUBSET_SIZE
from p3mbench.errors import DataError, StoreError
from p3mbench.flags import IMPORTED, joined, split
from p3mbench.ingest.plausible import suspicious
from p3mbench.ingest.rows import ODD, Made
from p3mbench.names import printable
from p3mbench.published import BENCHMARK
from p3mbench.store import QUESTION, Row, Store

# (benchmark, subset) -> images of the whole of it
WHOLE = {(BENCHMARK, subset): SUBSET_SIZE for subset in SUBSET_FOLDERS}
LEAST_PIXELS = {BENCHMARK: 1080 * 1080}  # every image's shorter side has 1080
LEAST_GROUP = 4  # lines, from which one that equals the others' mean is told
SHOWN = 3


def question(row: Row) -> tuple[str, ...]:
    """What a row answers."""
    return tuple(str(getattr(row, name)) for name in QUESTION)


def without_sums(path: Path, made: Sequence[Made], notes: list[str]) -> list[Made]:
    """The lines but for a last or first one of a group that is the others' mean or sum.

    A sheet's summary may have any name; it is known by all its numbers, at their printed precision.
    """
    groups: dict[tuple[str, ...], list[Made]] = {}
    for one in made:
        key = (one.row.method, one.row.subset, one.row.variant, one.row.strategy, one.row.seed)
        groups.setdefault(key, []).append(one)
    dropped: set[int] = set()
    for group in groups.values():
        for one in (group[-1], group[0]):
            others = [other for other in group if other is not one]
            what = _summed(one, others) if len(others) >= LEAST_GROUP else ""
            if what:
                dropped.add(one.line)
                notes.append(
                    f"{path}, line {one.line}: {printable(one.row.image)!r} is the {what} of the "
                    f"{len(others)} lines beside it, not an image, and was left out"
                )
                break
    return [one for one in made if one.line not in dropped]


def _summed(one: Made, others: Sequence[Made]) -> str:
    if len(one.scores) < 2 or one.row.status != "ok":
        return ""
    sums = {"mean": True, "sum": True}
    for name, value in one.scores.items():
        found = [other.scores[name].value for other in others if name in other.scores]
        total = math.fsum(found)
        for what, expected in (("mean", total / len(found) if found else math.nan), ("sum", total)):
            slack = value.slack + 1e-9 * abs(expected)
            sums[what] = sums[what] and abs(value.value - expected) <= slack
    # where all lines are alike, any line is their mean
    varied = any(other.scores != one.scores for other in others)
    return next((what for what, holds in sums.items() if holds and varied), "")


def check_twice(path: Path, made: Iterable[Made]) -> None:
    """Refuse an image that occurs twice.

    Raises:
        DataError: with both lines.
    """
    seen: dict[tuple[str, ...], int] = {}
    for one in made:
        line = seen.setdefault(question(one.row), one.line)
        if line != one.line:
            row = one.row
            raise DataError(
                f"{path}, lines {line} and {one.line}: {row.method} on image {row.image} (subset "
                f"{row.subset}, test {row.variant}, trained on {row.train_setting}) stands there "
                "twice; tell them apart by subset, seed, strategy, options or checkpoint_sha256"
            )


def check_subsets(path: Path, rows: Iterable[Row]) -> None:
    """Refuse subsets that a published benchmark does not have, and more images than it has.

    Raises:
        DataError: naming the subset.
    """
    images: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        images.setdefault((row.benchmark, row.subset), set()).add(row.image)
    for (benchmark, subset), names in images.items():
        known = [name for of, name in WHOLE if of == benchmark]
        if known and subset not in known:
            raise DataError(
                f"{path}: {benchmark} has the subsets {' and '.join(known)}, not {subset!r}; give "
                "--subset, or --benchmark if it is another one"
            )
        most = WHOLE.get((benchmark, subset), len(names))
        if len(names) > most:
            raise DataError(
                f"{path}: has {len(names)} images of {benchmark}, subset {subset}, which has {most}"
            )


def flagged(path: Path, made: Iterable[Made], notes: list[str]) -> Iterator[Row]:
    """The rows, those with suspicious scores flagged and noted."""
    odd: list[str] = []
    for one in made:
        row = one.row
        problem = suspicious(one.scores, row.convention, LEAST_PIXELS.get(row.benchmark))
        if problem:
            odd.append(f"{path}, line {one.line}: {problem}")
            row = replace(row, flags=joined([*split(row.flags), ODD]), reason=row.reason or problem)
        yield row
    notes.extend(odd[:SHOWN])
    if len(odd) > SHOWN:
        notes.append(f"{path}: {len(odd) - SHOWN} more lines are odd in the same ways")


def check_measured(rows: Sequence[Row], store: Store) -> None:
    """Refuse to replace what was measured by what somebody wrote in a file.

    Raises:
        StoreError: naming the first such row.
    """
    for i, flags in store.answered([question(row) for row in rows]):
        if IMPORTED not in split(flags):
            row = rows[i]
            raise StoreError(
                f"{store.path}: has a measured row of {row.method} on image {row.image}; imported "
                "scores do not replace measured ones: give another --out"
            )
